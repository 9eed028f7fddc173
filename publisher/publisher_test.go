package publisher_test

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// abandon flushes and closes p without waiting for requests.
func abandon(t testing.TB, p *publisher.Publisher) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Flush(context.Background()); err != nil {
		t.Error(err)
	}
	if err := p.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// Concurrent calls get distinct offsets, and the subscriber receives each message under its
// offset.
func TestConcurrentPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := rig.NewLAN(t, link.Config{
			Delay: link.FixedDelay(100 * time.Microsecond), Loss: link.Bernoulli{P: 0.02},
		}, 5)
		defer lan.Close()
		sub := lan.Subscriber(lan.Host(2), subscriber.Config{})
		p := lan.Publisher(publisher.Config{Retention: publisher.Retention{ResendBuffer: 8 << 20}})
		const goroutines, each = 8, 100
		var mu sync.Mutex
		published := make(map[uint64]string)
		var all sync.WaitGroup
		for g := range goroutines {
			all.Go(func() {
				for i := range each {
					text := fmt.Sprintf("%d/%d %s", g, i, make([]byte, i*g))
					offset, err := p.Publish(t.Context(), []byte(text))
					if err != nil {
						t.Error(err)
					}
					p.Stats() // may run concurrently
					mu.Lock()
					if _, twice := published[offset]; twice {
						t.Errorf("offset %d was returned twice", offset)
					}
					published[offset] = text
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		next := uint64(0)
		ended := false
		for ev := range sub.Messages(t.Context()) {
			switch ev.Kind {
			case subscriber.Message:
				if ev.Offset != next || string(ev.Payload) != published[next] {
					t.Errorf("offset %d came instead of %d, or with another payload",
						ev.Offset, next)
				}
				next++
			case subscriber.Loss:
				t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			}
			if ended = ev.Kind == subscriber.SessionEnded; ended {
				break
			}
		}
		if next != goroutines*each || !ended {
			t.Errorf("%d messages came; session ended: %v", next, ended)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
	})
}

// The zero Config works on the loopback interface, and leaves no goroutine. The test
// replaces the default group, since subscribers on this machine may listen to it.
func TestZeroConfig(t *testing.T) {
	before := runtime.NumGoroutine()
	net := rig.Elsewhere{
		Network: multicast.Kernel, Place: netip.MustParseAddrPort("239.77.1.8:17908"),
	}
	p, err := publisher.New(publisher.Config{Link: publisher.Link{Network: net}})
	if err != nil {
		t.Fatal(err)
	}
	if p.LocalAddr().Addr() != netip.MustParseAddr("127.0.0.1") || p.LocalAddr().Port() == 0 {
		t.Errorf("the local address is %v", p.LocalAddr())
	}
	if p.Session() == 0 || p.Datagram() != 1472 {
		t.Errorf("session %d, datagrams of %d bytes", p.Session(), p.Datagram())
	}
	for want := range uint64(3) {
		if offset, err := p.Publish(t.Context(), []byte("hello")); err != nil || offset != want {
			t.Errorf("Publish: %d, %v", offset, err)
		}
	}
	if err := p.Flush(t.Context()); err != nil || p.Sent() != 3 {
		t.Errorf("Flush: %v; %d messages were sent", err, p.Sent())
	}
	st := p.Stats()
	if st.Frames < 1 || st.Frames > 3 || st.Socket.Sent <= st.Frames || st.Socket.SendErrors > 0 {
		t.Errorf("%+v", st)
	}
	abandon(t, p)
	st = p.Stats()
	if st.Datagrams != st.Socket.Sent || st.Bytes != st.Socket.SentBytes {
		t.Errorf("%d datagrams and %d bytes were sent, and the socket took %d and %d",
			st.Datagrams, st.Bytes, st.Socket.Sent, st.Socket.SentBytes)
	}
	rig.WantGoroutines(t, before)
}

func TestPublishAllocatesNothing(t *testing.T) {
	p := rig.NewNetwork(rig.All).Publisher(t, publisher.Config{})
	defer abandon(t, p)
	payload := make([]byte, 64)
	ctx := context.Background()
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := p.Publish(ctx, payload); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
	batch := [][]byte{payload, payload, make([]byte, 3000)}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := p.PublishBatch(ctx, batch); err != nil {
			t.Fatal(err)
		}
		if _, err := p.TryPublish(payload); err != nil && err != publisher.ErrFull {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// BenchmarkPublish publishes over a network that discards everything. It measures the cost
// that crier adds to the system calls.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{64, 1024} {
		payload := make([]byte, size)
		run := func(b *testing.B, publish func(p *publisher.Publisher)) {
			p := rig.NewNetwork(rig.All).Publisher(b, publisher.Config{})
			b.SetBytes(int64(size))
			b.ReportAllocs()
			publish(p)
			b.StopTimer()
			st := p.Stats()
			b.ReportMetric(float64(st.Frames)/float64(st.Accepted), "frames/op")
			abandon(b, p)
		}
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			run(b, func(p *publisher.Publisher) {
				for b.Loop() {
					if _, err := p.Publish(b.Context(), payload); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
		b.Run(fmt.Sprintf("%dB/parallel", size), func(b *testing.B) {
			run(b, func(p *publisher.Publisher) {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := p.Publish(b.Context(), payload); err != nil {
							b.Error(err)
						}
					}
				})
			})
		})
	}
}

// Offsets that are skipped are told, and what comes behind has its own.
func TestSkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(100 * time.Microsecond)}, 5)
		defer lan.Close()
		sub := lan.Subscriber(lan.Host(2), subscriber.Config{})
		p := lan.Publisher(publisher.Config{FirstOffset: 5})
		for i := range uint64(3) {
			if first, err := p.Skip(2); err != nil || first != 5+3*i {
				t.Errorf("Skip: %d, %v", first, err)
			}
			if offset, err := p.Publish(t.Context(), []byte("x")); err != nil || offset != 7+3*i {
				t.Errorf("Publish: %d, %v", offset, err)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		lost, came := uint64(0), 0
		for ev := range sub.Messages(t.Context()) {
			switch ev.Kind {
			case subscriber.Message:
				came++
			case subscriber.Loss:
				lost += ev.Lost.Len()
				if ev.Cause != subscriber.CauseDropped {
					t.Error(ev.Cause)
				}
			}
			if ev.Kind == subscriber.SessionEnded {
				break
			}
		}
		if lost != 6 || came != 3 {
			t.Errorf("%d messages were lost, and %d came", lost, came)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
	})
}
