package send

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// A subscriber that has all of a session says that it is done, and again where that was
// lost, as long as its publisher says BYE; also as it closes.
func TestAFarewellThatIsLostIsRepeated(t *testing.T) {
	for _, lost := range []int{0, 1, 2} {
		p := newPair(t,
			Config{Flow: Flow{Pace: reliable.Slowest(), StallTimeout: 10 * time.Second}},
			receive.Config{})
		var words int
		p.drop = func(toReceiver bool, f *frame.Frame) bool {
			if f.Kind != frame.Status || f.Flags&frame.Leaving == 0 {
				return f.Kind == frame.Status && p.s.closing.on // the last position, too
			}
			words++
			return words <= lost
		}
		p.run(reliable.Time(200 * time.Millisecond))
		p.publish([]byte("the only one"))
		p.run(reliable.Time(300 * time.Millisecond))
		p.s.Close(p.now)
		p.settle()
		p.run(reliable.Time(310 * time.Millisecond))
		p.run(reliable.Time(1200 * time.Millisecond))
		if len(p.s.members.rows) != 0 {
			t.Errorf("%d words were lost, of %d: the publisher still waits for it", lost, words)
		}
		if words > 12 {
			t.Errorf("%d words were lost: %d were sent in a second", lost, words)
		}
	}
	p := newPair(t, Config{Flow: Flow{Pace: reliable.Slowest()}}, receive.Config{})
	p.run(reliable.Time(200 * time.Millisecond))
	p.publish([]byte("the only one"))
	p.s.Close(p.now)
	words := 0
	p.drop = func(toReceiver bool, f *frame.Frame) bool {
		if f.Flags&frame.Leaving != 0 {
			words++
		}
		return words == 1
	}
	p.run(reliable.Time(201 * time.Millisecond))
	p.r.Close(p.now)
	p.settle()
	p.run(reliable.Time(202 * time.Millisecond))
	if len(p.s.members.rows) != 0 || words != 1+goodbyes {
		t.Errorf("%d words were sent as it closed, and the publisher knows of %d", words-1,
			len(p.s.members.rows))
	}
}

// A word of leaving that comes again makes no row for one that has none.
func TestLeavingTwice(t *testing.T) {
	p := newPaced(t, Config{MaxMembers: 1})
	for round := range goodbyes {
		if round == 1 {
			p.another(6, 0) // the row is another's now
		}
		p.Handle(p.now, rig.SubscriberAddr,
			rig.Made(t, frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5,
				Flags: frame.Leaving}))
	}
	var events [8]reliable.MemberEvent
	if n := p.PollMembers(events[:]); n != 3 || !events[1].Gone || len(p.Sender.Members()) != 1 ||
		p.members.refused != 0 {
		t.Errorf("%d events: %+v", n, events[:n])
	}
}

// A frame that a subscriber sent before it left, and that comes later, doesn't bring it
// back: the publisher would wait and repair for it. A frame sent after it left does.
func TestWordsThatALeavingHasOvertaken(t *testing.T) {
	p := newPaced(t, Config{Flow: Flow{Pace: reliable.Slowest()}})
	word := func(f frame.Frame) *frame.Frame {
		f.Session, f.Subscriber, f.Echo = 0xabc, 5, p.clock.wire(p.now)
		return rig.Made(t, f)
	}
	p.more(100)
	p.step(time.Second)
	late := []*frame.Frame{
		word(frame.Frame{Kind: frame.Nack, Request: 1, Ranges: []nack.Range{{From: 10, To: 20}}}),
		word(frame.Frame{Kind: frame.Status, Position: 10, Room: 1 << 20}),
	}
	p.step(10 * time.Millisecond)
	p.Handle(p.now, rig.SubscriberAddr, word(frame.Frame{Kind: frame.Status,
		Position: p.store.Sent(), Flags: frame.Leaving}))
	for _, f := range late {
		p.Handle(p.now, rig.SubscriberAddr, f)
		if n := p.Owed(); n != 0 || len(p.Sender.Members()) != 0 || len(p.Departed()) != 1 {
			t.Errorf("after %v it is back: %+v; %d repairs are owed", f, p.Sender.Members(), n)
		}
	}
	p.step(10 * time.Millisecond)
	p.Handle(p.now, rig.SubscriberAddr, word(frame.Frame{Kind: frame.Status, Position: 10,
		Room: 1 << 20}))
	if len(p.Sender.Members()) != 1 || len(p.Departed()) != 0 {
		t.Errorf("one that is back is not: %+v", p.Departed())
	}
}

// Also a publisher that waits for nobody is told by whom all is had, or it would end with
// what each said up to half a second before; and again where that is lost. It goes on as
// long as it would.
func TestWhoHasAllSaysSo(t *testing.T) {
	for _, lost := range []int{0, 1} {
		p := newPair(t, Config{}, receive.Config{})
		words := 0
		p.drop = func(toReceiver bool, f *frame.Frame) bool {
			if f.Kind != frame.Status || f.Flags&frame.Leaving == 0 {
				return f.Kind == frame.Status && p.s.closing.on // the last position, too
			}
			words++
			return words <= lost
		}
		for heard := p.s.stats.Statuses; p.s.stats.Statuses < heard+2; { // it has just told
			p.run(p.now.Add(time.Millisecond))
		}
		for i := range 1000 {
			p.publish(rig.Payload(i, 1000))
		}
		p.s.Close(p.now)
		closed := p.now
		p.settle()
		if lost == 0 {
			p.run(p.now.Add(10 * time.Millisecond))
		} else {
			p.run(p.now.Add(reliable.StatusMin + byeLast))
		}
		if left := p.s.Departed(); len(left) != 1 || !left[0].Left || left[0].Lag != 0 ||
			left[0].Position != p.st.store.Sent() {
			t.Errorf("%d words were lost: %+v", lost, left)
		}
		for !p.s.Finished(p.now) {
			p.run(p.now.Add(time.Millisecond))
		}
		if took := p.now.Sub(closed); took > defaultLinger+time.Millisecond || words > 3 {
			t.Errorf("it lingered for %v, and %d words were said", took, words)
		}
	}
}

// goodbyes is how often a subscriber that closes says so, where its pace counts.
const goodbyes = 3
