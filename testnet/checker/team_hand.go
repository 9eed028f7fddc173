package checker

import (
	"bytes"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// What members hand out, and what their applications do with it.

// leaseSlack is how far the Checker's lease clock may be from a machine's, which is in whole
// nanoseconds of its own.
const leaseSlack = time.Millisecond / 1000

// event follows what a member of a team is told.
func (x *teams) event(sub *world.Subscriber, ev *reliable.Event) {
	switch ev.Kind {
	case reliable.Message:
		x.handed(sub, ev)
	case reliable.Loss:
		x.lost(sub, ev)
	case reliable.Assigned, reliable.Revoking, reliable.Revoked:
		x.tenure(sub, ev)
	}
}

// tenure judges what a member is told of a grant of a partition.
func (x *teams) tenure(sub *world.Subscriber, ev *reliable.Event) {
	x.c.tally.Events[ev.Kind]++
	if ev.Grant == nil {
		x.c.fail("%v is told that partition %d of session %v is %v, and of which grant isn't", sub,
			ev.Partition, ev.Session, ev.Kind)
		return
	}
	t := x.find(ev.Session, ev.Grant.Team)
	if t == nil || t.part(ev.Partition) == nil || t.share != frame.ByPartition {
		return
	}
	r := t.part(ev.Partition).right(ev.Grant.Epoch)
	if r == nil || r.seat != t.seatOf(sub.ID()) {
		t.fail("%v is told that partition %d is %v under epoch %d, which it wasn't granted", sub,
			ev.Partition, ev.Kind, ev.Grant.Epoch)
		return
	}
	if (ev.Kind == reliable.Assigned) == r.assigned || r.revoked {
		t.fail("%v is told that partition %d is %v under epoch %d: it was assigned %v, revoked %v",
			sub, ev.Partition, ev.Kind, r.epoch, r.assigned, r.revoked)
	}
	r.assigned, r.revoked = true, r.revoked || ev.Kind == reliable.Revoked
}

// handed judges a message that a member hands out.
func (x *teams) handed(sub *world.Subscriber, ev *reliable.Event) {
	g := ev.Grant
	if g == nil {
		x.c.fail("%v is in a team, and hands out offset %d of session %v without a grant", sub,
			ev.Offset, ev.Session)
		return
	}
	t := x.find(ev.Session, g.Team)
	if t == nil || t.seatOf(sub.ID()) == nil || t.part(ev.Partition) == nil {
		x.c.fail("%v hands out offset %d of session %v for team %s, and never claimed any of it",
			sub, ev.Offset, ev.Session, g.Team)
		return
	}
	m, p := t.seatOf(sub.ID()), t.part(ev.Partition)
	w := p.at(ev.Offset)
	if w == nil {
		t.fail("%v hands out offset %d of partition %d, and the team begins at %d", sub, ev.Offset,
			ev.Partition, p.begin)
		return
	}
	if !bytes.Equal(ev.Payload, p.s.Payload(ev.Offset)) ||
		!bytes.Equal(ev.Properties, p.s.Properties(ev.Offset)) || p.s.Dropped(ev.Offset) {
		t.fail("%v hands out offset %d of partition %d, which isn't as it was accepted", sub,
			ev.Offset, ev.Partition)
	}
	r := p.of(m, g.Epoch)
	if r == nil || !r.came {
		t.fail("%v hands out offset %d of partition %d under epoch %d, which it wasn't granted",
			sub, ev.Offset, ev.Partition, g.Epoch)
		return
	}
	p.judgeRight(m, r, ev, w)
	p.judgeRepeat(m, r, ev, w)
	if t.share == frame.ByPartition {
		p.judgeTenure(m, r, ev)
	}
	t.tally.Handed++
	w.handed++
	w.last, w.orphan = r, g.Orphan
}

// judgeRight asks whether a member may hand out a message now.
func (p *portion) judgeRight(m *seat, r *right, ev *reliable.Event, w *work) {
	if ev.Grant.Orphan {
		p.tally.Orphans++
		return
	}
	until := r.until
	if p.share == frame.ByMessage && w.right == r { // else it has been granted anew
		until = w.until
	}
	if now := p.clock(m.sub); now > until.Add(leaseSlack) {
		p.fail("%v hands out offset %d of partition %d under epoch %d, %v after its lease was over",
			m.sub, ev.Offset, ev.Partition, r.epoch, now.Sub(until))
	}
	if r.released {
		p.fail("%v hands out offset %d of partition %d under epoch %d, which it has given back",
			m.sub, ev.Offset, ev.Partition, r.epoch)
	}
}

// judgeRepeat asks whether a message that was handed out before is marked.
func (p *portion) judgeRepeat(m *seat, r *right, ev *reliable.Event, w *work) {
	g := ev.Grant
	marked := g.Attempt > 1 || g.Orphan
	if marked {
		p.tally.Marked++
	}
	if g.Attempt == 0 {
		p.fail("%v hands out offset %d of partition %d as attempt 0", m.sub, ev.Offset,
			ev.Partition)
	}
	if p.share == frame.ByMessage && !g.Orphan {
		if bit := uint64(1) << (g.Attempt % 64); w.told&bit != 0 {
			p.fail("%v hands out offset %d of partition %d as attempt %d, as %v did", m.sub,
				ev.Offset, ev.Partition, g.Attempt, w.last.seat.sub)
		} else {
			w.told |= bit
		}
	}
	if w.handed == 0 {
		return
	}
	p.tally.Repeated++
	if !marked {
		p.fail("%v hands out offset %d of partition %d under epoch %d unmarked, and %v did under "+
			"epoch %d", m.sub, ev.Offset, ev.Partition, r.epoch, w.last.seat.sub, w.last.epoch)
	}
	if g.Orphan || p.share == frame.ByMessage {
		return
	}
	if w.last == r {
		return // which its order says
	}
	if w.last.graceful && !w.orphan {
		p.fail("%v hands out offset %d of partition %d, and %v, which did so, has given it back",
			m.sub, ev.Offset, ev.Partition, w.last.seat.sub)
	}
	r.repeats++
	if r.window = max(r.window, w.last.seat.window); r.repeats > r.window {
		p.fail("%v hands out %d messages of partition %d again: the window of those that had it is "+
			"%d", m.sub, r.repeats, ev.Partition, r.window)
	}
}

// judgeTenure asks whether a message is the next one of a tenure, and within the window.
func (p *portion) judgeTenure(m *seat, r *right, ev *reliable.Event) {
	if ev.Grant.Orphan {
		if r.begun && ev.Offset < r.next {
			p.fail("%v hands out offset %d of partition %d as an orphan, and %d comes next", m.sub,
				ev.Offset, ev.Partition, r.next)
		}
		r.begun, r.next = true, ev.Offset+1
		return
	}
	if !r.assigned || r.revoked {
		p.fail("%v hands out offset %d of partition %d under epoch %d, and its application was told "+
			"that it has it %v, and has it no longer %v", m.sub, ev.Offset, ev.Partition, r.epoch,
			r.assigned, r.revoked)
	}
	if p.latest != nil && p.latest.epoch > r.epoch {
		p.fail("%v hands out offset %d of partition %d under epoch %d, and %v has begun under %d",
			m.sub, ev.Offset, ev.Partition, r.epoch, p.latest.seat.sub, p.latest.epoch)
	} else {
		p.latest = r
	}
	if ev.Offset >= r.confirmed+m.window {
		p.fail("%v hands out offset %d of partition %d, and what is confirmed ends at %d: the "+
			"window is %d", m.sub, ev.Offset, ev.Partition, r.confirmed, m.window)
	}
	p.follow(m, r, ev.Offset, ev.Offset+1)
}

// follow asks whether messages come next in a tenure.
func (p *portion) follow(m *seat, r *right, from, to uint64) {
	want := r.next
	if !r.begun {
		want = r.from
	}
	_, open := p.open(want, from)
	if from < want || open {
		p.fail("%v is told of offset %d of partition %d under epoch %d, and %d comes next", m.sub,
			from, p.s.Partition, r.epoch, want)
	}
	r.begun, r.next = true, to
}

// lost follows a loss that a member is told of: it is the team's only where it has a right to it.
func (x *teams) lost(sub *world.Subscriber, ev *reliable.Event) {
	g := ev.Grant
	if g == nil {
		return
	}
	t := x.find(ev.Session, g.Team)
	if t == nil || t.seatOf(sub.ID()) == nil || t.part(ev.Partition) == nil {
		return
	}
	m, p := t.seatOf(sub.ID()), t.part(ev.Partition)
	r := p.of(m, g.Epoch)
	if r == nil {
		return
	}
	if t.share == frame.ByPartition {
		if !r.has() {
			return
		}
		p.follow(m, r, ev.Lost.From, ev.Lost.To)
	}
	for o := max(ev.Lost.From, p.begin); o < ev.Lost.To; o++ {
		if w := p.at(o); w != nil {
			w.lost = true
			t.tally.Lost++
		}
	}
}

// finished follows what an application has done. What is done counts, whoever may have it by now.
func (x *teams) finished(sub *world.Subscriber, g *reliable.Grant, offset uint64, _ error) {
	t := x.find(g.Session, g.Team)
	if t == nil || t.part(g.Partition) == nil {
		return
	}
	if w := t.part(g.Partition).at(offset); w != nil {
		w.done = true
	}
	if m := t.seatOf(sub.ID()); m != nil {
		// A quarter of the window is told at once. By message the last one in hand is, too.
		quarter := max(m.window, 4)
		if t.share == frame.ByMessage {
			quarter = 4
		}
		m.says.give(4 * claimCost / time.Duration(quarter))
		m.gets.give(4 * grantCost / time.Duration(quarter))
	}
}
