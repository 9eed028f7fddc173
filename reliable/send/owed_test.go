package send

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A subscriber that left with everything that was sent lacks nothing. One that left
// earlier, fell silent, or was evicted lacks something, and is remembered with its
// position. One that comes back is no longer among the departed.
func TestLackingSubscribers(t *testing.T) {
	p := newPaced(t, Config{Flow: Flow{Pace: reliable.Slowest()}})
	for id := uint64(6); id <= 8; id++ {
		p.another(id, 0)
	}
	p.more(100)
	p.leaves(5, p.store.Sent())
	p.leaves(6, 60)
	gone := p.Departed()
	if len(gone) != 2 || gone[0].Lacks || gone[0].Lag != 0 || !gone[1].Lacks || !gone[1].Left ||
		gone[1].Position != 60 || gone[1].Lag == 0 ||
		gone[1].Offset+gone[1].Lag != p.packer.nextOffset {
		t.Errorf("%+v", gone)
	}
	p.another(7, 70)
	for range 40 { // the others are not heard for long
		p.step(time.Second)
		p.another(8, p.store.Sent())
	}
	gone = p.Departed()
	if len(gone) != 3 || gone[2].ID != 7 || gone[2].Left || !gone[2].Departed || !gone[2].Lacks {
		t.Errorf("%+v", gone)
	}
	if n := p.Stats().Lacking; n != 2 {
		t.Errorf("%d subscribers lack something, want 2", n)
	}
	p.another(7, p.store.Sent())
	if n := p.Stats().Lacking; n != 1 || len(p.Departed()) != 2 {
		t.Errorf("%d subscribers lack something after one came back, and %d went", n,
			len(p.Departed()))
	}
}

// Where a quorum is enough, nobody lacks anything once that many have all.
func TestAQuorumIsEnough(t *testing.T) {
	p := newPaced(t, Config{Flow: Flow{Pace: reliable.Quorum(2)}})
	for id := uint64(6); id <= 8; id++ {
		p.another(id, 0)
	}
	p.more(100)
	p.leaves(5, 20)
	p.leaves(6, p.store.Sent())
	if n := p.Stats().Lacking; n != 3 {
		t.Errorf("%d lack something, want 3: one has all", n)
	}
	p.another(7, p.store.Sent())
	if n := p.Stats().Lacking; n != 0 || p.Departed()[0].Lacks || p.Sender.Members()[1].Lacks {
		t.Errorf("%d lack something, and two have all", n)
	}
}

// A repair is owed only to a subscriber that may still need it.
func TestNothingIsOwedAfterArrival(t *testing.T) {
	p := newPaced(t, Config{Repair: Repair{Floor: 8 * 1}})
	p.another(6, 0)
	p.more(200)
	p.Handle(p.now, rig.SubscriberAddr, rig.Made(t, frame.Frame{
		Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.clock.wire(p.now),
		Ranges: []nack.Range{{From: 150, To: 190}},
	}))
	if n := p.Owed(); n != 40 {
		t.Errorf("%d repairs are owed, want 40", n)
	}
	p.reports(170)
	if n := p.Owed(); n != 20 {
		t.Errorf("%d repairs are owed, want 20", n)
	}
}

// Repairs are cut short for a subscriber that asked within the last linger time before
// they ended, and hasn't since reported that it has the frames; not for one that asks for
// frames that aren't held.
func TestRepairsCutShort(t *testing.T) {
	const linger = time.Second
	ask := func(p *paced, from, to uint64) {
		p.Handle(p.now, rig.SubscriberAddr, rig.Made(t, frame.Frame{
			Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1,
			Echo: p.clock.wire(p.now), Ranges: []nack.Range{{From: from, To: to}},
		}))
		p.step(0)
	}
	for name, c := range map[string]struct {
		then func(p *paced)
		want bool
	}{
		"it is cut short":           {func(p *paced) { p.step(linger - 1) }, true},
		"it has said how far it is": {func(p *paced) { p.reports(150) }, true},
		"it is quiet":               {func(p *paced) { p.step(linger) }, false},
		"it has them":               {func(p *paced) { p.reports(160) }, false},
		"it has all, and said so":   {func(p *paced) { p.leaves(5, p.store.Sent()) }, false},
		"it has left":               {func(p *paced) { p.leaves(5, 100) }, false},
		"it asks for what there isn't": {func(p *paced) {
			p.reports(160)
			ask(p, p.store.Next(),
				p.store.Next()+9)
		}, false},
		"it asked again": {func(p *paced) { p.step(linger); ask(p, 150, 151) },
			true},
		"they are no longer held": {func(p *paced) { p.reports(100); p.more(1000) }, false},
		"it asks after the end of them": {func(p *paced) {
			p.step(linger)
			p.Stop(p.now)
			ask(p,
				150, 160)
		}, true},
	} {
		p := newPaced(t, Config{Flow: Flow{Pace: reliable.Pace{Kind: reliable.PaceNamed,
			Names: []string{"another"}}}, Repair: Repair{Linger: linger},
			Retention: Retention{ResendBuffer: 256 << 10}})
		p.more(170)
		p.step(time.Second) // as part of catching up, or not: it is the same
		ask(p, 120, 160)
		if p.Owed() != 0 {
			t.Fatalf("%s: %d repairs are owed", name, p.Owed())
		}
		if c.then(p); p.account.stopped == reliable.Never && p.Stats().Asking != 0 {
			t.Errorf("%s: repairs were cut short before they ended", name)
		}
		p.Stop(p.now)
		list := append(p.Departed(), p.Sender.Members()...)
		if n := p.Stats().Asking; (n == 1) != c.want || n > 1 || len(list) != 1 ||
			list[0].Asks != c.want {
			t.Errorf("%s: cut short for %d, of %+v", name, n, list)
		}
	}
}
