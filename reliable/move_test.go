package reliable

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

var elsewhere = [...]netip.AddrPort{
	netip.MustParseAddrPort("10.77.0.9:5000"), netip.MustParseAddrPort("10.77.0.10:5000"),
}

// kinds returns how often each kind of event was told.
func kinds(events []Event) (n [SessionContested + 1]int) {
	for i := range events {
		n[events[i].Kind]++
	}
	return n
}

// A publisher whose address changes is followed, and back again: what was sent
// meanwhile is recovered, and nobody takes it for silent.
func TestPublisherMoves(t *testing.T) {
	p := newPair(t, SenderConfig{}, ReceiverConfig{})
	rand := nack.NewRand(7, 7)
	p.drop = func(bool, *frame.Frame) bool { return rand.Below(100) < 5 }
	for i := range 800 {
		switch i {
		case 200:
			p.senderAt = elsewhere[0]
		case 500:
			p.senderAt = senderAddr
		}
		p.publish(payload(i, 64))
		p.run(p.now.Add(10 * time.Millisecond))
	}
	p.s.Close(p.now)
	p.run(p.now.Add(5 * time.Second))
	st := p.check()
	if st.Delivered != 800 || st.Lost != 0 || st.Moved != 2 || st.Contested != 0 || st.End != EndBye || st.Source != senderAddr {
		t.Errorf("%+v", st)
	}
	if n := kinds(p.events); n[SessionMoved] != 2 || n[SessionSilent] != 0 || n[SessionContested] != 0 {
		t.Errorf("told %v", n)
	}
}

// A publisher that was away for so long that it is silent is taken up again where it
// comes back.
func TestSilentPublisherMoves(t *testing.T) {
	p := newPair(t, SenderConfig{}, ReceiverConfig{})
	p.publish(payload(0, 64))
	p.run(p.now.Add(time.Second))
	p.drop = func(bool, *frame.Frame) bool { return true }
	p.run(p.now.Add(20 * time.Second))
	p.drop, p.senderAt = nil, elsewhere[0]
	p.publish(payload(1, 64))
	p.run(p.now.Add(2 * time.Second))
	st := p.check()
	if n := kinds(p.events); st.Delivered != 2 || st.Source != elsewhere[0] || n[SessionSilent] != 1 || n[SessionResumed] != 1 {
		t.Errorf("%+v; told %v", st, n)
	}
}

// A publisher that speaks from elsewhere right before it would be silent, as where IPv6 checks
// its new address for two seconds, isn't, though it takes some intervals until it is believed.
func TestPublisherMovesJustInTime(t *testing.T) {
	for _, idle := range []bool{false, true} {
		p := newPair(t, SenderConfig{}, ReceiverConfig{})
		p.publish(payload(0, 64))
		p.run(p.now.Add(3 * time.Second))
		p.drop = func(bool, *frame.Frame) bool { return true }
		quiet := p.now.Add(1990 * time.Millisecond)
		if idle {
			quiet -= p.now - p.r.list[0].heard
		}
		p.run(quiet)
		p.drop, p.senderAt = nil, elsewhere[0]
		p.s.Announce(p.now)
		for i := range 50 {
			if !idle {
				p.publish(payload(1+i, 64))
			}
			p.run(p.now.Add(100 * time.Millisecond))
		}
		st, n := p.check(), kinds(p.events)
		if st.Source != elsewhere[0] || st.Moved != 1 || n[SessionSilent] != 0 {
			t.Errorf("idle %v: %+v; told %v", idle, st, n)
		}
	}
}

// Others who speak for a publisher that is gone, one after the other and each as if it would
// be believed soon, keep it from being silent for some intervals, and no longer.
func TestOutsidersPutOffNoSilence(t *testing.T) {
	a := newAttacked(t)
	quiet := a.now.Sub(a.list[0].heard)
	for i := range byte(20) {
		// The one before has been quiet for three intervals, and no timer came first.
		a.now, a.time, quiet = a.now.Add(300*time.Millisecond), a.time+300e6, quiet+300*time.Millisecond
		a.says(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 1, i}), 5000), a.beat())
		a.wait(0)
		if silent := kinds(a.told)[SessionSilent] > 0; silent != (quiet >= 2300*time.Millisecond) {
			t.Fatalf("after %v it is silent: %v", quiet, silent)
		} else if silent {
			return
		}
	}
}

// A subscriber whose address changes goes on counting, and gets its repairs, at first
// as one without a row.
func TestSubscriberMoves(t *testing.T) {
	p := newPair(t, SenderConfig{Pace: Pace{Kind: PaceSlowest}}, ReceiverConfig{Name: "desk"})
	p.run(p.now.Add(300 * time.Millisecond))
	rand := nack.NewRand(8, 8)
	p.drop = func(toReceiver bool, _ *frame.Frame) bool { return toReceiver && rand.Below(100) < 10 }
	for i := range 600 {
		if i == 200 {
			p.receiverAt = elsewhere[0]
		}
		p.publish(payload(i, 64))
		p.run(p.now.Add(10 * time.Millisecond))
	}
	if m := p.s.Members(); len(m) != 1 || m[0].Addr != elsewhere[0] || m[0].State != Counted {
		t.Errorf("%+v", m)
	}
	p.s.Close(p.now)
	p.run(p.now.Add(5 * time.Second))
	if st, sent := p.check(), p.s.Stats(); st.Delivered != 600 || sent.Moved != 1 || sent.Contested != 0 || sent.LeftOut != 0 {
		t.Errorf("%+v; %+v", st, sent)
	}
}

// attacked is a subscriber of a publisher at senderAddr, and outsiders who hear all
// that the group hears.
type attacked struct {
	*listener
	next, time uint64
}

func newAttacked(t *testing.T) *attacked {
	a := &attacked{listener: newListener(t, ReceiverConfig{Joined: 5e9}), time: 1e9}
	for range 5 {
		a.live(100 * time.Millisecond)
	}
	return a
}

// beat is what the publisher says now, or would say.
func (a *attacked) beat() frame.Frame {
	return frame.Frame{
		Kind: frame.Heartbeat, Session: 1, Time: a.time,
		NextSeq: a.next, NextOffset: a.next, Interval: 100 * time.Millisecond,
	}
}

// live lets the publisher send a message and a heartbeat, and time pass.
func (a *attacked) live(d time.Duration) {
	a.hears(data(a.t, 1, a.next))
	a.next++
	a.hears(made(a.t, a.beat()))
	a.wait(d)
}

func (a *attacked) wait(d time.Duration) {
	a.pass(d, false)
	a.time += uint64(d)
}

// says lets an outsider send a frame.
func (a *attacked) says(from netip.AddrPort, f frame.Frame) {
	a.Handle(a.now, from, made(a.t, f))
	a.poll()
}

// wantSource checks where the session is, and which events were told.
func (a *attacked) wantSource(what string, want netip.AddrPort, moved, contested bool) {
	a.t.Helper()
	st, n := a.Sessions()[0], kinds(a.told)
	if st.Source != want || n[SessionMoved] > 0 != moved || n[SessionContested] > 0 != contested {
		a.t.Errorf("%s: the session is at %v, told %v: %+v", what, st.Source, n, st)
	}
	if st.Lost > 0 || st.NextOffset > a.next {
		a.t.Errorf("%s: %d lost, next %d of %d", what, st.Lost, st.NextOffset, a.next)
	}
}

// Outsiders who hear the group try to move a session to themselves.
func TestOutsidersMoveNoSession(t *testing.T) {
	a := newAttacked(t)
	for range 100 { // while the publisher lives, whatever they say
		a.live(50 * time.Millisecond)
		f := a.beat()
		a.says(elsewhere[0], f)
		f.Kind, f.Time = frame.Bye, f.Time+1
		a.says(elsewhere[0], f)
		a.wait(50 * time.Millisecond)
	}
	a.wantSource("beside a live publisher", senderAddr, false, true)

	for what, forge := range map[string]func(f *frame.Frame){
		"a frame that was heard":   func(f *frame.Frame) { f.Time = 1 },
		"a time that is to come":   func(f *frame.Frame) { f.Time += 5e9 },
		"a number that went back":  func(f *frame.Frame) { f.NextSeq-- },
		"an offset that went back": func(f *frame.Frame) { f.NextOffset-- },
		"another session":          func(f *frame.Frame) { f.Session = 2 },
		"data alone":               func(f *frame.Frame) { f.Kind = frame.Session },
	} {
		a := newAttacked(t)
		for range 15 { // it has fallen quiet, for less than the silence time
			a.wait(100 * time.Millisecond)
			f := a.beat()
			forge(&f)
			a.says(elsewhere[0], f)
			a.Handle(a.now, elsewhere[0], data(t, 1, a.next))
		}
		a.wantSource(what, senderAddr, false, false)
	}

	a = newAttacked(t)
	for i := range 30 { // two say that they are the one
		a.wait(50 * time.Millisecond)
		a.says(elsewhere[i%2], a.beat())
	}
	a.wantSource("two of them", senderAddr, false, true)
	a.live(0)
	if st := a.Sessions()[0]; st.Delivered != a.next {
		t.Errorf("of %d messages it got %d", a.next, st.Delivered)
	}
	for range 10 { // one of them gives up, and the publisher is quiet
		a.wait(100 * time.Millisecond)
		a.says(elsewhere[1], a.beat())
	}
	// That stays possible, while there are no keys: to go on as a publisher that is
	// gone, with what it would say.
	a.wantSource("the last one", elsewhere[1], true, true)
}

// Outsiders who know a subscriber's id, and all that its group hears, try to move it.
func TestOutsidersMoveNoSubscriber(t *testing.T) {
	p := newPaced(t, SenderConfig{})
	word := func() frame.Frame {
		return frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5, Echo: p.sessionTime(p.now), Room: 1 << 20}
	}
	tells := func(from netip.AddrPort, f frame.Frame) { p.Handle(p.now, from, made(t, f)) }
	for range 20 {
		tells(receiverAddr, word())
		tells(elsewhere[0], word()) // as old as the subscriber's own
		p.step(250 * time.Millisecond)
		tells(elsewhere[0], word())
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
		tells(receiverAddr, word())
		for range 4 {
			p.step(500 * time.Millisecond)
			f := word()
			forge(&f)
			tells(elsewhere[0], f)
		}
		if m := p.Members(); len(m) != 1 || m[0].Addr != receiverAddr {
			t.Fatalf("%s: %+v", name, m)
		}
	}
	tells(receiverAddr, word())
	for i := range 8 {
		p.step(250 * time.Millisecond)
		tells(elsewhere[i%2], word())
	}
	st := p.Stats()
	if m := p.Members(); len(m) != 1 || m[0].Addr != receiverAddr || st.Moved != 0 || st.Contested == 0 || st.Foreign < 40 {
		t.Errorf("%+v; %+v", m, st)
	}
}

// A publisher that moves before its data was heard is followed at once, and its session
// is told of once: what was lost before isn't delivered after that.
func TestPublisherMovesBeforeItsData(t *testing.T) {
	p := newPair(t, SenderConfig{}, ReceiverConfig{})
	p.run(p.now.Add(time.Second))
	p.drop = func(_ bool, f *frame.Frame) bool { return f.Kind == frame.Data || f.Kind == frame.Repair }
	for i := range 5 {
		p.publish(payload(i, 64))
	}
	p.run(p.now.Add(5 * time.Second))
	p.drop, p.senderAt = nil, elsewhere[0]
	for i := range 50 {
		p.publish(payload(5+i, 64))
		p.run(p.now.Add(10 * time.Millisecond))
	}
	st, n := p.check(), kinds(p.events)
	if st.Delivered != 50 || st.Lost != 5 || st.Source != elsewhere[0] || n[SessionNew] != 1 || n[SessionMoved] != 1 {
		t.Errorf("%+v; told %v", st, n)
	}
}

// Data that was on its way when the publisher moved is no reason to begin anew.
func TestLateDataTakesNoSessionBack(t *testing.T) {
	l := newListener(t, ReceiverConfig{Joined: 5e9})
	l.from(elsewhere[0], beat(t, 1, 10))
	for seq := range uint64(10) {
		l.now = l.now.Add(20 * time.Millisecond)
		l.hears(data(t, 1, seq))
	}
	l.from(elsewhere[0], data(t, 1, 10))
	if st, n := l.session(1), kinds(l.told); st.Delivered != 1 || st.Source != elsewhere[0] || n[SessionNew] != 1 || n[SessionMoved] != 0 {
		t.Errorf("%+v; told %v", st, n)
	}
}

// follows lets a publisher be silent, and then speak from elsewhere for a while, whose
// time was some when the Receiver's was now.
func (l *listener) follows(started Time) {
	l.t.Helper()
	for range 40 {
		l.pass(100*time.Millisecond, false)
		l.from(elsewhere[0], made(l.t, frame.Frame{
			Kind: frame.Heartbeat, Session: 1, Time: uint64(l.now - started), NextSeq: 1, NextOffset: 1, Interval: 100 * time.Millisecond,
		}))
	}
	if st := l.session(1); st.Source != elsewhere[0] || st.Moved != 1 || st.Delivered != 1 {
		l.t.Errorf("%+v", st)
	}
}

// A publisher is followed of which no time was told, or only that it began just then.
func TestPublisherMovesThatToldNoTime(t *testing.T) {
	for _, first := range []bool{true, false} {
		l := newListener(t, ReceiverConfig{})
		if l.hears(data(t, 1, 0)); first {
			l.hears(made(t, frame.Frame{Kind: frame.Session, Session: 1, Control: senderAddr, Channels: 1}))
		}
		l.follows(l.now)
	}
}

// What waited for a suspended process says that the publisher's time is less than it is,
// and the publisher is followed all the same.
func TestPublisherMovesWhileOneSleeps(t *testing.T) {
	l := newListener(t, ReceiverConfig{})
	started := l.now
	l.now = l.now.Add(6 * time.Second)
	l.hears(data(t, 1, 0))
	l.hears(made(t, frame.Frame{
		Kind: frame.Heartbeat, Session: 1, Time: 4e9, NextSeq: 1, NextOffset: 1, Interval: 100 * time.Millisecond,
	}))
	l.follows(started)
}

// A subscriber whose address changes twice in short is contested, and its NACKs are
// answered all the same; what only the disk holds isn't said to be gone.
func TestSubscriberMovesTwice(t *testing.T) {
	p := spilled(t)
	asks := func(from netip.AddrPort, seq uint64) (repaired, confirmed, gone int) {
		p.step(100 * time.Millisecond)
		p.Handle(p.now, from, made(t, frame.Frame{
			Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.sessionTime(p.now),
			Ranges: []nack.Range{{From: seq, To: seq + 1}},
		}))
		for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
			switch decoded(t, b.Datagram(0)).Kind {
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
	for i, from := range []netip.AddrPort{elsewhere[0], elsewhere[1], elsewhere[1]} {
		if repaired, _, gone := asks(from, p.ringOldest()+uint64(i)); repaired != 1 || gone != 0 {
			t.Errorf("%d. from %v: %d repairs, %d times GONE", i, from, repaired, gone)
		}
		if repaired, confirmed, gone := asks(from, uint64(i)); repaired != 0 || confirmed != 1 || gone != 0 {
			t.Errorf("%d. from %v, on disk: %d repairs, %d CONFIRMs, %d times GONE", i, from, repaired, confirmed, gone)
		}
	}
	if st := p.Stats(); st.Contested == 0 || st.Moved != 0 {
		t.Errorf("%+v", st)
	}
}
