package send

import (
	"cmp"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
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
	// that crossed them: as many as may wait at once, so that one which comes in order
	// finds all that it crossed. What follows a run within a sixteenth of a round trip,
	// or servedTime, lengthens it.
	maxServed  = maxWantRuns
	servedTime = time.Millisecond
)

// catchUp is what waits for subscribers that are behind.
type catchUp struct {
	turns  []*member // those for whom something waits
	budget limit
	data   int // batches of live data since the last one

	aged  uint64        // frames below were sent catchAge ago, or longer
	young uint64        // and these between that and now
	since reliable.Time // when young was noted

	marks []waiter // who waits for the frames in the ring, a slot each; nil before anybody did

	// Room to work in, for one call.
	old, alone, crossed, shared, fresh []nack.Range
	scratch, merged                    []nack.Range
	lenders                            []*member // who waits for some of shared
}

// served is a run of frames that went to one subscriber.
type served struct {
	nack.Range
	at reliable.Time // the last of them
}

// age notes which frames are old.
func (c *catchUp) age(now reliable.Time, sent uint64, rtt time.Duration) {
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

// behind takes the part of a NACK that is catching up: old frames, all of them held,
// in ascending and disjoint ranges. Sent is when the NACK was sent, or Never. What is
// repaired for others, or is on its way already, is left to the responder, so that
// nothing is repaired both ways. All of it costs as much as there are frames in the
// ranges and ranges that wait for the asker, however many others are behind.
func (s *Sender) behind(now reliable.Time, m *member, request uint64, sent reliable.Time, old []nack.Range, held nack.Range) {
	c := &s.catch
	if len(old) == 0 {
		return
	}
	c.alone = c.alone[:0]
	for _, run := range s.unserved(now, m, sent, old) {
		for run.Len() > 0 {
			n, known := s.responder.Knows(now, &m.Asker, sent, run, held)
			part := nack.Range{From: run.From, To: run.From + n}
			if run.From = part.To; known {
				s.responder.Asked(now, &m.Asker, request, sent, part.Clip(held.From, held.To), held)
			} else {
				c.alone = append(c.alone, part)
			}
		}
	}
	alone := c.alone
	if shared := s.share(now, m, request, sent, held); len(shared) > 0 {
		c.scratch = nack.Subtract(c.scratch[:0], alone, shared)
		alone = c.scratch
	}
	if m != &s.members.overflow {
		s.want(now, m, request, sent, alone)
		return
	}
	for _, r := range alone { // whoever has no row has no turn, and is served with the group
		s.responder.Asked(now, &m.Asker, request, sent, r, held)
	}
}

// unserved returns the frames of some ranges but those that went to a subscriber
// after it asked, as part of catching up; none, if it asked so long ago that some of
// those are forgotten.
func (s *Sender) unserved(now reliable.Time, m *member, sent reliable.Time, ranges []nack.Range) []nack.Range {
	c := &s.catch
	c.crossed = c.crossed[:0]
	crossed := func(at reliable.Time) bool {
		return sent != reliable.Never && sent <= at || sent == reliable.Never && now.Sub(at) < s.members.rtt
	}
	if m.serves > maxServed && crossed(m.forgot) {
		return nil
	}
	for i := m.serves - 1; i >= m.serves-len(m.served); i-- {
		v := &m.served[i%maxServed]
		if !crossed(v.at) {
			break
		}
		c.crossed = append(c.crossed, v.Range)
	}
	if len(c.crossed) == 0 {
		return ranges
	}
	c.crossed = nack.Normalize(c.crossed)
	c.scratch = nack.Subtract(c.scratch[:0], ranges, c.crossed)
	return c.scratch
}

// share finds the frames of c.alone that another subscriber that is behind waits for
// as well, as far as the ring holds them. Whoever else lost them lost them together,
// and the group is better served at once: what the other waits for becomes the
// responder's. It returns them, ascending.
func (s *Sender) share(now reliable.Time, m *member, request uint64, sent reliable.Time, held nack.Range) []nack.Range {
	c := &s.catch
	c.shared, c.lenders = c.shared[:0], c.lenders[:0]
	for _, r := range c.alone {
		r = r.Clip(held.From, held.To)
		for r.Len() > 0 {
			other, n := c.other(m, r, s.ring.marks())
			both := nack.Range{From: r.From, To: r.From + n}
			if r.From = both.To; other == nil {
				continue
			}
			if len(other.lent) == 0 {
				c.lenders = append(c.lenders, other)
			}
			other.lent = append(other.lent, both)
			other.Asked -= n // it is counted already
			s.responder.Asked(now, &other.Asker, other.wantRequest, other.wantSent, both, held)
			s.responder.Asked(now, &m.Asker, request, sent, both, held)
			c.shared = append(c.shared, both)
		}
	}
	for _, other := range c.lenders {
		c.drop(other, other.lent)
		other.lent = other.lent[:0]
	}
	clear(c.lenders)
	if len(c.lenders) > 0 {
		c.settle()
	}
	return c.shared
}

// waiter says who waits for a frame, if the frame that it is about is still in the
// ring, and that subscriber still waits for it.
type waiter struct {
	seq uint64
	m   *member
}

// other returns who else than m waits for the first frame of r, or nil, and for how
// many in a row that is true. Of a frame in the ring there is one such at the most.
func (c *catchUp) other(m *member, r nack.Range, slots uint64) (who *member, n uint64) {
	if c.marks == nil {
		return nil, r.Len()
	}
	who = c.waits(m, r.From, slots)
	for n = 1; n < r.Len() && c.waits(m, r.From+n, slots) == who; n++ {
	}
	return who, n
}

func (c *catchUp) waits(m *member, seq, slots uint64) *member {
	if k := &c.marks[seq%slots]; k.m != nil && k.m != m && k.seq == seq && k.m.waitsFor(seq) {
		return k.m
	}
	return nil
}

// waitsFor says whether a frame waits for a subscriber that is behind.
func (m *member) waitsFor(seq uint64) bool {
	at, found := slices.BinarySearchFunc(m.wants, seq, func(r nack.Range, seq uint64) int { return cmp.Compare(r.From, seq) })
	return found || at > 0 && m.wants[at-1].Contains(seq)
}

// drop removes ascending and disjoint ranges from what waits for a subscriber.
func (c *catchUp) drop(m *member, ranges []nack.Range) {
	c.merged = nack.Subtract(c.merged[:0], m.wants, ranges)
	m.wants = append(m.wants[:0], c.merged...)
}

// want queues frames for one subscriber, in ascending and disjoint ranges.
func (s *Sender) want(now reliable.Time, m *member, request uint64, sent reliable.Time, asked []nack.Range) {
	c := &s.catch
	if len(asked) == 0 {
		return
	}
	if c.marks == nil {
		c.marks = make([]waiter, s.ring.marks())
	}
	if len(m.wants) == 0 {
		c.turns = append(c.turns, m)
	}
	m.Asked += nack.Count(asked)
	m.wantRequest, m.wantSent = request, sent
	// What waits already goes on waiting; of the rest the lowest find room.
	waiting := nack.Count(m.wants)
	room, runs := maxWants-min(waiting, maxWants), maxWantRuns-min(len(m.wants), maxWantRuns)
	c.fresh = nack.Subtract(c.fresh[:0], asked, m.wants)
	kept := c.fresh[:0]
	for _, f := range c.fresh {
		n := min(f.Len(), room)
		if len(kept) >= runs {
			n = 0
		}
		m.Refused += f.Len() - n
		if room -= n; n == 0 {
			continue
		}
		f.To = f.From + n
		kept = append(kept, f)
		for seq := max(f.From, s.ringOldest()); seq < f.To; seq++ {
			c.marks[seq%s.ring.marks()] = waiter{seq, m}
		}
	}
	if len(kept) > 0 {
		c.merged = nack.Union(c.merged[:0], m.wants, kept)
		m.wants = append(m.wants[:0], c.merged...)
	}
	if waiting+nack.Count(kept) > catchBatch || asked[0].From < s.ringOldest() {
		// It hears nothing for a while, and must not give up.
		s.answers.coming(m.Addr, asked)
	}
}

// nextCatchUp returns frames for one subscriber that is behind.
func (s *Sender) nextCatchUp(now reliable.Time) (outgoing, bool) {
	c := &s.catch
	for tries := len(c.turns); tries > 0 && len(c.turns) > 0; tries-- {
		if c.budget.room(now) == 0 || s.limit.rate > 0 && s.limit.room(now) == 0 {
			return outgoing{}, false
		}
		m := c.turns[0]
		c.turns = append(c.turns[:copy(c.turns, c.turns[1:])], m)
		if b, ok := s.catchUpOf(now, m); ok {
			c.data = 0
			return b, true
		}
	}
	return outgoing{}, false
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
	s.catch.drop(m, []nack.Range{lost})
}

// catchUpOf returns the next frames for one subscriber, and false where they must
// be read first, or are no longer held.
func (s *Sender) catchUpOf(now reliable.Time, m *member) (outgoing, bool) {
	if oldest := s.oldest(); m.wants[0].From < oldest {
		s.dropWants(m, nack.Range{To: oldest})
		s.catch.settle()
		return outgoing{}, false
	}
	if s.dropUnfit(m) {
		return outgoing{}, false
	}
	b := outgoing{repairs: true, catchUp: true}
	b.To, b.Single = m.Addr, s.offload.repairsSingle()
	s.arena = s.arena[:0]
	from := m.wants[0].From
	run := nack.Range{From: from, To: from}
	for run.To < m.wants[0].To && run.Len() < catchBatch {
		data := s.kept(run.To)
		if data == nil || frame.RepairSize(len(data)) > s.most ||
			len(s.arena) > 0 && len(s.arena)+s.cfg.Datagram > cap(s.arena) {
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
		return outgoing{}, false
	}
	if m.wants[0].From = run.To; m.wants[0].Len() == 0 {
		m.wants = m.wants[1:]
	}
	for seq := run.From; seq < run.To; seq++ {
		s.unsent.repairs = append(s.unsent.repairs, repeat{seq, &m.Asker})
	}
	m.Repaired += run.Len()
	m.serve(now, run, max(s.members.rtt/16, servedTime))
	if len(m.wants) == 0 {
		s.catch.settle()
	}
	b.Data = s.arena
	s.catch.budget.take(now, uint64(len(b.Data)))
	s.limit.take(now, uint64(len(b.Data)))
	return b, true
}

// serve remembers that frames went to a subscriber that is behind.
func (m *member) serve(now reliable.Time, run nack.Range, within time.Duration) {
	if m.serves > 0 {
		last := &m.served[(m.serves-1)%maxServed]
		if last.To == run.From && now.Sub(m.serving) <= within {
			last.To, last.at = run.To, now
			return
		}
	}
	if len(m.served) < maxServed {
		m.served = append(m.served, served{run, now})
	} else {
		oldest := &m.served[m.serves%maxServed]
		m.forgot, *oldest = oldest.at, served{run, now}
	}
	m.serves, m.serving = m.serves+1, now
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
func (s *Sender) catchUpDue() reliable.Time {
	for _, m := range s.catch.turns {
		if seq := m.wants[0].From; seq < s.oldest() || s.kept(seq) != nil || s.disk.want.Len() == 0 && !s.disk.busyReading() {
			at := s.catch.budget.ready()
			if s.limit.rate > 0 {
				at = max(at, s.limit.ready())
			}
			return at
		}
	}
	return reliable.Never
}

func (d *disk) busyReading() bool { return d.busy && d.job.Data == nil && d.job.Frames.Len() > 0 }
