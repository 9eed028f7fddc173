package member

import (
	"slices"
	"sort"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/topic"
)

// Work that is shared by message: what is granted, message by message, and what is told of it.

// A desk is what a member has of a partition whose messages are shared.
type desk struct {
	// known are the offsets of which it is known whose they are, but for those of items.
	known []nack.Range
	// items are the messages that are the member's, ascending.
	items []item
	// said are messages that are done or freed, ascending, until the publisher is known to know.
	said []word
	// unhanded is the number of items that were not handed out, and apart that of those that the
	// second Receiver is to bring.
	unhanded, apart int
	// asking says that the second Receiver follows the stream, for the message at asks.
	asking bool
	asks   uint64
	// begins says that the stream is to be followed from the frame seq on, and the message from.
	begins    bool
	seq, from uint64
}

// An item is a message that is granted.
type item struct {
	offset, seq uint64
	grant       *reliable.Grant
	// until is when the lease runs out, by the lease clock.
	until reliable.Time
	state itemState
	// apart says that the stream has passed it: the second Receiver brings it.
	apart bool
	// brought says that the second Receiver has.
	brought bool
	// Its time counts from worked on, by the lease clock. working says that it is to be prolonged;
	// asked is the first CLAIM that says so and isn't answered, sent at askedAt; shown says that
	// one was.
	working, shown  bool
	worked, askedAt reliable.Time
	asked           uint64
	// taken is when it was taken, and turn how many messages had been handed out by then.
	taken reliable.Time
	turn  uint64
	// freed is when it is given back, if it is released.
	freed reliable.Time
}

type itemState uint8

const (
	granted itemState = iota
	handed
	resting // it is released, and given back later
	lapsed  // its lease has run out, and it wasn't handed out
)

// A word says that a message is done, or freed, with the first CLAIM that says so; 0: none yet.
// released says that the application has freed it.
type word struct {
	offset, epoch   uint64
	freed, released bool
	request         uint64
}

// maxWords bounds the messages that are done, and of which the publisher isn't known to know.
const maxWords = 1 << 16

// find returns the place of an offset among the items, and whether it is there.
func (d *desk) find(offset uint64) (int, bool) {
	i := sort.Search(len(d.items), func(i int) bool { return d.items[i].offset >= offset })
	return i, i < len(d.items) && d.items[i].offset == offset
}

// pass returns what becomes of messages in the stream.
func (d *desk) pass(s *seat, offset uint64) (receive.Verdict, *reliable.Grant, uint64) {
	m := s.court.m
	i, ok := d.find(offset)
	next := endless
	if i < len(d.items) {
		next = d.items[i].offset
	}
	if ok {
		one := &d.items[i]
		switch {
		case one.apart || one.state == handed || one.state == resting:
			return receive.Skip, nil, offset + 1
		case one.state == lapsed && !s.silent, one.state == granted && !one.holds(s.court),
			m.leaving:
			return receive.Wait, nil, endless
		}
		to := offset + 1
		for i++; i < len(d.items) && d.items[i].offset == to && d.items[i].grant == one.grant &&
			d.items[i].state == one.state && !d.items[i].apart; i++ {
			to++
		}
		return receive.Deliver, one.grant, to
	}
	if s.silent || s.ended || s.court.nothing() {
		return receive.Skip, nil, next
	}
	for _, r := range d.known {
		if r.Contains(offset) {
			return receive.Skip, nil, min(r.To, next)
		}
	}
	return receive.Wait, nil, endless
}

// items takes a GRANT of messages, and reports whether it has any that are new.
func (c *court) items(f *frame.Frame, sent reliable.Time, newest bool) (news bool) {
	m, g := c.m, f.Grant
	for i := range g.Entries {
		e := &g.Entries[i]
		if e.Channel >= topic.MaxPartitions {
			continue
		}
		if e.State == frame.Prepare && newest {
			d := c.sit(e.Channel).open()
			d.begins, d.seq, d.from = true, e.Seq, e.From
		}
		if e.State != frame.Hold || e.To <= e.From || e.To-e.From > maxRoom {
			continue
		}
		s := c.sit(e.Channel)
		s.open()
		news = s.desk.take(s, e, f.Request, sent, newest) || news
	}
	if !newest {
		return news
	}
	for _, p := range g.Passed {
		if p.Channel < topic.MaxPartitions {
			s := c.sit(p.Channel)
			s.open().knows(m, s, nack.Range{From: p.From, To: p.Offset})
		}
	}
	for _, s := range c.seats {
		if s != nil && s.desk != nil {
			s.desk.dropLapsed(s)
			m.Wake(c.id, s.channel)
		}
	}
	return news
}

// open returns the desk of a seat.
func (s *seat) open() *desk {
	if s.desk == nil {
		s.desk = new(desk)
	}
	return s.desk
}

// knows notes that it is known whose messages are.
func (d *desk) knows(m *Member, s *seat, r nack.Range) {
	if p, ok := m.Place(s.court.id, s.channel); ok && p.Taken {
		r.From = max(r.From, min(p.Next, r.To)) // the stream has passed the others
	}
	d.known = nack.Normalize(append(d.known, r))
	if len(d.known) > maxAhead {
		d.known = slices.Delete(d.known, 0, 1)
	}
}

// take takes a grant of messages.
func (d *desk) take(s *seat, e *frame.GrantEntry, request uint64, sent reliable.Time, newest bool,
) (news bool) {
	c, m := s.court, s.court.m
	until := sent.Add(c.lease)
	if until <= m.lease() {
		m.stats.Stale++
		return false
	}
	var g *reliable.Grant
	place, heard := m.Place(c.id, s.channel)
	for offset := e.From; offset < e.To; offset++ {
		if d.isOver(offset, e.Epoch) {
			m.stats.OldEpochs++
			continue
		}
		i, ok := d.find(offset)
		if ok && d.items[i].grant.Epoch >= e.Epoch {
			if one := &d.items[i]; one.grant.Epoch == e.Epoch {
				one.extend(c, until, request)
			}
			continue
		}
		if !newest {
			continue // it may be over by now
		}
		if g == nil {
			g = &reliable.Grant{Team: m.cfg.Team, Session: reliable.SessionID(c.id),
				Partition: s.channel, Epoch: e.Epoch, From: e.From, To: e.To,
				Attempt: max(e.Attempt, 1), Worker: m.cfg.Worker}
		}
		if ok {
			d.remove(i)
		}
		one := item{offset: offset, seq: e.Seq, grant: g, until: until, worked: sent,
			taken: m.now, turn: c.turns, working: m.lease().Sub(sent) > c.workTime/4,
			apart: !heard || !place.Taken || offset < place.Next}
		d.items = slices.Insert(d.items, i, one)
		d.unhanded++
		if one.apart {
			d.apart++
		}
		m.stats.Assigned++
		c.served = true
		news = true
	}
	return news
}

// isOver reports whether a grant of a message is over by the member's own word.
func (d *desk) isOver(offset, epoch uint64) bool {
	for i := d.place(offset); i < len(d.said) && d.said[i].offset == offset; i++ {
		if w := &d.said[i]; !w.freed || w.epoch >= epoch {
			return true
		}
	}
	return false
}

// place returns the place of the first word about an offset or a later one.
func (d *desk) place(offset uint64) int {
	return sort.Search(len(d.said), func(i int) bool { return d.said[i].offset >= offset })
}

// remove takes an item out.
func (d *desk) remove(i int) {
	if one := &d.items[i]; one.state == granted || one.state == lapsed {
		d.unhanded--
		if one.apart && !one.brought {
			d.apart--
		}
	}
	d.items = slices.Delete(d.items, i, i+1)
}

// dropLapsed gives back what has lapsed: its publisher lives.
func (d *desk) dropLapsed(s *seat) {
	for i := len(d.items) - 1; i >= 0; i-- {
		if one := &d.items[i]; one.state == lapsed {
			d.drop(s, i)
		}
	}
}

// follow follows the stream, once the publisher has said from where on, and reports whether it is
// followed, or over.
func (d *desk) follow(s *seat) bool {
	c, m := s.court, s.court.m
	p, ok := m.Place(c.id, s.channel)
	switch {
	case ok && p.Taken && (!d.begins || d.from >= p.Next):
		d.begins = false
		return true
	case d.begins:
		if ok && p.Taken { // the team begins earlier than it did: nothing was granted
			d.known = nil
		}
		d.begins = !m.Take(m.now, c.id, s.channel, d.seq, d.from)
		return !d.begins
	}
	return ok && p.Over
}

// follow follows all streams of a session whose messages are shared. The member has room for
// messages as long as it follows all.
func (c *court) follow(life *receive.Life) {
	m := c.m
	follows := life.Known && m.now < life.SilentAt // what it doesn't hear it doesn't follow
	if m.leaving || c.stamp == 0 {
		return
	}
	if !life.Known { // how many streams there are
		m.Inquire(m.now, c.id)
	}
	for channel := uint32(0); life.Known && channel < uint32(life.Partitions); channel++ {
		s := c.sit(channel)
		follows = s.open().follow(s) && follows
	}
	if follows != c.follows {
		c.follows = follows
		c.soon()
	}
}

// advance lets time pass.
func (d *desk) advance(s *seat, life *receive.Life) {
	m := s.court.m
	for i := len(d.items) - 1; i >= 0; i-- {
		one := &d.items[i]
		switch {
		case one.state == resting && m.now >= one.freed:
			d.giveBack(s, i, true)
		case one.state == granted && m.lease() >= one.until && !one.grant.Orphan:
			one.state = lapsed
			m.stats.Lapsed++
			if s.silent {
				s.orphaned()
			}
		case one.state == granted && !one.grant.Orphan && one.stuck(s.court):
			d.drop(s, i)
			m.Wake(s.court.id, s.channel)
		case one.tires(s.court):
			one.working = true
			s.court.by(m.now.Add(s.court.gather()))
		}
	}
	if p, ok := m.Place(s.court.id, s.channel); ok && (p.Ends || p.Over) && m.now >= life.SilentAt &&
		!s.silent && !s.awaits {
		s.orphaned()
	}
}

// orphans has what was granted and isn't handed out delivered, or reported: its publisher is
// silent.
func (d *desk) orphans(s *seat) {
	c, m := s.court, s.court.m
	s.silent = true
	for i := 0; i < len(d.items); i++ {
		one := &d.items[i]
		if one.state != lapsed || one.grant.Orphan {
			continue
		}
		g := *one.grant
		g.Orphan = true
		one.grant = &g
		p, _ := m.Place(c.id, s.channel)
		if m.cfg.Orphans == reliable.OrphansReport || one.apart || one.offset < p.Next {
			ev := m.announce(c, s.channel, reliable.Loss)
			ev.Grant, ev.Seq, ev.Cause = one.grant, one.seq, reliable.CauseSilent
			ev.Lost.From, ev.Lost.To = one.offset, one.offset+1
			m.stats.OrphansReported++
		}
	}
	m.Wake(c.id, s.channel)
}

// deadline returns when to call advance.
func (d *desk) deadline(s *seat) reliable.Time {
	at := reliable.Never
	for i := range d.items {
		one := &d.items[i]
		switch one.state {
		case granted:
			at = min(at, one.until.Add(-s.court.m.shift))
		case resting:
			at = min(at, one.freed)
		}
		if one.mayTire() {
			at = min(at, one.worked.Add(s.court.workTime/4+1-s.court.m.shift))
		}
	}
	return at
}

// lease returns when the last lease of an item runs out.
func (d *desk) lease() (until reliable.Time) {
	for i := range d.items {
		until = max(until, d.items[i].until)
	}
	return until
}

// works reports whether something is in hand that is still the member's.
func (d *desk) works(c *court) bool {
	return slices.ContainsFunc(d.items, func(one item) bool {
		return one.state == handed && !one.grant.Orphan && one.holds(c)
	})
}

// free gives back what wasn't handed out, or all.
func (d *desk) free(s *seat, all bool) {
	for i := len(d.items) - 1; i >= 0; i-- {
		if one := &d.items[i]; one.state != handed || all {
			d.giveBack(s, i, one.state == resting)
		}
	}
}
