package subscriber_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

var twoGroups = []netip.AddrPort{
	netip.MustParseAddrPort("239.77.0.1:7700"),
	netip.MustParseAddrPort("239.77.0.2:7700"),
}

// While a Handler works on a datagram, another datagram arrives on another socket. The rest
// of the first one must not be mixed up with it.
func TestAnotherSocketReadsDuringTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 200 // more than one Poll returns
		datagrams := func(session publisher.SessionID) [][]byte {
			cfg := publisher.Config{Session: session, BatchWait: time.Minute}
			return record(t, cfg, func(p *publisher.Publisher) {
				for i := range count {
					message := fmt.Appendf(nil, "%d/%d", session, i)
					if _, err := p.Publish(t.Context(), message); err != nil {
						t.Error(err)
					}
				}
			})
		}
		first, second := datagrams(1), datagrams(2)

		n := rig.NewNetwork(rig.All)
		busy, gate := make(chan struct{}), make(chan struct{})
		next := make(map[subscriber.SessionID]int)
		handler := func(ev *subscriber.Event) {
			switch ev.Kind {
			case subscriber.Message:
				want := fmt.Sprintf("%d/%d", ev.Session, next[ev.Session])
				if string(ev.Payload) != want {
					t.Errorf("session %d offset %d is %q, want %q",
						ev.Session, ev.Offset, ev.Payload, want)
				}
				if next[ev.Session]++; ev.Session == 1 && ev.Offset == 0 {
					close(busy)
					<-gate
				}
			case subscriber.Loss:
				t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			}
		}
		sub := n.Subscriber(t, subscriber.Config{Groups: twoGroups, Handler: handler})
		go func() {
			for _, d := range first {
				n.Into(0) <- d
			}
		}()
		<-busy
		for _, d := range second {
			n.Into(1) <- d
		}
		synctest.Wait()
		close(gate)
		synctest.Wait()
		if next[1] != count || next[2] != count {
			t.Errorf("%[2]v of %[1]d messages came", count, next)
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A Handler may read the counters and be slow. Meanwhile the sockets are read, missing
// messages are requested, and none is lost.
func TestSlowHandlerReadsCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, lossyLink(0.05), 4)
		defer s.Close()
		const count = 100
		next := 0
		ended := make(chan struct{})
		var sub *subscriber.Subscriber
		var ready sync.Mutex // sub is set
		ready.Lock()
		sub = s.Subscriber(s.Host(10), subscriber.Config{Handler: func(ev *subscriber.Event) {
			ready.Lock()
			defer ready.Unlock()
			time.Sleep(3 * time.Millisecond)
			if st := sub.Sessions(); len(st) != 1 || st[0].ID != ev.Session {
				t.Errorf("the sessions are %+v", st)
			}
			if st := sub.Stats(); len(st.Groups) != 1 || st.Groups[0].Received == 0 {
				t.Errorf("%+v", st)
			}
			switch ev.Kind {
			case subscriber.Message:
				if ev.Offset != uint64(next) || string(ev.Payload) != text(next) {
					t.Errorf("offset %d came instead of %d, or with another payload",
						ev.Offset, next)
				}
				next++
			case subscriber.Loss:
				t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			case subscriber.SessionEnded:
				close(ended)
			}
		}})
		ready.Unlock()
		p := s.Publisher(publisher.Config{})
		for i := range count {
			if _, err := p.Publish(t.Context(), []byte(text(i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		<-ended
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		if st := sub.Sessions()[0]; next != count || st.Delivered != count || st.Nacks == 0 {
			t.Errorf("%d of %d messages came: %+v", next, count, st)
		}
	})
}

// The last events come during Close, and none after it.
func TestHandlerGetsEventsOfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(time.Millisecond)}, 4)
		defer s.Close()
		var kinds []subscriber.Kind
		sub := s.Subscriber(s.Host(10), subscriber.Config{Handler: func(ev *subscriber.Event) {
			kinds = append(kinds, ev.Kind)
			if ev.Kind == subscriber.SessionEnded && ev.Cause != subscriber.CauseClosed {
				t.Errorf("the session ended by %v", ev.Cause)
			}
		}})
		p := s.Publisher(publisher.Config{})
		if _, err := p.Publish(t.Context(), []byte("a")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		var closers sync.WaitGroup
		for range 3 {
			closers.Go(func() {
				if err := sub.Close(); err != nil {
					t.Error(err)
				}
				if n := len(kinds); n != 3 || kinds[n-1] != subscriber.SessionEnded {
					t.Errorf("when Close returned, the events were %v", kinds)
				}
			})
		}
		closers.Wait()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Delivery to a Handler allocates nothing, once warm.
func TestHandlerAllocatesNothing(t *testing.T) {
	const warm, runs = 200, 1000
	datagrams := record(t, publisher.Config{Session: 1}, func(p *publisher.Publisher) {
		for range warm + runs + 1 {
			if _, err := p.Publish(context.Background(), make([]byte, 64)); err != nil {
				t.Fatal(err)
			}
		}
	})
	n := rig.NewNetwork(rig.All)
	got := make(chan uint64)
	sub := n.Subscriber(t, subscriber.Config{Handler: func(ev *subscriber.Event) {
		switch ev.Kind {
		case subscriber.Message:
			got <- ev.Offset
		case subscriber.Loss:
			t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
		}
	}})
	offset, next, into := uint64(0), 0, n.Into(0)
	one := func() {
		for { // SESSION and HEARTBEATs bring no message
			select {
			case into <- datagrams[next]:
				next++
				continue
			case at := <-got:
				if at != offset {
					t.Fatalf("offset %d came instead of %d", at, offset)
				}
				offset++
				return
			}
		}
	}
	for range warm {
		one()
	}
	if allocs := testing.AllocsPerRun(runs-warm, one); allocs != 0 {
		t.Errorf("%v allocations a message", allocs)
	}
	go func() { // take the datagrams read ahead
		for range got {
		}
	}()
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
	close(got)
}
