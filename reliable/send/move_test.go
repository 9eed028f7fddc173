package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// A publisher whose address changes is followed, and back again: what was sent
// meanwhile is recovered, and nobody takes it for silent.
func TestPublisherMoves(t *testing.T) {
	p := newPair(t, Config{}, receive.Config{})
	rand := nack.NewRand(7, 7)
	p.drop = func(bool, *frame.Frame) bool { return rand.Below(100) < 5 }
	for i := range 800 {
		switch i {
		case 200:
			p.senderAt = rig.Elsewhere[0]
		case 500:
			p.senderAt = rig.PublisherAddr
		}
		p.publish(rig.Payload(i, 64))
		p.run(p.now.Add(10 * time.Millisecond))
	}
	p.s.Close(p.now)
	p.run(p.now.Add(5 * time.Second))
	st := p.check()
	if st.Delivered != 800 || st.Lost != 0 || st.Moved != 2 || st.Contested != 0 ||
		st.End != reliable.EndBye || st.Source != rig.PublisherAddr {
		t.Errorf("%+v", st)
	}
	if n := rig.Kinds(p.events); n[reliable.SessionMoved] != 2 ||
		n[reliable.SessionSilent] != 0 || n[reliable.SessionContested] != 0 {
		t.Errorf("told %v", n)
	}
}

// A publisher that was away for so long that it is silent is taken up again where it
// comes back.
func TestSilentPublisherMoves(t *testing.T) {
	p := newPair(t, Config{}, receive.Config{})
	p.publish(rig.Payload(0, 64))
	p.run(p.now.Add(time.Second))
	p.drop = func(bool, *frame.Frame) bool { return true }
	p.run(p.now.Add(20 * time.Second))
	p.drop, p.senderAt = nil, rig.Elsewhere[0]
	p.publish(rig.Payload(1, 64))
	p.run(p.now.Add(2 * time.Second))
	st := p.check()
	if n := rig.Kinds(p.events); st.Delivered != 2 || st.Source != rig.Elsewhere[0] ||
		n[reliable.SessionSilent] != 1 || n[reliable.SessionResumed] != 1 {
		t.Errorf("%+v; told %v", st, n)
	}
}

// A publisher that speaks from elsewhere right before it would be silent, as where IPv6 checks
// its new address for two seconds, isn't, though it takes some intervals until it is believed.
func TestPublisherMovesJustInTime(t *testing.T) {
	for _, idle := range []bool{false, true} {
		p := newPair(t, Config{}, receive.Config{})
		p.publish(rig.Payload(0, 64))
		p.run(p.now.Add(3 * time.Second))
		p.drop = func(bool, *frame.Frame) bool { return true }
		quiet := p.now.Add(1990 * time.Millisecond)
		if idle {
			quiet -= p.now - p.lastWord
		}
		p.run(quiet)
		p.drop, p.senderAt = nil, rig.Elsewhere[0]
		p.s.Announce(p.now)
		for i := range 50 {
			if !idle {
				p.publish(rig.Payload(1+i, 64))
			}
			p.run(p.now.Add(100 * time.Millisecond))
		}
		st, n := p.check(), rig.Kinds(p.events)
		if st.Source != rig.Elsewhere[0] || st.Moved != 1 || n[reliable.SessionSilent] != 0 {
			t.Errorf("idle %v: %+v; told %v", idle, st, n)
		}
	}
}

// A subscriber whose address changes goes on counting, and gets its repairs, at first
// as one without a row.
func TestSubscriberMoves(t *testing.T) {
	p := newPair(t, Config{Flow: Flow{Pace: reliable.Slowest()}},
		receive.Config{Name: "desk"})
	p.run(p.now.Add(300 * time.Millisecond))
	rand := nack.NewRand(8, 8)
	p.drop = func(toReceiver bool, _ *frame.Frame) bool {
		return toReceiver && rand.Below(100) < 10
	}
	for i := range 600 {
		if i == 200 {
			p.receiverAt = rig.Elsewhere[0]
		}
		p.publish(rig.Payload(i, 64))
		p.run(p.now.Add(10 * time.Millisecond))
	}
	if m := p.s.Members(); len(m) != 1 || m[0].Addr != rig.Elsewhere[0] ||
		m[0].State != reliable.Counted {
		t.Errorf("%+v", m)
	}
	p.s.Close(p.now)
	p.run(p.now.Add(5 * time.Second))
	if st, sent := p.check(), p.s.Stats(); st.Delivered != 600 || sent.Moved != 1 ||
		sent.Contested != 0 || sent.Evicted != 0 {
		t.Errorf("%+v; %+v", st, sent)
	}
}

// Outsiders that know a subscriber's id, and hear all that its group hears, try to move
// it.
func TestOutsidersMoveNoSubscriber(t *testing.T) {
	p := newPaced(t, Config{})
	word := func() frame.Frame {
		return frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5,
			Echo: p.clock.wire(p.now), Room: 1 << 20}
	}
	tells := func(from netip.AddrPort, f frame.Frame) { p.Handle(p.now, from, rig.Made(t, f)) }
	for range 20 {
		tells(rig.SubscriberAddr, word())
		tells(rig.Elsewhere[0], word()) // as old as the subscriber's own
		p.step(250 * time.Millisecond)
		tells(rig.Elsewhere[0], word())
		p.step(250 * time.Millisecond)
	}
	for name, forge := range map[string]func(f *frame.Frame){
		"leaving":         func(f *frame.Frame) { f.Flags = frame.Leaving },
		"no echo":         func(f *frame.Frame) { f.Echo = 0 },
		"an old echo":     func(f *frame.Frame) { f.Echo = 1e6 },
		"a time to come":  func(f *frame.Frame) { f.Held = time.Hour },
		"another name":    func(f *frame.Frame) { f.Name = []byte("somebody") },
		"beyond the data": func(f *frame.Frame) { f.Position = 1000 },
	} {
		tells(rig.SubscriberAddr, word())
		for range 4 {
			p.step(500 * time.Millisecond)
			f := word()
			forge(&f)
			tells(rig.Elsewhere[0], f)
		}
		if m := p.Sender.Members(); len(m) != 1 || m[0].Addr != rig.SubscriberAddr {
			t.Fatalf("%s: %+v", name, m)
		}
	}
	tells(rig.SubscriberAddr, word())
	for i := range 8 {
		p.step(250 * time.Millisecond)
		tells(rig.Elsewhere[i%2], word())
	}
	st := p.Stats()
	if m := p.Sender.Members(); len(m) != 1 || m[0].Addr != rig.SubscriberAddr || st.Moved != 0 ||
		st.Contested == 0 || st.Foreign < 40 {
		t.Errorf("%+v; %+v", m, st)
	}
}

// A publisher that moves before its data was heard is followed at once, and its session
// is told of once: what was lost before isn't delivered after that.
func TestPublisherMovesBeforeItsData(t *testing.T) {
	p := newPair(t, Config{}, receive.Config{})
	p.run(p.now.Add(time.Second))
	p.drop = func(_ bool, f *frame.Frame) bool {
		return f.Kind == frame.Data || f.Kind == frame.Repair
	}
	for i := range 5 {
		p.publish(rig.Payload(i, 64))
	}
	p.run(p.now.Add(5 * time.Second))
	p.drop, p.senderAt = nil, rig.Elsewhere[0]
	for i := range 50 {
		p.publish(rig.Payload(5+i, 64))
		p.run(p.now.Add(10 * time.Millisecond))
	}
	st, n := p.check(), rig.Kinds(p.events)
	if st.Delivered != 50 || st.Lost != 5 || st.Source != rig.Elsewhere[0] ||
		n[reliable.SessionNew] != 1 || n[reliable.SessionMoved] != 1 {
		t.Errorf("%+v; told %v", st, n)
	}
}

// A subscriber whose address changes twice in short is contested, and its NACKs are
// answered all the same; what only the disk holds isn't said to be gone.
func TestSubscriberMovesTwice(t *testing.T) {
	p := spilled(t)
	asks := func(from netip.AddrPort, seq uint64) (repaired, confirmed, gone int) {
		p.step(100 * time.Millisecond)
		p.Handle(p.now, from, rig.Made(t, frame.Frame{
			Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.clock.wire(p.now),
			Ranges: []nack.Range{{From: seq, To: seq + 1}},
		}))
		for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
			switch rig.Decoded(t, b.Datagram(0)).Kind {
			case frame.Repair:
				repaired++
			case frame.Confirm:
				confirmed++
			case frame.Gone:
				gone++
			}
			p.Sent(b)
		}
		return
	}
	for i, from := range []netip.AddrPort{rig.Elsewhere[0], rig.Elsewhere[1], rig.Elsewhere[1]} {
		if repaired, _, gone := asks(from, p.store.InMemory()+uint64(i)); repaired != 1 ||
			gone != 0 {
			t.Errorf("%d. from %v: %d repairs, %d times GONE", i, from, repaired, gone)
		}
		if repaired, confirmed, gone := asks(from, uint64(i)); repaired != 0 || confirmed != 1 ||
			gone != 0 {
			t.Errorf("%d. from %v, on disk: %d repairs, %d CONFIRMs, %d times GONE", i, from,
				repaired, confirmed, gone)
		}
	}
	if st := p.Stats(); st.Contested == 0 || st.Moved != 0 {
		t.Errorf("%+v", st)
	}
}
