package reliable

import (
	"slices"
	"time"

	"crier/nack"
)

// Catch-up: a subscriber that is behind asks for what was sent a while ago. It is
// served alone, in turn with others like it, and out of a budget that is not the
// repairs': neither live data nor others' repairs wait for it.

const (
	// catchAge is how long ago a frame was sent, at the least, that is part of
	// catching up; four round trips, if that is longer.
	catchAge = 250 * time.Millisecond
	// catchBatch is how many frames go out at once.
	catchBatch = 16
	// catchTurn is how many batches of live data may go out before one of these.
	catchTurn = 4
	// maxWants bounds the frames that wait for one subscriber, and maxWantRuns the
	// runs of them.
	maxWants    = 4096
	maxWantRuns = 1024
	// maxServed is how many runs to one subscriber are remembered, to know a request
	// that crossed them. What follows a run within a sixteenth of a round trip, or
	// servedTime, lengthens it.
	maxServed  = 256
	servedTime = time.Millisecond
)

// catchUp is what waits for subscribers that are behind.
type catchUp struct {
	turns  []*member // those for whom something waits
	budget limit
	data   int // batches of live data since the last one

	aged  uint64 // frames below were sent catchAge ago, or longer
	young uint64 // and these between that and now
	since Time   // when young was noted
}

// served is a run of frames that went to one subscriber.
type served struct {
	nack.Range
	from, at Time // the first of them, and the last
}

// age notes which frames are old.
func (c *catchUp) age(now Time, sent uint64, rtt time.Duration) {
	if now.Sub(c.since) >= max(catchAge, 4*rtt) {
		c.aged, c.young, c.since = c.young, sent, now
	}
}

// settle forgets those for whom nothing waits any more.
func (c *catchUp) settle() {
	kept := c.turns[:0]
	for _, m := range c.turns {
		if len(m.wants) > 0 {
			kept = append(kept, m)
		}
	}
	clear(c.turns[len(kept):])
	c.turns = kept
}

// forget drops what waits for a subscriber that is no longer there.
func (c *catchUp) forget(m *member) {
	m.wants = nil
	c.settle()
}

// behind takes the old part of what a NACK asks for, and returns the rest, which
// is the responder's. Sent is when the NACK was sent, or Never. What is repaired
// for others, or is on its way already, is the responder's as well, so that nothing
// is repaired both ways.
func (s *Sender) behind(now Time, m *member, request uint64, sent Time, r, held nack.Range) nack.Range {
	old := r.Clip(s.oldest(), min(max(s.catch.aged, held.From), s.sent))
	if old.Len() == 0 || m == &s.members.overflow {
		return r
	}
	for _, run := range s.unserved(now, m, sent, old) {
		for run.Len() > 0 {
			n, known := s.responder.Knows(now, &m.Asker, sent, run, held)
			part := nack.Range{From: run.From, To: run.From + n}
			run.From = part.To
			inRing := part.Clip(held.From, held.To)
			if known {
				s.responder.Asked(now, &m.Asker, request, sent, inRing, held)
				continue
			}
			alone := []nack.Range{part}
			for _, both := range s.share(now, m, inRing, held) {
				s.responder.Asked(now, &m.Asker, request, sent, both, held)
				m.wants, alone = cut(m.wants, both), cut(alone, both)
			}
			s.want(now, m, request, sent, alone)
		}
	}
	s.catch.settle()
	return nack.Range{From: old.To, To: r.To}
}

// unserved returns the frames of r but those that went to a subscriber after it
// asked, as part of catching up.
func (s *Sender) unserved(now Time, m *member, sent Time, r nack.Range) []nack.Range {
	if r.Len() == 0 {
		return nil
	}
	fresh := []nack.Range{r}
	for i := range m.served {
		if v := &m.served[i]; v.Len() > 0 && (sent != Never && sent <= v.at || sent == Never && now.Sub(v.at) < s.members.rtt) {
			fresh = cut(fresh, v.Range)
		}
	}
	return fresh
}

// share returns the frames of r that another subscriber that is behind waits for as
// well. Whoever else lost them lost them together, and the group is better served
// at once: what the other waits for becomes the responder's.
func (s *Sender) share(now Time, m *member, r, held nack.Range) (shared []nack.Range) {
	for _, other := range s.catch.turns {
		if other == m {
			continue
		}
		from := len(shared)
		for _, w := range other.wants {
			if both := w.Clip(r.From, r.To); both.Len() > 0 {
				other.Asked -= both.Len() // it is counted already
				s.responder.Asked(now, &other.Asker, other.wantRequest, other.wantSent, both, held)
				shared = append(shared, both)
			}
		}
		if len(shared) > from {
			other.wants = cut(other.wants, r)
		}
	}
	return nack.Normalize(shared)
}

// want queues frames for one subscriber.
func (s *Sender) want(now Time, m *member, request uint64, sent Time, fresh []nack.Range) {
	if len(fresh) == 0 {
		return
	}
	if !slices.Contains(s.catch.turns, m) { // or what it waited for was shared just now
		s.catch.turns = append(s.catch.turns, m)
	}
	waiting := uint64(0)
	for _, w := range m.wants {
		waiting += w.Len()
	}
	m.wantRequest, m.wantSent = request, sent
	onDisk := false
	for _, f := range fresh {
		m.Asked += f.Len()
		over := f.Len() - min(f.Len(), maxWants-min(waiting, maxWants))
		if len(m.wants) >= maxWantRuns {
			over = f.Len()
		}
		m.Refused += over
		f.To -= over
		waiting += f.Len()
		m.wants = append(m.wants, f)
		onDisk = onDisk || f.From < s.ringOldest()
	}
	m.wants = nack.Normalize(m.wants)
	if waiting > catchBatch || onDisk {
		// It hears nothing for a while, and must not give up.
		s.answers.coming(m.Addr, fresh)
	}
}

// cut removes r from ascending ranges.
func cut(ranges []nack.Range, r nack.Range) []nack.Range {
	var kept []nack.Range
	for i, x := range ranges {
		if x.Clip(r.From, r.To).Len() == 0 {
			if kept != nil {
				kept = append(kept, x)
			}
			continue
		}
		if kept == nil {
			kept = append(make([]nack.Range, 0, len(ranges)+1), ranges[:i]...)
		}
		if x.From < r.From {
			kept = append(kept, nack.Range{From: x.From, To: r.From})
		}
		if r.To < x.To {
			kept = append(kept, nack.Range{From: r.To, To: x.To})
		}
	}
	if kept == nil {
		return ranges
	}
	return kept
}

// nextCatchUp returns frames for one subscriber that is behind.
func (s *Sender) nextCatchUp(now Time) (Batch, bool) {
	c := &s.catch
	for tries := len(c.turns); tries > 0 && len(c.turns) > 0; tries-- {
		if c.budget.room(now) == 0 || s.limit.rate > 0 && s.limit.room(now) == 0 {
			return Batch{}, false
		}
		m := c.turns[0]
		c.turns = append(c.turns[:copy(c.turns, c.turns[1:])], m)
		if b, ok := s.catchUpOf(now, m); ok {
			c.data = 0
			return b, true
		}
	}
	return Batch{}, false
}

// dropWants tells a subscriber that frames it waits for are no longer held.
func (s *Sender) dropWants(m *member, lost nack.Range) {
	var gone []nack.Range
	for _, r := range m.wants {
		if r = r.Clip(lost.From, lost.To); r.Len() > 0 {
			gone = append(gone, r)
			m.Gone += r.Len()
			s.stats.Responder.Gone += r.Len()
		}
	}
	s.answers.gone(m.Addr, m.wantRequest, gone)
	m.wants = cut(m.wants, lost)
}

// catchUpOf returns the next frames for one subscriber, and false where they must
// be read first, or are no longer held.
func (s *Sender) catchUpOf(now Time, m *member) (Batch, bool) {
	if oldest := s.oldest(); m.wants[0].From < oldest {
		s.dropWants(m, nack.Range{To: oldest})
		s.catch.settle()
		return Batch{}, false
	}
	b := Batch{To: m.Addr}
	s.arena = s.arena[:0]
	from := m.wants[0].From
	run := nack.Range{From: from, To: from}
	for run.To < m.wants[0].To && run.Len() < catchBatch {
		data := s.kept(run.To)
		if data == nil || len(s.arena) > 0 && len(s.arena)+s.cfg.Datagram > cap(s.arena) {
			break
		}
		before := len(s.arena)
		s.arena = s.encode.AppendRepair(s.arena, s.cfg.Session, s.cfg.Channel, s.cfg.Session, m.wantRequest, data)
		size := len(s.arena) - before
		if before > 0 && size > b.Segment {
			s.arena = s.arena[:before]
			break
		}
		if before == 0 {
			b.Segment = size
		}
		run.To++
		if size < b.Segment {
			break
		}
	}
	if run.Len() == 0 {
		if s.disk.want.Len() == 0 && !s.disk.busyReading() {
			s.disk.want = m.wants[0].Clip(from, min(from+diskRead, s.ringOldest()))
		}
		return Batch{}, false
	}
	m.wants = cut(m.wants, run)
	m.serve(now, run, max(s.members.rtt/16, servedTime))
	if len(m.wants) == 0 {
		s.catch.settle()
	}
	b.Data = s.arena
	s.catch.budget.take(now, uint64(len(b.Data)))
	s.limit.take(now, uint64(len(b.Data)))
	s.stats.Repairs += run.Len()
	s.stats.CatchUps += run.Len()
	s.stats.RepairBytes += uint64(len(b.Data))
	return b, true
}

// serve remembers that frames went to a subscriber that is behind.
func (m *member) serve(now Time, run nack.Range, within time.Duration) {
	if m.serves > 0 {
		if last := &m.served[(m.serves-1)%maxServed]; last.To == run.From && now.Sub(last.from) <= within {
			last.To, last.at = run.To, now
			return
		}
	}
	if len(m.served) < maxServed {
		m.served = append(m.served, served{run, now, now})
	} else {
		m.served[m.serves%maxServed] = served{run, now, now}
	}
	m.serves++
}

// kept returns a frame that is held, or nil where it has to be read first.
func (s *Sender) kept(seq uint64) []byte {
	if seq >= s.ringOldest() {
		return s.ring.frame(seq)
	}
	if g := &s.disk.got; g.Contains(seq) {
		return g.frames[seq-g.From]
	}
	return nil
}

// catchUpDue returns when frames may go to a subscriber that is behind; Never
// where none waits, or only for the disk.
func (s *Sender) catchUpDue() Time {
	for _, m := range s.catch.turns {
		if seq := m.wants[0].From; seq < s.oldest() || s.kept(seq) != nil || s.disk.want.Len() == 0 && !s.disk.busyReading() {
			at := s.catch.budget.ready()
			if s.limit.rate > 0 {
				at = max(at, s.limit.ready())
			}
			return at
		}
	}
	return Never
}

func (d *disk) busyReading() bool { return d.busy && d.job.Data == nil }
