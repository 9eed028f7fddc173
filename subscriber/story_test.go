package subscriber_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// publish publishes the messages [from, to).
func publish(t *testing.T, p *publisher.Publisher, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		offset, err := p.Publish(context.Background(), []byte(text(i)))
		if err != nil || offset != uint64(i) {
			t.Fatalf("message %d got offset %d, %v", i, offset, err)
		}
	}
}

func closeAll[T interface{ Close() error }](t *testing.T, list ...T) {
	t.Helper()
	for _, c := range list {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// checked takes events until so many sessions have ended. It returns the number of messages
// of each session, which must come in order and without loss.
func checked(t *testing.T, sub *subscriber.Subscriber, sessions int) map[subscriber.SessionID]int {
	t.Helper()
	next := make(map[subscriber.SessionID]int)
	for ev := range sub.Messages(t.Context()) {
		switch ev.Kind {
		case subscriber.Message:
			if ev.Offset != uint64(next[ev.Session]) ||
				string(ev.Payload) != text(next[ev.Session]) {
				t.Errorf("session %d: offset %d came instead of %d, or with another payload",
					ev.Session, ev.Offset, next[ev.Session])
			}
			next[ev.Session]++
		case subscriber.Loss:
			t.Errorf("session %d: lost %v: %v", ev.Session, ev.Lost, ev.Cause)
		case subscriber.SessionEnded:
			if sessions--; sessions == 0 {
				return next
			}
		}
	}
	t.Error("the stream ended before the sessions")
	return next
}

// With one subscriber on two groups and several publishers on one group, sessions don't mix,
// and a group that wasn't joined isn't heard.
func TestSeveralGroupsAndPublishers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, lossyLink(0.03), 9)
		defer s.Close()
		sub := s.Subscriber(s.Host(10), subscriber.Config{Groups: twoGroups})
		groups := []netip.AddrPort{
			twoGroups[0], twoGroups[0], twoGroups[1], netip.MustParseAddrPort("239.77.0.3:7700"),
		}
		var pubs []*publisher.Publisher
		for i, g := range groups {
			p := s.Publisher(publisher.Config{Group: g, Session: publisher.SessionID(1 + i)})
			pubs = append(pubs, p)
		}
		const count = 100
		for i := range count {
			for _, p := range pubs {
				publish(t, p, i, i+1)
			}
		}
		for _, p := range pubs {
			go p.Close()
		}
		got := checked(t, sub, 3)
		if len(got) != 3 || got[1] != count || got[2] != count || got[3] != count {
			t.Errorf("%[2]v of %[1]d messages each came", count, got)
		}
		closeAll(t, sub)
		closeAll(t, pubs...)
	})
}

// Several subscribers on one host and port each get all messages, including repairs to the
// group and unicast ones.
func TestSeveralSubscribersOnOneHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, lossyLink(0.05), 2)
		defer s.Close()
		var subs []*subscriber.Subscriber
		for range 3 {
			subs = append(subs, s.Subscriber(s.Host(10), subscriber.Config{}))
		}
		p := s.Publisher(publisher.Config{})
		const count = 300
		publish(t, p, 0, count)
		closeAll(t, p)
		for i, sub := range subs {
			if got := checked(t, sub, 1); got[p.Session()] != count {
				t.Errorf("subscriber %d got %v of %d messages", i, got, count)
			}
			if st := sub.Sessions()[0]; st.Recovered == 0 {
				t.Errorf("subscriber %d recovered nothing: %+v", i, st)
			}
		}
		closeAll(t, subs...)
	})
}

// A late subscriber begins with the newest message, or with the oldest one held.
func TestLateJoin(t *testing.T) {
	firsts := map[subscriber.Start]int{subscriber.Latest: 100, subscriber.Oldest: 0}
	for start, first := range firsts {
		synctest.Test(t, func(t *testing.T) {
			s := rig.NewLAN(t, nearLink, 2)
			defer s.Close()
			p := s.Publisher(publisher.Config{})
			publish(t, p, 0, 100)
			time.Sleep(time.Second)
			sub := s.Subscriber(s.Host(10), subscriber.Config{Start: start})
			time.Sleep(time.Second)
			publish(t, p, 100, 200)
			closeAll(t, p)
			next := first
			for ev := range sub.Messages(t.Context()) {
				if ev.Kind == subscriber.Loss {
					t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
				}
				if ev.Kind == subscriber.SessionEnded {
					break
				}
				if ev.Kind != subscriber.Message {
					continue
				}
				if ev.Offset != uint64(next) || string(ev.Payload) != text(next) {
					t.Errorf("start %d: offset %d came instead of %d, or with another payload",
						start, ev.Offset, next)
				}
				if ev.Recovered != (next < 100) {
					t.Errorf("start %d: Recovered of offset %d is %v",
						start, ev.Offset, ev.Recovered)
				}
				next++
			}
			st := sub.Sessions()[0]
			if next != 200 || st.FirstOffset != uint64(first) || st.NextOffset != 200 ||
				st.End != subscriber.EndBye {
				t.Errorf("start %d: the next offset is %d: %+v", start, next, st)
			}
			closeAll(t, sub)
		})
	}
}

// With OnArrival, no message waits for a missing one.
func TestOnArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(time.Millisecond)}, 2)
		defer s.Close()
		host := s.Host(10)
		s.Drop(host, "drop 5")
		sub := s.Subscriber(host, subscriber.Config{Order: subscriber.OnArrival})
		p := s.Publisher(publisher.Config{})
		var order []uint64
		for i := range 6 {
			if _, err := p.Publish(t.Context(), fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
			if err := p.Flush(t.Context()); err != nil { // one datagram each
				t.Fatal(err)
			}
		}
		closeAll(t, p)
		late := -1
		for ev := range sub.Messages(t.Context()) {
			if ev.Kind == subscriber.SessionEnded {
				break
			}
			if ev.Kind == subscriber.Loss {
				t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
			}
			if ev.Kind != subscriber.Message {
				continue
			}
			if string(ev.Payload) != fmt.Sprint(ev.Offset) {
				t.Errorf("offset %d is %q", ev.Offset, ev.Payload)
			}
			if ev.Recovered {
				late = int(ev.Offset)
			}
			order = append(order, ev.Offset)
		}
		if late < 0 || len(order) != 6 || order[5] != uint64(late) {
			t.Errorf("the order was %v, and %d was recovered", order, late)
		}
		closeAll(t, sub)
	})
}

// Without recovery, no message is requested, and missing ones are reported at once.
func TestNoRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(time.Millisecond)}, 2)
		defer s.Close()
		host := s.Host(10)
		s.Drop(host, "drop 5")
		sub := s.Subscriber(host, subscriber.Config{Recovery: subscriber.Recovery{Off: true}})
		p := s.Publisher(publisher.Config{})
		for i := range 6 {
			if _, err := p.Publish(t.Context(), fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
			if err := p.Flush(t.Context()); err != nil { // one datagram each
				t.Fatal(err)
			}
		}
		closeAll(t, p)
		next, lost := uint64(0), uint64(0)
		for ev := range sub.Messages(t.Context()) {
			switch ev.Kind {
			case subscriber.Message:
				if ev.Offset != next {
					t.Errorf("offset %d came instead of %d", ev.Offset, next)
				}
				next++
				continue
			case subscriber.Loss:
				if ev.Lost.From != next || ev.Cause != subscriber.CauseNotRecovered {
					t.Errorf("lost %v: %v", ev.Lost, ev.Cause)
				}
				next, lost = ev.Lost.To, lost+ev.Lost.Len()
				continue
			case subscriber.SessionEnded:
			default:
				continue
			}
			break
		}
		if st := sub.Sessions()[0]; next != 6 || lost != 1 || st.Nacks != 0 || st.Lost != 1 {
			t.Errorf("the next offset is %d, %d are lost: %+v", next, lost, st)
		}
		if st := p.Stats(); st.Nacks != 0 || st.Repairs != 0 {
			t.Errorf("%+v", st)
		}
		closeAll(t, sub)
	})
}

// Datagrams that aren't crier frames are counted, and do no harm.
func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{}, 2)
		defer s.Close()
		sub := s.Subscriber(s.Host(10), subscriber.Config{Name: "anna"})
		p := s.Publisher(publisher.Config{Name: "quotes"})
		junk, err := s.Pub.Socket(multicast.SocketConfig{
			Interface: "eth0", Group: subscriber.DefaultGroup, TTL: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := junk.Write(subscriber.DefaultGroup, []byte("junk"), 4); err != nil {
				t.Fatal(err)
			}
			if _, err := junk.Write(p.LocalAddr(), []byte("junk"), 4); err != nil {
				t.Fatal(err)
			}
		}
		publish(t, p, 0, 50)
		time.Sleep(time.Second)
		list := p.Subscribers()
		if len(list) != 1 || list[0].Name != "anna" || list[0].Quiet > time.Second {
			t.Errorf("the subscribers are %+v", list)
		}
		closeAll(t, p)
		if got := checked(t, sub, 1); got[p.Session()] != 50 {
			t.Errorf("%v", got)
		}
		if st := p.Stats(); st.Invalid != 3 {
			t.Errorf("%+v", st)
		}
		closeAll(t, sub)
		st := sub.Stats() // also after Close
		if st.Invalid != 3 || len(st.Groups) != 1 || st.Groups[0].Received < 53 ||
			st.Sent == 0 || st.Socket.Sent != st.Stats.Sent {
			t.Errorf("%+v", st)
		}
		got := sub.Sessions()
		if len(got) != 1 || got[0].Name != "quotes" || got[0].Delivered != 50 ||
			got[0].Source != p.LocalAddr() {
			t.Errorf("%+v", got)
		}
		closeAll(t, junk)
	})
}
