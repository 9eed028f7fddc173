package member

import (
	"bytes"
	"net/netip"
	"slices"
	"sort"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// Work that is shared by message: what is granted, message by message, and what is told of it.

// A desk is what a member has of a partition whose messages are shared.
type desk struct {
	// known are the offsets of which it is known whose they are, but for those of items.
	known []nack.Range
	// items are the messages that are the member's, ascending.
	items []item
	// said are messages that are done or freed, until the publisher is known to know.
	said []word
	// unhanded is the number of items that were not handed out, and apart that of those that the
	// second Receiver is to bring.
	unhanded, apart int
	// asking says that the second Receiver follows the stream.
	asking bool
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
	// working says that its time is to be prolonged, and worked when it last was.
	working bool
	worked  reliable.Time
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
type word struct {
	offset, epoch uint64
	freed         bool
	request       uint64
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
		case one.state == lapsed && !s.silent, one.state == granted && m.lease() >= one.until,
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
	if s.silent || s.ended {
		return receive.Skip, nil, next
	}
	for _, r := range d.known {
		if r.Contains(offset) {
			return receive.Skip, nil, min(r.To, next)
		}
	}
	return receive.Wait, nil, endless
}

// passApart returns what becomes of messages that the second Receiver brings.
func (d *desk) passApart(s *seat, offset uint64) (receive.Verdict, *reliable.Grant, uint64) {
	i, _ := d.find(offset)
	for ; i < len(d.items); i++ {
		if one := &d.items[i]; one.apart && !one.brought && one.state == granted {
			if one.offset > offset {
				return receive.Skip, nil, one.offset
			}
			return receive.Deliver, one.grant, offset + 1
		}
	}
	return receive.Wait, nil, endless
}

// items takes a GRANT of messages, and reports whether it has any that are new.
func (c *court) items(f *frame.Frame, until reliable.Time, newest bool) (news bool) {
	m, g := c.m, f.Grant
	for i := range g.Entries {
		e := &g.Entries[i]
		if e.State != frame.Hold || e.To <= e.From || e.To-e.From > maxRoom {
			continue
		}
		s := c.sit(e.Channel)
		if s.desk == nil {
			s.desk = new(desk)
		}
		news = s.desk.take(s, e, until, newest) || news
	}
	if !newest {
		return news
	}
	for _, p := range g.Passed {
		s := c.sit(p.Channel)
		if s.desk == nil {
			s.desk = new(desk)
		}
		s.desk.knows(m, s, nack.Range{From: p.From, To: p.Offset})
	}
	for _, s := range c.seats {
		if s != nil && s.desk != nil {
			s.desk.dropLapsed()
			s.desk.listen(s)
			m.Wake(c.id, s.channel)
		}
	}
	return news
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
func (d *desk) take(s *seat, e *frame.GrantEntry, until reliable.Time, newest bool) (news bool) {
	c, m := s.court, s.court.m
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
			if one := &d.items[i]; one.grant.Epoch == e.Epoch && one.state != lapsed {
				one.until = max(one.until, until)
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
		one := item{offset: offset, seq: e.Seq, grant: g, until: until, worked: m.now,
			apart: !heard || !place.Taken || offset < place.Next}
		d.items = slices.Insert(d.items, i, one)
		d.unhanded++
		if one.apart {
			d.apart++
		}
		m.stats.Assigned++
		news = true
	}
	return news
}

// isOver reports whether a grant of a message is over by the member's own word.
func (d *desk) isOver(offset, epoch uint64) bool {
	for i := range d.said {
		if w := &d.said[i]; w.offset == offset && (!w.freed || w.epoch >= epoch) {
			return true
		}
	}
	return false
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

// dropLapsed forgets what has lapsed: its publisher lives.
func (d *desk) dropLapsed() {
	for i := len(d.items) - 1; i >= 0; i-- {
		if one := &d.items[i]; one.state == lapsed {
			r := nack.Range{From: one.offset, To: one.offset + 1}
			d.remove(i)
			d.known = nack.Normalize(append(d.known, r))
		}
	}
}

// listen follows the stream, once it is known where it is.
func (d *desk) listen(s *seat) {
	c, m := s.court, s.court.m
	p, ok := m.Place(c.id, s.channel)
	if m.leaving || !ok || p.Taken || p.Over {
		return
	}
	if p.Heard {
		m.Take(m.now, c.id, s.channel, p.Seq, p.Next)
	} else {
		m.Listen(m.now, c.id, s.channel)
	}
}

// listen follows all streams of a session whose messages are shared.
func (c *court) listen(life *receive.Life) {
	for channel := range uint32(life.Partitions) {
		s := c.sit(channel)
		if s.desk == nil {
			s.desk = new(desk)
		}
		s.desk.listen(s)
	}
}

// hand reports whether a message, or a Loss, may be handed out.
func (d *desk) hand(s *seat, ev *reliable.Event) bool {
	m := s.court.m
	if ev.Kind == reliable.Loss {
		any := false
		for offset := ev.Lost.From; offset < ev.Lost.To; offset++ {
			if i, ok := d.find(offset); ok && d.items[i].grant.Epoch == ev.Grant.Epoch {
				if orphan := d.items[i].grant.Orphan; !orphan {
					d.say(s, offset, ev.Grant.Epoch, false)
				}
				d.remove(i)
				any = true
			}
		}
		return any
	}
	i, ok := d.find(ev.Offset)
	if !ok {
		return false
	}
	one := &d.items[i]
	if one.grant != ev.Grant || one.state != granted && !(one.state == lapsed && s.silent) ||
		m.leaving || !one.grant.Orphan && m.lease() >= one.until {
		return false
	}
	if one.apart && !one.brought {
		d.apart--
	}
	d.unhanded--
	one.state = handed
	if m.now.Sub(one.worked) > s.court.workTime/8 {
		one.working = true
		s.court.by(m.now.Add(s.court.gather()))
	}
	return true
}

// say has the publisher told that a message is done, or freed.
func (d *desk) say(s *seat, offset, epoch uint64, freed bool) {
	c, m := s.court, s.court.m
	if len(d.said) >= maxWords {
		d.said = slices.Delete(d.said, 0, 1)
	}
	d.said = append(d.said, word{offset: offset, epoch: epoch, freed: freed})
	c.unsaid++
	switch {
	case c.unsaid >= max(1, m.cfg.Room/4), c.idle():
		c.by(m.now.Add(wordDelay))
	default:
		c.by(m.now.Add(c.gather()))
	}
}

// wordDelay is for how long what is done is gathered where much is, or there is nothing else to do.
const wordDelay = 100 * time.Microsecond

// idle reports whether nothing is left to be handed out.
func (c *court) idle() bool {
	for _, s := range c.seats {
		if s != nil && s.desk != nil && s.desk.unhanded > 0 {
			return false
		}
	}
	return true
}

// doneOne says that a message is done.
func (d *desk) doneOne(s *seat, g *reliable.Grant, offset uint64) error {
	m := s.court.m
	i, ok := d.find(offset)
	if ok = ok && d.items[i].grant.Epoch == g.Epoch && d.items[i].state != granted; !ok {
		for k := range d.said {
			if w := &d.said[k]; w.offset == offset {
				m.stats.DoneTwice++
				return reliable.ErrDoneTwice
			}
		}
		d.say(s, offset, g.Epoch, false) // done is done
		m.stats.DoneLate++
		return reliable.ErrRevoked
	}
	late := !d.items[i].grant.Orphan && m.lease() >= d.items[i].until
	if d.items[i].state == resting {
		m.stats.DoneTwice++
		return reliable.ErrDoneTwice
	}
	d.remove(i)
	d.say(s, offset, g.Epoch, false)
	m.stats.Done++
	if late {
		m.stats.DoneLate++
		return reliable.ErrRevoked
	}
	return nil
}

// release gives a message back after a time, and working prolongs the time for it.
func (d *desk) release(s *seat, g *reliable.Grant, offset uint64, after time.Duration) error {
	m := s.court.m
	one, err := d.inHand(g, offset)
	if err != nil {
		return err
	}
	if after <= 0 || m.leaving {
		i, _ := d.find(offset)
		d.remove(i)
		d.say(s, offset, g.Epoch, true)
		return nil
	}
	one.state, one.freed = resting, m.now.Add(min(after, maxRest))
	return nil
}

// maxRest bounds the time after which a message is given back.
const maxRest = 24 * time.Hour

func (d *desk) work(s *seat, g *reliable.Grant, offset uint64) error {
	one, err := d.inHand(g, offset)
	if err != nil {
		return err
	}
	one.working = true
	s.court.by(s.court.m.now.Add(s.court.gather()))
	return nil
}

// inHand returns an item that is in hand.
func (d *desk) inHand(g *reliable.Grant, offset uint64) (*item, error) {
	i, ok := d.find(offset)
	switch {
	case ok && d.items[i].grant.Epoch == g.Epoch && d.items[i].state == handed:
		return &d.items[i], nil
	case d.isOver(offset, g.Epoch) || ok && d.items[i].state == resting:
		return nil, reliable.ErrDoneTwice
	}
	return nil, reliable.ErrRevoked
}

// advance lets time pass.
func (d *desk) advance(s *seat, life *receive.Life) {
	m := s.court.m
	for i := len(d.items) - 1; i >= 0; i-- {
		one := &d.items[i]
		switch {
		case one.state == resting && m.now >= one.freed:
			offset, epoch := one.offset, one.grant.Epoch
			d.remove(i)
			d.say(s, offset, epoch, true)
		case one.state == granted && m.lease() >= one.until && !one.grant.Orphan:
			one.state = lapsed
			m.stats.Lapsed++
			if s.silent {
				s.orphaned()
			}
		}
	}
	if p, ok := m.Place(s.court.id, s.channel); ok && p.Ends && m.now >= life.SilentAt && !s.silent {
		s.orphaned()
	}
	d.listen(s)
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
		switch one := &d.items[i]; one.state {
		case granted:
			at = min(at, one.until.Add(-s.court.m.shift))
		case resting:
			at = min(at, one.freed)
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

// entry returns what a CLAIM of a number says of the partition's messages, and false if nothing.
func (d *desk) entry(s *seat, request uint64) (frame.ClaimEntry, bool) {
	m, cl := s.court.m, &s.court.m.claim
	e := frame.ClaimEntry{Channel: s.channel}
	list := func(freed bool) []nack.Range {
		from := len(cl.ranges)
		for i := range d.said {
			if w := &d.said[i]; w.freed == freed {
				cl.ranges = append(cl.ranges, nack.Range{From: w.offset, To: w.offset + 1})
				if w.request == 0 {
					w.request = request
				}
			}
		}
		done := nack.Normalize(cl.ranges[from:])
		cl.ranges = cl.ranges[:from+len(done)]
		return done[:len(done):len(done)]
	}
	e.Ranges = list(false)
	e.Freed = list(true)
	from := len(cl.ranges)
	for i := range d.items {
		one := &d.items[i]
		if one.working || one.state == granted && m.now.Sub(one.worked) > s.court.workTime/4 {
			one.working, one.worked = false, m.now
			cl.ranges = append(cl.ranges, nack.Range{From: one.offset, To: one.offset + 1})
		}
	}
	working := nack.Normalize(cl.ranges[from:])
	cl.ranges = cl.ranges[:from+len(working)]
	e.Working = working[:len(working):len(working)]
	return e, len(e.Ranges)+len(e.Freed)+len(e.Working) > 0
}

// answered takes the answer to a CLAIM: what that said is known.
func (d *desk) answered(request uint64) {
	d.said = slices.DeleteFunc(d.said, func(w word) bool {
		return w.request != 0 && request >= w.request
	})
}

// works reports whether something is in hand.
func (d *desk) works() bool {
	return slices.ContainsFunc(d.items, func(one item) bool { return one.state == handed })
}

// free gives back what wasn't handed out, or all.
func (d *desk) free(s *seat, all bool) {
	for i := len(d.items) - 1; i >= 0; i-- {
		if one := &d.items[i]; one.state != handed || all {
			offset, epoch := one.offset, one.grant.Epoch
			d.remove(i)
			d.say(s, offset, epoch, true)
		}
	}
}

// The second Receiver brings messages that the stream has passed: they were another's then.

// apartGate is its gate.
type apartGate struct{ m *Member }

func (g apartGate) Pass(session uint64, channel uint32, offset uint64) (receive.Verdict,
	*reliable.Grant, uint64) {
	if c := g.m.court(session); c != nil {
		if s := c.seat(channel); s != nil && s.desk != nil {
			return s.desk.passApart(s, offset)
		}
	}
	return receive.Wait, nil, endless
}

// apartBuffer is the memory of the second Receiver for one session: what it asks for at once.
const apartBuffer = 64 << 10

// newApart returns the second Receiver.
func (m *Member) newApart(cfg receive.Config) (*receive.Receiver, error) {
	cfg.ID ^= teamSeed << 32
	if cfg.ID == 0 {
		cfg.ID = teamSeed
	}
	cfg.Gate, cfg.Name, cfg.Runs = apartGate{m}, "", false
	cfg.Inquest, cfg.Keeper, cfg.Tape = false, nil, nil
	cfg.Memory.Buffer, cfg.Memory.Total = apartBuffer, 0
	return receive.New(cfg)
}

// hearApart hands a frame to the second Receiver: SESSIONs, so that it knows of sessions, and
// while it is needed all.
func (m *Member) hearApart(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if f.Kind != frame.Session && m.seeks == 0 {
		return
	}
	m.apart.Handle(now, from, f)
	m.pollApart()
	m.apart.Keep()
	m.seek(now)
}

// pollApart takes what the second Receiver brings.
func (m *Member) pollApart() {
	var events [8]reliable.Run
	for n := m.apart.Poll(events[:]); n > 0; n = m.apart.Poll(events[:]) {
		for i := range events[:n] {
			ev := &events[i]
			c := m.court(uint64(ev.Session))
			if ev.Grant == nil || c == nil {
				continue
			}
			c.seat(ev.Partition).desk.brings(&ev.Event)
			ev.Payload, ev.Properties = bytes.Clone(ev.Payload), slices.Clone(ev.Properties)
			m.told = append(m.told, reliable.Run{Event: ev.Event})
		}
	}
}

// brings notes that a message was brought, or that it is lost.
func (d *desk) brings(ev *reliable.Event) {
	at := nack.Range{From: ev.Offset, To: ev.Offset + 1}
	if ev.Kind == reliable.Loss {
		at = ev.Lost
	}
	for i := range d.items {
		if one := &d.items[i]; one.apart && !one.brought && at.Contains(one.offset) {
			one.brought = true
			d.apart--
		}
	}
}

// seek has the second Receiver follow the streams with messages that it is to bring, and no others.
func (m *Member) seek(now reliable.Time) {
	m.seeks = 0
	for _, c := range m.courts {
		for _, s := range c.seats {
			if s == nil || s.desk == nil {
				continue
			}
			d := s.desk
			if d.apart == 0 {
				if d.asking {
					m.apart.Leave(now, c.id, s.channel)
					d.asking = false
				}
				continue
			}
			m.seeks++
			for i := range d.items {
				one := &d.items[i]
				if !one.apart || one.brought || one.state != granted {
					continue
				}
				p, ok := m.apart.Place(c.id, s.channel)
				if !d.asking || ok && (!p.Taken || p.Next > one.offset) {
					d.asking = m.apart.Take(now, c.id, s.channel, one.seq, one.offset)
				}
				break
			}
		}
	}
}

// nextApart returns the next datagram of the second Receiver: it says nothing of where it is.
func (m *Member) nextApart(now reliable.Time) (reliable.Batch, bool) {
	for {
		b, ok := m.apart.Next(now)
		if !ok {
			return b, false
		}
		if kind := kindOf(b.Data); kind != frame.Status && kind != frame.Digest {
			return b, true
		}
		m.apart.Sent(b)
	}
}

// kindOf returns the kind of a frame of this program's.
func kindOf(b []byte) frame.Kind {
	const array16 = 0xdc
	at := 2
	if len(b) > 0 && b[0] == array16 {
		at = 4
	}
	if at >= len(b) {
		return 0
	}
	return frame.Kind(b[at])
}
