package reliable

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// leaves is the last word of a subscriber.
func (p *paced) leaves(id, position uint64) {
	from := receiverAddr
	if m := p.members.byID[id]; m != nil {
		from = m.Addr
	}
	p.Handle(p.now, from, &frame.Frame{Kind: frame.Status, Session: 0xabc, Subscriber: id, Position: position, Flags: frame.Leaving})
}

// Who left with all that was sent lacks nothing; who left before, was not heard any more,
// or is left behind does, and is remembered with how far it was. One that comes back is
// no longer among those that went.
func TestWhoLacksSomething(t *testing.T) {
	p := newPaced(t, SenderConfig{Pace: Pace{Kind: PaceSlowest}})
	for id := uint64(6); id <= 8; id++ {
		p.another(id, 0)
	}
	p.more(100)
	p.leaves(5, p.sent)
	p.leaves(6, 60)
	gone := p.Departed()
	if len(gone) != 2 || gone[0].Lacks || gone[0].Lag != 0 || !gone[1].Lacks || !gone[1].Left || gone[1].Position != 60 || gone[1].Lag == 0 || gone[1].Offset+gone[1].Lag != p.nextOffset {
		t.Errorf("%+v", gone)
	}
	p.another(7, 70)
	for range 40 { // the others are not heard for long
		p.step(time.Second)
		p.another(8, p.sent)
	}
	gone = p.Departed()
	if len(gone) != 3 || gone[2].ID != 7 || gone[2].Left || !gone[2].Departed || !gone[2].Lacks {
		t.Errorf("%+v", gone)
	}
	if n := p.Stats().Lacking; n != 2 {
		t.Errorf("%d subscribers lack something, want 2", n)
	}
	p.another(7, p.sent)
	if n := p.Stats().Lacking; n != 1 || len(p.Departed()) != 2 {
		t.Errorf("%d subscribers lack something after one came back, and %d went", n, len(p.Departed()))
	}
}

// Where a quorum is enough, nobody lacks anything once that many have all.
func TestAQuorumIsEnough(t *testing.T) {
	p := newPaced(t, SenderConfig{Pace: Pace{Kind: PaceQuorum, Quorum: 2}})
	for id := uint64(6); id <= 8; id++ {
		p.another(id, 0)
	}
	p.more(100)
	p.leaves(5, 20)
	p.leaves(6, p.sent)
	if n := p.Stats().Lacking; n != 3 {
		t.Errorf("%d lack something, want 3: one has all", n)
	}
	p.another(7, p.sent)
	if n := p.Stats().Lacking; n != 0 || p.Departed()[0].Lacks || p.Members()[1].Lacks {
		t.Errorf("%d lack something, and two have all", n)
	}
}

// Those that went are remembered up to a bound, and who lacks something longest.
func TestDepartedAreBounded(t *testing.T) {
	var d departed
	d.add(departedMember{Member: Member{ID: 1, Lacks: true}})
	for id := uint64(2); id < 2*maxDeparted; id++ {
		d.add(departedMember{Member: Member{ID: id}})
	}
	if len(d.rows) != maxDeparted || d.rows[0].ID != 1 || d.lacking != 0 {
		t.Errorf("%d rows, the first of %d, %d forgotten", len(d.rows), d.rows[0].ID, d.lacking)
	}
	for id := range uint64(maxDeparted) {
		d.add(departedMember{Member: Member{ID: 1000 + id, Lacks: true}})
	}
	if len(d.rows) != maxDeparted || d.lacking != 1 {
		t.Errorf("%d rows, %d forgotten that lack something", len(d.rows), d.lacking)
	}
}

// What the kernel refused has left once it is repeated; a BYE that it refused was not
// said.
func TestWhatTheKernelRefused(t *testing.T) {
	p := newPaced(t, SenderConfig{})
	refuse := true
	sends := func() {
		for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
			if refuse {
				b.Refused, b.RefusedBytes = uint64(b.Datagrams()), uint64(len(b.Data))
			}
			p.Sent(b)
		}
	}
	for range 10 {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
	}
	sends()
	p.now = p.now.Add(time.Millisecond)
	if n := p.Stats().NeverLeft; n != 10 {
		t.Fatalf("%d frames never left, want 10", n)
	}
	first := p.sent - 10
	asks := func() {
		p.Handle(p.now, receiverAddr, made(t, frame.Frame{
			Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.sessionTime(p.now),
			Ranges: []nack.Range{{From: first, To: first + 4}},
		}))
	}
	asks()
	if n := p.Owed(); n != 4 {
		t.Errorf("%d repairs are owed, want 4", n)
	}
	sends()
	if n := p.Stats().NeverLeft; n != 10 {
		t.Errorf("%d frames never left, after their repairs were refused too", n)
	}
	repaired := func() uint64 { return p.Members()[0].Repaired }
	if n := p.Stats().Refused; n != 14 {
		t.Errorf("%d frames were refused, want 10 and 4 repairs: heartbeats have none", n)
	}
	if n := repaired(); n != 0 {
		t.Errorf("%d frames were repaired for the subscriber, though the kernel refused them", n)
	}
	refuse, p.now = false, p.now.Add(time.Second)
	asks()
	sends()
	if n := p.Stats().NeverLeft; n != 6 || p.Owed() != 0 {
		t.Errorf("%d frames never left, want 6; %d repairs are owed", n, p.Owed())
	}
	if n := repaired(); n != 4 {
		t.Errorf("%d frames were repaired for the subscriber, want 4", n)
	}
	refuse = true
	p.Close(p.now)
	sends()
	if p.Stats().EndLeft {
		t.Error("a refused BYE counts as said")
	}
	refuse, p.now = false, p.now.Add(10*time.Millisecond)
	if sends(); !p.Stats().EndLeft {
		t.Error("BYE was said")
	}
}

// A repair is owed to who may still need it only.
func TestNothingIsOwedToWhoHasIt(t *testing.T) {
	p := newPaced(t, SenderConfig{RepairFloor: 1})
	p.another(6, 0)
	p.more(200)
	p.Handle(p.now, receiverAddr, made(t, frame.Frame{
		Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.sessionTime(p.now), Ranges: []nack.Range{{From: 150, To: 190}},
	}))
	if n := p.Owed(); n != 40 {
		t.Errorf("%d repairs are owed, want 40", n)
	}
	p.reports(170)
	if n := p.Owed(); n != 20 {
		t.Errorf("%d repairs are owed, want 20", n)
	}
}

// However many batches in a row the kernel refused, as while a link was down, they have
// left once they are repeated, in whatever order.
func TestALongRefusalIsMadeUpFor(t *testing.T) {
	var u unsent
	const n = 3 * maxUnsent
	for seq := range uint64(n) {
		u.note(Batch{frames: 1, Refused: 1}, seq)
	}
	if u.frames != n || len(u.runs) != 1 {
		t.Fatalf("%d frames never left, in %d runs; want %d in one", u.frames, len(u.runs), n)
	}
	for seq := uint64(100); seq < 200; seq++ {
		u.repeated(seq)
	}
	u.note(Batch{frames: 2, Refused: 2}, n)
	if u.frames != n-98 || len(u.runs) != 2 {
		t.Errorf("%d frames never left, in %d runs; want %d in 2", u.frames, len(u.runs), n-98)
	}
	for seq := range uint64(n + 2) {
		u.repeated(seq)
	}
	if u.frames != 0 || len(u.runs) != 0 {
		t.Errorf("%d frames never left, in %d runs, after all were repeated", u.frames, len(u.runs))
	}
}

// Repairs are cut short for who asked within the last linger time before they ended, and
// hasn't said since that it has what it asked for; not for who asks for what isn't held.
func TestForWhomRepairsAreCutShort(t *testing.T) {
	const linger = time.Second
	ask := func(p *paced, from, to uint64) {
		p.Handle(p.now, receiverAddr, made(t, frame.Frame{
			Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.sessionTime(p.now), Ranges: []nack.Range{{From: from, To: to}},
		}))
		p.step(0)
	}
	for name, c := range map[string]struct {
		then func(p *paced)
		want bool
	}{
		"it is cut short":               {func(p *paced) { p.step(linger - 1) }, true},
		"it has said how far it is":     {func(p *paced) { p.reports(150) }, true},
		"it is quiet":                   {func(p *paced) { p.step(linger) }, false},
		"it has them":                   {func(p *paced) { p.reports(160) }, false},
		"it has all, and said so":       {func(p *paced) { p.leaves(5, p.sent) }, false},
		"it has left":                   {func(p *paced) { p.leaves(5, 100) }, false},
		"it asks for what there isn't":  {func(p *paced) { p.reports(160); ask(p, p.next, p.next+9) }, false},
		"it asked again":                {func(p *paced) { p.step(linger); ask(p, 150, 151) }, true},
		"they are no longer held":       {func(p *paced) { p.reports(100); p.more(1000) }, false},
		"it asks after the end of them": {func(p *paced) { p.step(linger); p.Stop(p.now); ask(p, 150, 160) }, true},
	} {
		p := newPaced(t, SenderConfig{Pace: Pace{Kind: PaceNamed, Names: []string{"another"}}, Linger: linger, ResendBuffer: 256 << 10})
		p.more(170)
		p.step(time.Second) // as part of catching up, or not: it is the same
		ask(p, 120, 160)
		if p.Owed() != 0 {
			t.Fatalf("%s: %d repairs are owed", name, p.Owed())
		}
		if c.then(p); p.stopped == Never && p.Stats().Asking != 0 {
			t.Errorf("%s: repairs were cut short before they ended", name)
		}
		p.Stop(p.now)
		list := append(p.Departed(), p.Members()...)
		if n := p.Stats().Asking; (n == 1) != c.want || n > 1 || len(list) != 1 || list[0].Asks != c.want {
			t.Errorf("%s: cut short for %d, of %+v", name, n, list)
		}
	}
}
