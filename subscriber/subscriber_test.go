package subscriber_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"crier/publisher"
	"crier/subscriber"
)

// port gives each test a group of its own.
var port atomic.Uint32

func group() netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("239.77.1.7"), uint16(17000+port.Add(1)))
}

func TestFanOut(t *testing.T) {
	g := group()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	const count = 5000
	var subs []*subscriber.Subscriber
	for range 3 {
		s, err := subscriber.New(subscriber.Config{Groups: []netip.AddrPort{g}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		subs = append(subs, s)
	}
	done := make(chan error, len(subs))
	for _, s := range subs {
		go func() {
			var n uint64
			for ev := range s.Messages(ctx) {
				switch ev.Kind {
				case subscriber.Message:
					if ev.Offset != n || string(ev.Payload) != fmt.Sprint("message ", n) {
						done <- fmt.Errorf("offset %d: %q, want number %d", ev.Offset, ev.Payload, n)
						return
					}
					n++
				case subscriber.Loss:
					done <- fmt.Errorf("lost %v: %v", ev.Lost, ev.Cause)
					return
				case subscriber.SessionEnded:
					if n != count {
						done <- fmt.Errorf("ended after %d", n)
						return
					}
					done <- nil
					return
				}
			}
			done <- fmt.Errorf("no end after %d: %+v", n, s.Sessions())
		}()
	}
	p, err := publisher.New(publisher.Config{Group: g})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for i := range count {
		if _, err := p.Publish(ctx, fmt.Appendf(nil, "message %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("published in", time.Since(start))
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for range subs {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	st := p.Stats()
	t.Logf("%+v", st)
	for _, s := range subs {
		t.Logf("%+v", s.Sessions())
	}
}
