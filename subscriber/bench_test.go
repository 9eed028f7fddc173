package subscriber_test

import (
	"net/netip"
	"testing"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// BenchmarkEndToEnd publishes from one goroutine over the loopback interface to a Handler.
// An operation is the delivery of a message. The messages under way fit in the socket's
// buffer, so that none is lost.
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
		b.Run(c.name, func(b *testing.B) { endToEnd(b, c.size, c.wait) })
	}
}

func endToEnd(b *testing.B, size int, wait time.Duration) {
	g := group()
	p, err := publisher.New(publisher.Config{Group: g, Logger: rig.Quiet, BatchWait: wait})
	if err != nil {
		b.Fatal(err)
	}
	window, windows := 16, 4 // for a small buffer
	passed := make(chan struct{}, 1024)
	began := make(chan struct{})
	n := 0
	sub, err := subscriber.New(subscriber.Config{
		Groups: []netip.AddrPort{g}, Start: subscriber.Oldest, Logger: rig.Quiet,
		Handler: func(ev *subscriber.Event) {
			switch ev.Kind {
			case subscriber.SessionNew:
				<-began
			case subscriber.Loss:
				b.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			case subscriber.Message:
				if n++; n%window == 0 || n == b.N {
					passed <- struct{}{}
				}
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	// The kernel charges up to 4 KiB for a datagram.
	window = max(window, sub.Stats().Groups[0].ReadBuffer/(4<<10)/(2*windows))
	close(began)
	payload := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if i%window == 0 && i >= windows*window {
			<-passed
		}
		if _, err := p.Publish(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	}
	for i := max(0, (b.N-1)/window-windows+1); i*window < b.N; i++ {
		<-passed
	}
	b.StopTimer()
	st := sub.Sessions()[0]
	b.ReportMetric(float64(p.Stats().Frames)/float64(b.N), "frames/op")
	b.ReportMetric(float64(st.Recovered)/float64(b.N), "recovered/op")
	if err := sub.Close(); err != nil {
		b.Error(err)
	}
	if err := p.Close(); err != nil {
		b.Error(err)
	}
}
