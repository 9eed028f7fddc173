package multicast

import (
	"log/slog"
	"testing"
	"time"
)

// batchMachine sends a batch each time that it is asked.
type batchMachine struct {
	burstMachine
	batch Datagrams
	due   bool
}

func (m *batchMachine) Next(int64, bool) (Datagrams, bool) { return m.batch, m.due }
func (m *batchMachine) Sent()                              { m.due = false }
func (m *batchMachine) Receive(_ int64, ps []Packet) (int, bool) {
	return len(ps), false
}

// BenchmarkFeeds sends batches by a Loop over one socket, or over two feeds; an operation is
// a datagram.
func BenchmarkFeeds(b *testing.B) {
	for _, c := range []struct {
		name  string
		feeds int
		batch int
	}{
		{"one/batch", 1, benchBatch}, {"two/batch", 2, benchBatch},
		{"one/single", 1, 1}, {"two/single", 2, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			quiet := slog.New(slog.DiscardHandler)
			group := newGroup(b, 203)
			link, err := LinkConfig{}.Complete()
			if err != nil {
				b.Fatal(err)
			}
			feeds := Feeds{{group, loopback(b).Name}, {further(group, 1), loopback(b).Name}}
			if c.feeds == 1 {
				feeds = nil
			}
			out, err := link.Fan(SocketConfig{
				Group: group, Interface: loopback(b).Name, Logger: quiet,
			}, feeds)
			if err != nil {
				b.Fatal(err)
			}
			timer, err := Kernel.Timer()
			if err != nil {
				b.Fatal(err)
			}
			m := &batchMachine{batch: Datagrams{
				To: group, Data: segments(c.batch, benchFrame, benchFrame-1), Segment: benchFrame,
			}}
			l := NewLoop(LoopConfig{
				Machine: m, Out: out, Timer: timer, Start: time.Now(), Logger: quiet,
			})
			l.Run()
			defer l.Close()
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += c.batch {
				l.Lock()
				m.due = true
				l.Settle()
			}
			b.StopTimer()
			rate(b, b.N)
			if s := out.Stats(); s.PassedOver > 0 || s.SendErrors > 0 {
				b.Fatalf("%d datagrams were left out, %d refused", s.PassedOver, s.SendErrors)
			}
		})
	}
}
