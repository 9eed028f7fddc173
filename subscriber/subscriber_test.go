package subscriber_test

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/rig"
)

// The tests in this file run over the machine's own sockets, on the loopback
// interface.

// port numbers the tests' groups.
var port atomic.Uint32

func group() netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("239.77.1.7"), uint16(17000+port.Add(1)))
}

// take takes events until a session ends, which must be after count messages in order.
func take(
	ctx context.Context, s *subscriber.Subscriber, session subscriber.SessionID, count int,
) error {
	next := 0
	for ev := range s.Messages(ctx) {
		switch {
		case ev.Session != session: // of another test
		case ev.Kind == subscriber.Message:
			if ev.Offset != uint64(next) || string(ev.Payload) != text(next) {
				return fmt.Errorf("offset %d came instead of %d, or with another payload",
					ev.Offset, next)
			}
			next++
		case ev.Kind == subscriber.Loss:
			return fmt.Errorf("lost %v: %v", ev.Lost, ev.Cause)
		case ev.Kind == subscriber.SessionEnded:
			if next != count {
				return fmt.Errorf("the session ended after %d of %d messages", next, count)
			}
			return nil
		}
	}
	return fmt.Errorf("the session hasn't ended after %d messages: %+v", next, s.Sessions())
}

// Several subscribers on one port each get all messages. After Close, no goroutine is left.
func TestFanOut(t *testing.T) {
	before := runtime.NumGoroutine()
	g := group()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	const count = 2000
	p, err := publisher.New(publisher.Config{Group: g, Logger: rig.Quiet})
	if err != nil {
		t.Fatal(err)
	}
	var subs []*subscriber.Subscriber
	for range 3 {
		s, err := subscriber.New(subscriber.Config{
			Groups: []netip.AddrPort{g}, Start: subscriber.Oldest, Logger: rig.Quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		subs = append(subs, s)
	}
	done := make(chan error, len(subs))
	for _, s := range subs {
		go func() { done <- take(ctx, s, p.Session(), count) }()
	}
	publish(t, p, 0, count)
	closeAll(t, p)
	for range subs {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	closeAll(t, subs...)
	rig.WantGoroutines(t, before)
}

// Zero Configs of both ends meet. The test replaces the default group, since subscribers on
// this machine may listen to it.
func TestZeroConfigs(t *testing.T) {
	before := runtime.NumGoroutine()
	if subscriber.DefaultGroup != publisher.DefaultGroup {
		t.Fatalf("the defaults are %v and %v", subscriber.DefaultGroup, publisher.DefaultGroup)
	}
	net := rig.Elsewhere{Network: multicast.Kernel, Place: group()}
	s, err := subscriber.New(subscriber.Config{Link: subscriber.Link{Network: net}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := publisher.New(publisher.Config{Link: publisher.Link{Network: net}})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, p, 0, 10)
	closeAll(t, p)
	if err := take(t.Context(), s, p.Session(), 10); err != nil {
		t.Error(err)
	}
	closeAll(t, s)
	rig.WantGoroutines(t, before)
}
