package subscriber_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
	"crier/testnet/impair"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// An outcome is what a subscriber has when its publisher is silent.
type outcome struct {
	messages, lost uint64
	inquest        bool
	certificate    *subscriber.Certificate
}

// outlive takes events until the session is silent. Messages must come in order.
func outlive(t *testing.T, sub *subscriber.Subscriber) (o outcome) {
	t.Helper()
	next := uint64(0)
	for ev := range sub.Messages(t.Context()) {
		switch ev.Kind {
		case subscriber.Message:
			if ev.Offset != next || string(ev.Payload) != text(int(next)) {
				t.Errorf("offset %d came instead of %d, or with another payload", ev.Offset, next)
			}
			next++
			o.messages++
		case subscriber.Loss:
			next = ev.Lost.To
			o.lost += ev.Lost.Len()
		case subscriber.SessionInquest:
			o.inquest = true
		case subscriber.SessionSilent:
			o.certificate = ev.Certificate
			return o
		}
	}
	t.Error("the stream ended before its session was silent")
	return o
}

// survive takes events at all subscribers, each on a goroutine of its own.
func survive(t *testing.T, subs ...*subscriber.Subscriber) []outcome {
	t.Helper()
	list := make([]outcome, len(subs))
	done := make(chan int)
	for i, sub := range subs {
		go func() {
			defer func() { done <- i }()
			list[i] = outlive(t, sub)
		}()
	}
	for range subs {
		<-done
	}
	return list
}

// A publisher dies in mid-burst, and one of three subscribers lacks what came last: it gets that
// of the others, and all have the same certificate.
func TestSurvivorsHelpEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(time.Millisecond)}, 3)
		defer s.Close()
		var subs []*subscriber.Subscriber
		for i := range 3 {
			subs = append(subs, s.Subscriber(s.Host(10+i), subscriber.Config{
				History: 16 << 20, Name: []string{"ann", "ben", "cid"}[i],
			}))
		}
		p := s.Publisher(publisher.Config{})
		const before, count = 100, 300
		publish(t, p, 0, before)
		time.Sleep(10 * time.Millisecond)
		s.Way(s.Host(12)).SetDown(true)
		publish(t, p, before, count)
		time.Sleep(5 * time.Millisecond)
		for i := range 3 {
			s.Way(s.Host(10 + i)).SetDown(true) // it is dead
		}
		all := survive(t, subs...)
		for i, o := range all {
			if o.messages != count || o.lost != 0 || !o.inquest {
				t.Errorf("subscriber %d has %d messages, %d are lost; an inquest: %v", i,
					o.messages, o.lost, o.inquest)
			}
			if c := o.certificate; c == nil || !c.Agreed || len(c.Members) != 3 ||
				c.Hash != all[0].certificate.Hash || c.NextOffset != count || c.LostMessages != 0 {
				t.Errorf("subscriber %d: %+v", i, c)
			}
		}
		var served uint64
		for _, sub := range subs {
			st := sub.Stats()
			served += st.Others.Repairs
			if st.Others.History == 0 || st.Memory < st.Others.History {
				t.Errorf("%d bytes of history, %d in all", st.Others.History, st.Memory)
			}
		}
		if served == 0 {
			t.Error("nobody repeated anything")
		}
		closeAll(t, subs...)
		closeAll(t, p)
	})
}

// Without histories nobody helps: what one lacks is lost to it.
func TestNobodyHelpsWithoutHistories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(time.Millisecond)}, 3)
		defer s.Close()
		a := s.Subscriber(s.Host(10), subscriber.Config{History: -1})
		b := s.Subscriber(s.Host(11), subscriber.Config{History: -1})
		p := s.Publisher(publisher.Config{})
		publish(t, p, 0, 100)
		time.Sleep(10 * time.Millisecond)
		s.Way(s.Host(11)).SetDown(true)
		publish(t, p, 100, 200)
		time.Sleep(5 * time.Millisecond)
		s.Way(s.Host(10)).SetDown(true)
		got := survive(t, a, b)
		if got[0] != (outcome{messages: 200}) || got[1] != (outcome{messages: 100}) {
			t.Errorf("%+v", got)
		}
		closeAll(t, a, b)
		closeAll(t, p)
	})
}

// The same on the loopback interface, with the kernel's sockets.
func TestSurvivorsOnLoopback(t *testing.T) {
	for range 3 { // a busy machine may keep one of them from what the others say
		if surviveOnLoopback(t) {
			return
		}
	}
	t.Error("they never agreed")
}

// surviveOnLoopback reports false where the three did not all agree.
func surviveOnLoopback(t *testing.T) bool {
	t.Helper()
	g := group()
	cables := make([]*impair.Cable, 4)
	for i := range cables {
		cables[i] = impair.NewCable(multicast.Kernel)
	}
	var subs []*subscriber.Subscriber
	for i := range 3 {
		sub, err := subscriber.New(subscriber.Config{
			Groups: []netip.AddrPort{g}, History: 1 << 20, Logger: rig.Quiet,
			Recovery: subscriber.Recovery{Silence: 600 * time.Millisecond},
			Link:     subscriber.Link{Network: cables[i]},
		})
		if err != nil {
			t.Fatal(err)
		}
		subs = append(subs, sub)
	}
	dying := cables[3]
	p, err := publisher.New(publisher.Config{
		Group: g, Logger: rig.Quiet, Link: publisher.Link{Network: dying},
	})
	if err != nil {
		t.Fatal(err)
	}
	const before, count = 100, 300
	publish(t, p, 0, before)
	until := func(is func() bool) {
		t.Helper()
		for begun := time.Now(); !is(); time.Sleep(time.Millisecond) {
			if time.Since(begun) > 10*time.Second {
				t.Fatal("10 s were not enough")
			}
		}
	}
	reached := func(sub *subscriber.Subscriber, offset uint64) {
		t.Helper()
		until(func() bool {
			list := sub.Sessions()
			return len(list) == 1 && list[0].NextOffset >= offset && list[0].Gaps == 0
		})
	}
	results := make(chan []outcome)
	go func() { results <- survive(t, subs...) }()
	for _, sub := range subs {
		reached(sub, before)
	}
	cables[2].Pull()
	publish(t, p, before, count)
	reached(subs[0], count)
	reached(subs[1], count)
	dying.Pull()
	heard := func(i int) uint64 { return subs[i].Stats().Groups[0].Received }
	until(func() bool { return heard(2) >= max(heard(0), heard(1)) })
	cables[2].Plug()
	all := <-results
	closeAll(t, subs...)
	closeAll(t, p)
	for i, o := range all {
		if c := o.certificate; c == nil || !c.Agreed || len(c.Members) != 3 {
			t.Logf("subscriber %d: once more, after %+v", i, c)
			return false
		}
	}
	for i, o := range all {
		if o.messages != count || o.lost != 0 || o.certificate.Hash != all[0].certificate.Hash {
			t.Errorf("subscriber %d has %d messages, %d are lost, by %+v", i, o.messages, o.lost,
				o.certificate)
		}
	}
	return true
}
