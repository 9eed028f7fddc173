package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// What publishers grant, and what members get of it.

// The budget of GRANTs to a member by partition: an answer to each CLAIM, and what is told by
// itself.
const (
	grantCost  = 4 * time.Millisecond
	grantBurst = time.Second
)

// granted judges a GRANT that a publisher sends.
func (x *teams) granted(d *world.Datagram) {
	f, b := d.Frame, d.Frame.Grant
	t := x.find(d.Session.ID, string(b.Team))
	if t == nil {
		x.c.fail("%v sends a GRANT to team %s, which nobody is in", d.Publisher, b.Team)
		return
	}
	m := t.seatOf(f.Subscriber)
	if m == nil {
		t.fail("a GRANT is sent to subscriber %016x, which isn't a member", f.Subscriber)
		return
	}
	t.tally.Grants++
	c := m.claim(f.Request)
	if c == nil || !c.heard {
		if len(b.Entries) > 0 {
			t.fail("a GRANT to %v answers the request %d, which wasn't heard", m.sub, f.Request)
		}
		return
	}
	if b.Share == frame.ByMessage {
		t.grantMessages(m, c, b)
		return
	}
	if !m.gets.take(x.c.w.Now(), grantCost, grantBurst) {
		t.fail("GRANTs are sent to %v more often than each %v", m.sub, grantCost)
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		p := t.part(e.Channel)
		if p == nil {
			t.fail("partition %d is granted, which there isn't", e.Channel)
			continue
		}
		if e.State != frame.Prepare {
			p.grant(m, c, b, e)
		}
	}
}

// grant judges the grant of a partition.
func (p *portion) grant(m *seat, c *claim, b *frame.GrantBody, e *frame.GrantEntry) {
	r := p.right(e.Epoch)
	if r == nil {
		from := confirmedBy(b, e)
		r = &right{seat: m, epoch: e.Epoch, from: from, granted: p.c.w.Now()}
		p.judgeEpoch(m, e)
		if o, ok := p.open(p.begin, from); ok {
			p.fail("%v is granted partition %d from offset %d on, and %d isn't done", m.sub,
				e.Channel, from, o)
		}
		if n := len(p.rights); n > 0 && p.rights[n-1].graceful && from < p.rights[n-1].back {
			p.fail("%v is granted partition %d from offset %d on, and it was given back with all "+
				"done up to %d", m.sub, e.Channel, from, p.rights[n-1].back)
		}
		p.add(r)
	}
	if r.seat != m {
		p.fail("partition %d is granted under epoch %d to %v, and was to %v", e.Channel, e.Epoch,
			m.sub, r.seat.sub)
	}
	r.extended = max(r.extended, c.received.Add(b.Lease+b.Lease/16))
	if done := confirmedBy(b, e); done > r.from {
		if o, ok := p.open(r.from, done); ok {
			p.fail("partition %d is confirmed as done up to offset %d, and %d isn't", e.Channel,
				done, o)
		}
	}
}

// judgeEpoch asks whether a new epoch is above all others.
func (p *portion) judgeEpoch(m *seat, e *frame.GrantEntry) {
	if e.Epoch == 0 {
		p.fail("partition %d is granted to %v under epoch 0", e.Channel, m.sub)
	}
	if n := len(p.rights); n > 0 && p.rights[n-1].epoch >= e.Epoch {
		p.fail("partition %d is granted to %v under epoch %d, and epoch %d was before",
			e.Channel, m.sub, e.Epoch, p.rights[n-1].epoch)
	}
	if e.Epoch <= p.least {
		p.fail("partition %d is granted to %v under epoch %d, and epoch %d was saved", e.Channel,
			m.sub, e.Epoch, p.least)
	}
	for _, o := range p.list {
		if o == p.team || o.pub != p.pub || o.name != p.name || o.session == p.session ||
			int(e.Channel) >= len(o.parts) || o.parts[e.Channel] == nil {
			continue
		}
		if before := o.parts[e.Channel].rights; len(before) > 0 &&
			before[len(before)-1].epoch >= e.Epoch {
			p.fail("partition %d is granted to %v under epoch %d, and session %v had epoch %d",
				e.Channel, m.sub, e.Epoch, o.session, before[len(before)-1].epoch)
		}
	}
}

// grantMessages judges a GRANT of messages.
func (t *team) grantMessages(m *seat, c *claim, b *frame.GrantBody) {
	held := uint64(0)
	for i := range b.Entries {
		e := &b.Entries[i]
		p := t.part(e.Channel)
		if e.State == frame.Prepare { // where it is to follow the channel from on
			if p == nil || e.From > p.s.NextOffset() {
				t.fail("partition %d is to be followed from %d on, which isn't there", e.Channel,
					e.From)
			}
			continue
		}
		if p == nil || e.To <= e.From || e.To > p.s.NextOffset() {
			t.fail("messages [%d, %d) of partition %d are granted, which there aren't", e.From, e.To,
				e.Channel)
			continue
		}
		if e.Epoch == 0 {
			t.fail("messages [%d, %d) of partition %d are granted under epoch 0", e.From, e.To,
				e.Channel)
		}
		r := p.of(m, e.Epoch)
		if r == nil {
			r = &right{seat: m, epoch: e.Epoch, from: e.From, granted: t.c.w.Now()}
			p.add(r)
		}
		r.extended = max(r.extended, c.received.Add(b.Lease+b.Lease/16))
		for o := e.From; o < e.To; o++ {
			w := p.at(o)
			if w == nil {
				t.fail("offset %d of partition %d is granted, and the team begins at %d", o,
					e.Channel, p.begin)
				continue
			}
			held++
			p.grantMessage(m, r, e, o, w)
		}
	}
	if m.room > 0 && held > uint64(m.room) {
		t.fail("%v is granted %d messages, and has room for %d", m.sub, held, m.room)
	}
}

// grantMessage judges the grant of a message.
func (p *portion) grantMessage(m *seat, r *right, e *frame.GrantEntry, o uint64, w *work) {
	if w.right == r {
		return
	}
	if w.right != nil && w.right.epoch >= e.Epoch {
		p.fail("offset %d of partition %d is granted under epoch %d, and epoch %d was before", o,
			e.Channel, e.Epoch, w.right.epoch)
	}
	if e.Attempt <= w.attempt {
		p.fail("offset %d of partition %d is granted as attempt %d, and attempt %d was before", o,
			e.Channel, e.Attempt, w.attempt)
	}
	if w.heard || w.givenUp {
		p.fail("offset %d of partition %d is granted to %v, and is done %v, given up %v", o,
			e.Channel, m.sub, w.heard, w.givenUp)
	}
	w.right, w.attempt, w.freed, w.until = r, e.Attempt, false, 0
}

// came follows a GRANT that reaches a member: its rights are what it says.
func (x *teams) came(d *world.Datagram, sub *world.Subscriber) {
	f, b := d.Frame, d.Frame.Grant
	t := x.find(d.Session.ID, string(b.Team))
	if t == nil || sub.ID() != f.Subscriber {
		return
	}
	m := t.seatOf(f.Subscriber)
	c := m.claim(f.Request)
	if c == nil {
		return // so old that the lease is over
	}
	until := c.sent.Add(b.Lease)
	for i := range b.Entries {
		e := &b.Entries[i]
		p := t.part(e.Channel)
		if p == nil || e.State == frame.Prepare {
			continue
		}
		r := p.of(m, e.Epoch)
		if r == nil {
			continue // it was judged when it was sent
		}
		if b.Share == frame.ByMessage {
			for o := e.From; o < e.To; o++ {
				if w := p.at(o); w != nil && w.right == r {
					w.until = max(w.until, until)
				}
			}
			r.came, r.until = true, max(r.until, until)
			continue
		}
		if !r.came {
			r.came = true
		}
		r.until, r.confirmed = max(r.until, until), max(r.confirmed, confirmedBy(b, e))
		p.judgeExclusive(r)
	}
}

// confirmedBy returns the first offset that a GRANT lists under an entry's epoch.
func confirmedBy(b *frame.GrantBody, e *frame.GrantEntry) uint64 {
	from := e.From
	for i := range b.Entries {
		if o := &b.Entries[i]; o.Channel == e.Channel && o.Epoch == e.Epoch {
			from = min(from, o.From)
		}
	}
	return from
}

// judgeExclusive asks whether a member that has a right to a partition is the only one.
func (p *portion) judgeExclusive(r *right) {
	if !r.has() {
		return
	}
	for i := len(p.rights) - 1; i >= 0; i-- {
		if o := p.rights[i]; o != r && o.seat != r.seat && o.has() {
			p.fail("partition %d is %v's under epoch %d until %s by its clock, and %v's under "+
				"epoch %d until %s by its own", p.s.Partition, r.seat.sub, r.epoch,
				world.Stamp(r.until), o.seat.sub, o.epoch, world.Stamp(o.until))
		}
	}
}

// told follows what a publisher tells of its teams.
func (x *teams) told(p *world.Publisher, ev *reliable.TeamEvent) {
	if p.Session() == nil {
		return
	}
	t := x.find(p.Session().ID, ev.Team)
	if t == nil || ev.Kind != reliable.MessageGivenUp {
		return
	}
	part := t.part(ev.Partition)
	if part == nil || part.at(ev.Offset) == nil {
		t.fail("offset %d of partition %d is given up, which there isn't", ev.Offset, ev.Partition)
		return
	}
	w := part.at(ev.Offset)
	if w.heard {
		t.fail("offset %d of partition %d is given up, and is done", ev.Offset, ev.Partition)
	}
	if w.givenUp = true; ev.Attempt < w.attempt {
		t.fail("offset %d of partition %d is given up after %d attempts, and had %d", ev.Offset,
			ev.Partition, ev.Attempt, w.attempt)
	}
	t.tally.GivenUp++
}
