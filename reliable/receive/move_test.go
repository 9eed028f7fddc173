package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// Others who speak for a publisher that is gone, one after the other and each as if it would
// be believed soon, keep it from being silent for some intervals, and no longer.
func TestOutsidersPutOffNoSilence(t *testing.T) {
	a := newAttacked(t)
	quiet := a.now.Sub(a.table.list[0].heard)
	for i := range byte(20) {
		// The one before has been quiet for three intervals, and no timer came first.
		a.now, a.time, quiet = a.now.Add(300*time.Millisecond), a.time+300e6,
			quiet+300*time.Millisecond
		a.says(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 1, i}), 5000), a.beat())
		a.wait(0)
		silent := rig.Kinds(a.told)[reliable.SessionSilent] > 0
		if silent != (quiet >= 2300*time.Millisecond) {
			t.Fatalf("after %v it is silent: %v", quiet, silent)
		} else if silent {
			return
		}
	}
}

// attacked is a subscriber of a publisher at senderAddr, and outsiders who hear all
// that the group hears.
type attacked struct {
	*listener
	next, time uint64
}

func newAttacked(t *testing.T) *attacked {
	a := &attacked{listener: newListener(t, Config{Joined: 5e9}), time: 1e9}
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
	a.hears(rig.Data(a.t, 1, a.next))
	a.next++
	a.hears(rig.Made(a.t, a.beat()))
	a.wait(d)
}

func (a *attacked) wait(d time.Duration) {
	a.pass(d, false)
	a.time += uint64(d)
}

// says lets an outsider send a frame.
func (a *attacked) says(from netip.AddrPort, f frame.Frame) {
	a.Handle(a.now, from, rig.Made(a.t, f))
	a.poll()
}

// wantSource checks where the session is, and which events were told.
func (a *attacked) wantSource(what string, want netip.AddrPort, moved, contested bool) {
	a.t.Helper()
	st, n := a.Sessions()[0], rig.Kinds(a.told)
	if st.Source != want || n[reliable.SessionMoved] > 0 != moved ||
		n[reliable.SessionContested] > 0 != contested {
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
		a.says(rig.Elsewhere[0], f)
		f.Kind, f.Time = frame.Bye, f.Time+1
		a.says(rig.Elsewhere[0], f)
		a.wait(50 * time.Millisecond)
	}
	a.wantSource("beside a live publisher", rig.PublisherAddr, false, true)

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
			a.says(rig.Elsewhere[0], f)
			a.Handle(a.now, rig.Elsewhere[0], rig.Data(t, 1, a.next))
		}
		a.wantSource(what, rig.PublisherAddr, false, false)
	}

	a = newAttacked(t)
	for i := range 30 { // two say that they are the one
		a.wait(50 * time.Millisecond)
		a.says(rig.Elsewhere[i%2], a.beat())
	}
	a.wantSource("two of them", rig.PublisherAddr, false, true)
	a.live(0)
	if st := a.Sessions()[0]; st.Delivered != a.next {
		t.Errorf("of %d messages it got %d", a.next, st.Delivered)
	}
	for range 10 { // one of them gives up, and the publisher is quiet
		a.wait(100 * time.Millisecond)
		a.says(rig.Elsewhere[1], a.beat())
	}
	// That stays possible, while there are no keys: to go on as a publisher that is
	// gone, with what it would say.
	a.wantSource("the last one", rig.Elsewhere[1], true, true)
}

// Data that was on its way when the publisher moved is no reason to begin anew.
func TestLateDataTakesNoSessionBack(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	l.from(rig.Elsewhere[0], rig.Beat(t, 1, 10))
	for seq := range uint64(10) {
		l.now = l.now.Add(20 * time.Millisecond)
		l.hears(rig.Data(t, 1, seq))
	}
	l.from(rig.Elsewhere[0], rig.Data(t, 1, 10))
	if st, n := l.session(1), rig.Kinds(l.told); st.Delivered != 1 ||
		st.Source != rig.Elsewhere[0] || n[reliable.SessionNew] != 1 ||
		n[reliable.SessionMoved] != 0 {
		t.Errorf("%+v; told %v", st, n)
	}
}

// follows lets a publisher be silent, and then speak from elsewhere for a while, whose
// time was some when the Receiver's was now.
func (l *listener) follows(started reliable.Time) {
	l.t.Helper()
	for range 40 {
		l.pass(100*time.Millisecond, false)
		l.from(rig.Elsewhere[0], rig.Made(l.t, frame.Frame{
			Kind: frame.Heartbeat, Session: 1, Time: uint64(l.now - started), NextSeq: 1,
			NextOffset: 1, Interval: 100 * time.Millisecond,
		}))
	}
	if st := l.session(1); st.Source != rig.Elsewhere[0] || st.Moved != 1 || st.Delivered != 1 {
		l.t.Errorf("%+v", st)
	}
}

// A publisher is followed of which no time was told, or only that it began just then.
func TestPublisherMovesThatToldNoTime(t *testing.T) {
	for _, first := range []bool{true, false} {
		l := newListener(t, Config{})
		if l.hears(rig.Data(t, 1, 0)); first {
			l.hears(rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1,
				Control: rig.PublisherAddr, Channels: 1}))
		}
		l.follows(l.now)
	}
}

// What waited for a suspended process says that the publisher's time is less than it is,
// and the publisher is followed all the same.
func TestPublisherMovesWhileOneSleeps(t *testing.T) {
	l := newListener(t, Config{})
	started := l.now
	l.now = l.now.Add(6 * time.Second)
	l.hears(rig.Data(t, 1, 0))
	l.hears(rig.Made(t, frame.Frame{
		Kind: frame.Heartbeat, Session: 1, Time: 4e9, NextSeq: 1, NextOffset: 1,
		Interval: 100 * time.Millisecond,
	}))
	l.follows(started)
}
