package member

import (
	"slices"
	"sort"
	"time"

	"crier/reliable"
)

// HandOut reports whether an event may be handed out now. It is called before each message, and
// each Loss, that has a Grant: within a run for each message. Where it returns false, the event
// isn't the member's any more, and nobody is to see it. A Loss is done by that.
func (m *Member) HandOut(now reliable.Time, ev *reliable.Event) bool {
	g := ev.Grant
	if g == nil || ev.Kind != reliable.Message && ev.Kind != reliable.Loss {
		return true
	}
	m.tick(now)
	c := m.court(uint64(g.Session))
	if c == nil {
		m.stats.Withheld++
		return false
	}
	s := c.seat(g.Partition)
	if s != nil && s.desk != nil {
		if !s.desk.hand(s, ev) {
			m.stats.Withheld++
			return false
		}
		if ev.Kind == reliable.Message {
			m.stats.HandedOut++
			if g.Orphan {
				m.stats.Orphans++
			}
		}
		return true
	}
	if s == nil || !s.mayHand(g) {
		m.stats.Withheld++
		if s != nil {
			s.keep(ev)
		}
		return false
	}
	t := s.tenure
	if ev.Kind == reliable.Loss {
		t.handed = max(t.handed, ev.Lost.To)
		if t.orphan != 0 { // it is lost here: others may have it, or get it
			return true
		}
		t.mark(ev.Lost.From, ev.Lost.To, ev.Seq)
		s.report(ev.Lost.To - ev.Lost.From)
		return true
	}
	t.handed = max(t.handed, ev.Offset+1)
	m.stats.HandedOut++
	if g.Orphan {
		m.stats.Orphans++
	}
	return true
}

// mayHand reports whether messages of a grant may be handed out.
func (s *seat) mayHand(g *reliable.Grant) bool {
	t := s.tenure
	switch {
	case t == nil || t.epoch != g.Epoch:
		return false
	case t.orphan != 0: // once its publisher is heard again, they are granted to somebody
		life, ok := s.court.m.Life(s.court.id)
		return g.Orphan && !(ok && s.court.m.now < life.SilentAt)
	}
	return !t.giving && s.court.m.lease() < t.until
}

// HandAgain is HandOut of a message that was handed out, and isn't done: its handler has broken
// off. The event may have a copy of its Grant.
func (m *Member) HandAgain(now reliable.Time, ev *reliable.Event) (ok bool) {
	m.tick(now)
	g := ev.Grant
	if s := m.desk(g); s != nil {
		ok = s.desk.handAgain(s, ev)
	} else if s, t := m.tenure(g); t != nil && t == s.tenure {
		ok = s.mayHand(g) || t.orphan == 0 && t.giving && m.lease() < t.until
	}
	if !ok {
		m.stats.Withheld++
		return false
	}
	m.stats.HandedOut++
	if g.Orphan {
		m.stats.Orphans++
	}
	return true
}

// Works reports whether messages are in hand that are the member's: handed out, and not done.
func (m *Member) Works() bool {
	for _, c := range m.courts {
		if c.works() {
			return true
		}
		for _, s := range c.seats {
			if s != nil && s.desk != nil && s.desk.works(c) {
				return true
			}
		}
	}
	return false
}

// Busy says that a handler works on an event, until Idle: the partition isn't given back meanwhile.
func (m *Member) Busy(now reliable.Time, ev *reliable.Event) {
	m.tick(now)
	if g := ev.Grant; g != nil {
		m.busy = hold{uint64(g.Session), g.Partition, g.Epoch}
	}
}

// Idle says that no handler works on anything.
func (m *Member) Idle(now reliable.Time) {
	m.tick(now)
	was := m.busy
	m.busy = hold{}
	if c := m.court(was.session); c != nil && was.epoch != 0 {
		if s := c.seat(was.channel); s != nil {
			s.finish()
		}
	}
}

// Done says that the message with an offset, which ended in frame seq, is done, whatever the order.
// It returns reliable.ErrDoneTwice where it was before, and reliable.ErrRevoked where another
// member may have the message by now; it is told nevertheless that it is done.
func (m *Member) Done(now reliable.Time, g *reliable.Grant, offset, seq uint64) error {
	if g == nil {
		return reliable.ErrNoTeam
	}
	m.tick(now)
	if s := m.desk(g); s != nil {
		err := s.desk.doneOne(s, g, offset)
		if m.leaving {
			s.court.soon()
		}
		return err
	}
	s, t := m.tenure(g)
	if t == nil {
		m.stats.DoneLate++
		return reliable.ErrRevoked
	}
	if !t.mark(offset, offset+1, seq) {
		m.stats.DoneTwice++
		return reliable.ErrDoneTwice
	}
	m.stats.Done++
	if t == s.tenure && t.orphan == 0 {
		s.report(1)
		if m.lease() < t.until {
			return nil
		}
	} else if t.orphan != 0 {
		s.finish()
		return nil
	} else {
		s.listed, s.since = true, 0
		s.court.by(m.now.Add(s.court.gather()))
	}
	m.stats.DoneLate++
	return reliable.ErrRevoked
}

// Release gives a message back, to be granted again after a time: at once if that isn't positive, a
// day at the most. Its errors are those of Done, or reliable.ErrNoTeam where work isn't shared by
// message.
func (m *Member) Release(now reliable.Time, g *reliable.Grant, offset uint64,
	after time.Duration) error {
	if g == nil || m.cfg.Share != reliable.ByMessage {
		return reliable.ErrNoTeam
	}
	m.tick(now)
	s := m.desk(g)
	if s == nil {
		return reliable.ErrRevoked
	}
	return s.desk.release(s, g, offset, after)
}

// Working prolongs the time for a message by that for one. Its errors are those of Release.
func (m *Member) Working(now reliable.Time, g *reliable.Grant, offset uint64) error {
	if g == nil || m.cfg.Share != reliable.ByMessage {
		return reliable.ErrNoTeam
	}
	m.tick(now)
	s := m.desk(g)
	if s == nil {
		return reliable.ErrRevoked
	}
	return s.desk.work(s, g, offset)
}

// desk returns the seat of a grant where messages are shared, or nil.
func (m *Member) desk(g *reliable.Grant) *seat {
	if c := m.court(uint64(g.Session)); c != nil {
		if s := c.seat(g.Partition); s != nil && s.desk != nil {
			return s
		}
	}
	return nil
}

// tenure returns the tenure of a grant, or nil where it is forgotten.
func (m *Member) tenure(g *reliable.Grant) (*seat, *tenure) {
	c := m.court(uint64(g.Session))
	if c == nil {
		return nil, nil
	}
	s := c.seat(g.Partition)
	switch {
	case s == nil:
	case s.tenure != nil && s.tenure.epoch == g.Epoch:
		return s, s.tenure
	case s.past != nil && s.past.epoch == g.Epoch:
		return s, s.past
	}
	return nil, nil
}

// report has the publisher told of what is done: at once if it is a good part of the window, and
// the partition given back if that is all.
func (s *seat) report(n uint64) {
	c, m, t := s.court, s.court.m, s.tenure
	if t.orphan == 0 {
		if t.done-t.reported >= uint64(m.cfg.Window+3)/4 {
			c.soon()
		} else if !t.changed {
			c.by(m.now.Add(c.gather()))
		}
		t.changed = true
	}
	s.finish()
}

// mark notes that messages are done, of which the last ends in frame seq, and reports whether any
// of them wasn't.
func (t *tenure) mark(from, to, seq uint64) bool {
	from = max(from, t.done)
	if from >= to {
		return false
	}
	if from == t.done {
		t.done, t.doneSeq = to, seq
		t.join()
		return true
	}
	a := t.ahead
	i := len(a)
	if i > 0 && a[i-1].from >= from {
		i = sort.Search(i, func(i int) bool { return a[i].from >= from })
	}
	// a[i-1] starts before, a[i] at it or behind.
	if i > 0 && a[i-1].to >= to {
		return false
	}
	if i > 0 && a[i-1].to >= from {
		i--
		a[i].to, a[i].seq = to, seq
	} else if i < len(a) && a[i].from == from && a[i].to >= to {
		return false
	} else {
		t.ahead = slices.Insert(a, i, run{from, to, seq})
	}
	j := i + 1
	for ; j < len(t.ahead) && t.ahead[j].from <= t.ahead[i].to; j++ {
		if t.ahead[j].to > t.ahead[i].to {
			t.ahead[i].to, t.ahead[i].seq = t.ahead[j].to, t.ahead[j].seq
		}
	}
	t.ahead = slices.Delete(t.ahead, i+1, j)
	return true
}

// join has the done position pass what is done behind it, and what nobody has to do.
func (t *tenure) join() {
	n := 0
	for {
		if n < len(t.ahead) && t.ahead[n].from <= t.done {
			if t.ahead[n].to > t.done {
				t.done, t.doneSeq = t.ahead[n].to, t.ahead[n].seq
			}
			n++
			continue
		}
		from := t.done
		for _, g := range t.spans {
			if from < g.To {
				from = max(from, g.From)
				break
			}
		}
		if from == t.done || from > t.handed {
			break
		}
		t.done = from
	}
	t.ahead = slices.Delete(t.ahead, 0, n)
}
