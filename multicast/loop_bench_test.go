package multicast

import (
	"log/slog"
	"testing"
	"time"
)

// newBenchLoop returns a running Loop over a machine that sends bytes, and a socket that
// takes them all at once: what counts is the Loop's own work.
func newBenchLoop(b *testing.B, wait Wait) (*Loop, *burstMachine) {
	timer, err := Kernel.Timer()
	if err != nil {
		b.Fatal(err)
	}
	m := &burstMachine{}
	l := NewLoop(LoopConfig{
		Machine: m, Out: sink{newFakeConn()}, Timer: timer, Start: time.Now(), Wait: wait,
		Full: m.full, Logger: slog.New(slog.DiscardHandler),
	})
	l.Run()
	b.Cleanup(func() {
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	})
	b.ReportAllocs()
	b.ResetTimer()
	return l, m
}

// BenchmarkSettle changes the machine, and sends what results, one message at a time.
func BenchmarkSettle(b *testing.B) {
	l, m := newBenchLoop(b, WaitBlock)
	for b.Loop() {
		l.Lock()
		m.published++
		l.Settle()
	}
}

// BenchmarkSettleSoon publishes as a producer does that is flat out.
func BenchmarkSettleSoon(b *testing.B) {
	l, m := newBenchLoop(b, WaitBlock)
	for b.Loop() {
		seen := l.Enter()
		m.published++
		if seen && m.published%40 != 0 {
			l.Unlock()
			continue
		}
		l.Tick()
		l.SettleSoon(1)
	}
}

// BenchmarkSettleSoonClocked is BenchmarkSettleSoon where each message reads the clock.
func BenchmarkSettleSoonClocked(b *testing.B) {
	l, m := newBenchLoop(b, WaitBlock)
	for b.Loop() {
		l.Lock()
		m.published++
		l.SettleSoon(1)
	}
}

// BenchmarkTake gives the machine datagrams in batches of eight.
func BenchmarkTake(b *testing.B) {
	l, _ := newBenchLoop(b, WaitBlock)
	packets := make([]Packet, 8)
	for b.Loop() {
		l.take(packets, true)
	}
}
