package subscriber_test

import (
	"net/netip"
	"testing"
	"time"

	"crier/publisher"
	"crier/subscriber"
)

// BenchmarkEndToEnd publishes from one goroutine, as fast as it can, over the
// loopback interface to a Handler; an operation is a message that arrived. Where
// messages don't wait to share a datagram, each has its own. A full receive
// buffer costs repairs, which are reported.
func BenchmarkEndToEnd(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
		wait time.Duration
	}{
		{"64B", 64, 0},
		{"64B/shared", 64, time.Millisecond},
		{"1KiB", 1024, 0},
		{"1KiB/shared", 1024, time.Millisecond},
	} {
		b.Run(c.name, func(b *testing.B) {
			g := group()
			p, err := publisher.New(publisher.Config{Group: g, Logger: quiet, ResendBuffer: 256 << 20, BatchWait: c.wait})
			if err != nil {
				b.Fatal(err)
			}
			all := make(chan uint64, 1) // how many were lost
			n, lost, want := uint64(0), uint64(0), uint64(b.N)
			sub, err := subscriber.New(subscriber.Config{
				Groups: []netip.AddrPort{g}, Start: subscriber.Oldest, Logger: quiet,
				Handler: func(ev *subscriber.Event) {
					switch ev.Kind {
					case subscriber.Message:
						n++
					case subscriber.Loss:
						lost += ev.Lost.Len()
					default:
						return
					}
					if n+lost == want {
						all <- lost
					}
				},
			})
			if err != nil {
				b.Fatal(err)
			}
			payload := make([]byte, c.size)
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := p.Publish(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
			if lost := <-all; lost > 0 {
				b.Errorf("%d of %d messages were lost", lost, b.N)
			}
			b.StopTimer()
			st := sub.Sessions()[0]
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
			b.ReportMetric(float64(p.Stats().Frames)/float64(b.N), "frames/op")
			b.ReportMetric(float64(st.Recovered)/float64(b.N), "recovered/op")
			if err := sub.Close(); err != nil {
				b.Error(err)
			}
			if err := p.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}
