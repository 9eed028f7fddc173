package send

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// A closed session goes on repairing for as long as it is told to.
func TestLinger(t *testing.T) {
	for _, linger := range []time.Duration{0, 100 * time.Millisecond, 5 * time.Second,
		time.Minute} {
		p := newPair(t, Config{Repair: Repair{Linger: linger}}, receive.Config{})
		p.publish(rig.Payload(1, 100))
		p.run(p.now.Add(time.Second))
		p.s.Close(p.now)
		closed := p.now
		p.settle()
		for !p.s.Finished(p.now) {
			p.run(p.now.Add(time.Millisecond))
		}
		want := linger
		if want == 0 {
			want = defaultLinger
		}
		// A STATUS that tells of a time before the close holds it a little longer.
		if took := p.now.Sub(closed); took < want ||
			took > want+reliable.StatusMin+50*time.Millisecond {
			t.Errorf("it lingered for %v, and was told %v", took, want)
		}
	}
}

// A subscriber that is told to wait long for an answer still asks often enough for a
// closed publisher to know that it is there.
func TestAPatientSubscriberKeepsTheClosedPublisher(t *testing.T) {
	const lossy = 8 * time.Second
	p := newPair(t, Config{}, receive.Config{Recovery: receive.Recovery{Silence: 30 * time.Second}})
	gone := false
	p.drop = func(toReceiver bool, f *frame.Frame) bool {
		if gone = gone || p.s.Finished(p.now); gone {
			return true
		}
		return toReceiver && p.now < reliable.Time(lossy) &&
			(f.Kind == frame.Repair || f.Kind == frame.Data && f.Seq == 3)
	}
	for i := range 6 {
		p.publish(rig.Payload(i, 1000))
		p.run(p.now.Add(time.Millisecond))
	}
	p.s.Close(p.now)
	p.run(reliable.Time(lossy).Add(5 * time.Second))
	if st := p.check(); st.Lost != 0 || st.Delivered != 6 || st.End != reliable.EndBye {
		t.Fatalf("%+v", st)
	}
}

// A closed session waits for a subscriber that counts for as long as that one takes what
// there is, which may be longer than it repairs for others; and no longer than the stall
// timeout once it takes nothing. It doesn't wait for one that has all, has left, or was left
// out.
func TestCloseWaitsForWhomCounts(t *testing.T) {
	closed := func() *paced {
		p := newPaced(t, Config{Retention: Retention{ResendBuffer: 4 << 20}})
		p.Sender.cfg.Flow.StallTimeout = 5 * time.Second
		p.more(1000)
		p.Close(p.now)
		p.step(0)
		return p
	}
	wait := func(p *paced, step func()) time.Duration {
		from := p.now
		for !p.Finished(p.now) {
			if p.now.Sub(from) > 10*time.Minute {
				t.Fatal("it never ends")
			}
			step()
			p.step(100 * time.Millisecond)
		}
		return p.now.Sub(from)
	}
	tells := func(p *paced, position uint64) { // it has heard the end, and has room for all
		p.Handle(p.now, rig.SubscriberAddr, rig.Made(t, frame.Frame{
			Kind: frame.Status, Session: 0xabc, Subscriber: 5, Position: position, Room: 1 << 30,
			Echo: p.clock.wire(p.now),
		}))
	}
	p := closed()
	at := uint64(0)
	slow := wait(p, func() { at = min(at+1, 900); tells(p, at) })
	if slow < 94*time.Second || slow > 97*time.Second {
		t.Errorf("it waited for %v for one that took the last it took after 90 s", slow)
	}
	if m := p.Sender.Members(); len(m) != 1 || m[0].Position != 900 {
		t.Errorf("%+v", m)
	}
	p = closed()
	if still := wait(p, func() { tells(p, 1) }); still < 5*time.Second || still > 7*time.Second {
		t.Errorf("it waited for %v for one that takes nothing", still)
	}
	p = closed()
	if whole := wait(p, func() { tells(p, p.store.Next()) }); whole > 2*time.Second {
		t.Errorf("it waited for %v for one that has all", whole)
	}
	p = closed()
	left := wait(p, func() {
		p.Handle(p.now, rig.SubscriberAddr,
			rig.Made(t, frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: 5,
				Flags: frame.Leaving}))
	})
	if left > 2*time.Second {
		t.Errorf("it waited for %v for one that has left", left)
	}
	p = newPaced(t, Config{Retention: Retention{ResendBuffer: 1 << 20}})
	message := make([]byte, 1300)
	p.fill(message)
	p.wantEvicted(0, message)
	p.Sender.cfg.Flow.StallTimeout = 5 * time.Second
	p.Close(p.now)
	if out := wait(p, func() {}); out > 2*time.Second {
		t.Errorf("it waited for %v for one that was evicted", out)
	}
}
