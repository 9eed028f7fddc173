package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// DATA frames on their way into the window: what is new, what is missing, what finds
// no room.

// data takes a DATA frame, or a repair of one.
func (s *session) data(now reliable.Time, f *frame.Frame, repaired bool) {
	if s.phase == starting {
		s.startWith(now, f)
	}
	w := &s.win
	switch {
	case f.Seq < w.next && s.phase == starting:
		s.refresh(now)
		s.stats.NoRoom++ // it is asked for again if the session begins there
		return
	case f.Seq < w.next:
		s.duplicate(f.Seq)
		return
	case s.phase == left && f.Seq >= w.high:
		s.stats.Late++ // beyond the end that the publisher told
		return
	case f.Seq == w.next && s.cursor.frame != nil, w.isHeld(f.Seq):
		s.duplicate(f.Seq)
		return
	case w.isLost(f.Seq):
		s.stats.Late++
		return
	}
	if !s.believes(now, f.Seq, f.EndOffset()) {
		s.stats.Beyond++
		return
	}
	s.refresh(now)
	s.proven = true
	s.largest = max(s.largest, len(f.Raw))
	s.evidence(f.Seq+1, f.EndOffset())
	s.exists(now, f.Seq)
	gap, missing := s.req.Arrived(now, f.Seq, repaired)
	repaired = repaired && missing // else others lost it, and this copy came first
	came := arrival{received: now, arrived: f.Arrived, repaired: repaired}
	if missing {
		came.waited = int64(now.Sub(gap.Found))
	}
	w.high = max(w.high, f.Seq+1)
	if f.Seq == w.next && s.phase != starting && !s.markAt(f.Seq) {
		s.cursor.load(f, came)
		s.cursor.borrowed = true
		s.wake()
		return
	}
	if !s.hold(f, came) && !s.overrun(f, came) {
		s.stats.NoRoom++
		if s.cut == 0 || f.Seq < s.cut {
			s.cut = f.Seq
		}
		s.limit(now)
		s.req.Missing(now, f.Seq, f.Seq+1)
		return
	}
	if s.r.cfg.Order == reliable.OnArrival && s.phase != starting {
		s.cursor.ahead.arrive(f.Seq)
		s.wake()
	}
	if s.markAt(w.next) || s.cursor.tail {
		s.wake()
	}
	if s.every != 0 {
		s.progress()
	}
}

// duplicate counts a frame that is not needed.
func (s *session) duplicate(seq uint64) {
	if seq < s.base {
		s.stats.BeforeStart++
	} else {
		s.stats.Duplicates++
	}
}

// hold keeps a frame in the window, and reports false where there is no room.
func (s *session) hold(f *frame.Frame, came arrival) bool {
	w := &s.win
	forced := f.Seq == w.next
	if (w.bytes >= s.r.cfg.Buffer && !forced) || !w.reach(f.Seq, s.span(), &s.r.mem) {
		return false
	}
	place := slot{came: came, held: true}
	if f.Immutable {
		if s.r.mem.used+len(f.Raw) > s.r.mem.limit && !forced {
			return false
		}
		s.r.mem.used += len(f.Raw)
		place.frame = f
		w.bytes += len(f.Raw)
	} else {
		buf, ok := s.r.mem.get(len(f.Raw), forced)
		if !ok {
			return false
		}
		copy(buf, f.Raw)
		place.buf = buf
		w.bytes += cap(buf)
	}
	w.count++
	*w.at(f.Seq) = place
	if c := &s.cursor; f.Seq < c.looked.seq {
		c.looked = look{}
	}
	return true
}

// lose gives up all missing frames in [from, to).
func (s *session) lose(from, to uint64, cause reliable.Cause) {
	if from >= to {
		return
	}
	s.r.removed = s.req.Forget(from, to, s.r.removed[:0])
	for _, r := range s.r.removed {
		s.win.lose(r.From, r.To, cause)
		s.wake()
	}
}

// exists takes the word that all frames below seq exist.
func (s *session) exists(now reliable.Time, seq uint64) {
	if seq > s.win.high && s.phase != left {
		s.limit(now) // it isn't kept up to date while nothing is missing
		s.req.Missing(now, s.win.high, seq)
		s.win.high = seq
	}
}

// evidence takes the word that all messages below offset exist, and that it is
// the first to start in frame seq or after it.
func (s *session) evidence(seq, offset uint64) {
	if s.phase == left {
		return
	}
	s.stats.NextOffset = max(s.stats.NextOffset, offset)
	if !s.told.known || seq > s.told.seq {
		s.grewAt = s.r.now
		s.told = position{true, seq, offset}
	}
}

// How many frames, and messages, a publisher can have sent, or dropped, in a time.
const (
	// leastFrame and leastMessage are how long one takes at the least: 31 million frames
	// and a thousand million messages a second.
	leastFrame   = 32
	leastMessage = 1
	// growSlack is a time that clocks and queues may have hidden.
	growSlack = time.Second
)

// believes says whether so much can exist by now: what is known, and what a publisher can
// have sent since then.
func (s *session) believes(now reliable.Time, seq, offset uint64) bool {
	if !s.told.known {
		return true // nothing is known to go on from
	}
	since := uint64(max(0, now.Sub(s.grewAt)) + growSlack)
	high, next := max(s.win.high, s.told.seq), max(s.stats.NextOffset, s.told.offset)
	return (seq <= high || seq-high <= since/leastFrame) && (offset <= next || offset-next <= since/leastMessage)
}

// span returns how many frames the window may hold: so many that all of them fit
// the buffer, as large as they come. What is asked for then finds room.
func (s *session) span() uint64 {
	return uint64(max(1, s.r.cfg.Buffer/max(frameBuffer, s.largest)))
}

// limit tells the requester up to where there is room.
func (s *session) limit(now reliable.Time) {
	span := s.span()
	limit := s.win.next + span
	if s.cut != 0 {
		if s.win.bytes > s.r.cfg.Buffer*3/4 || s.r.mem.used > s.r.mem.limit*3/4 {
			limit = min(limit, max(s.cut, s.win.next+1))
		} else {
			s.cut = 0
		}
	}
	// An application that takes one message after the other makes room bit by bit:
	// what fits then is asked for in few requests.
	if limit > s.limited && limit-s.limited < span/4 && s.win.count > 0 && s.win.next < s.limited {
		return
	}
	s.limited = limit
	s.req.SetLimit(now, limit)
}

// release frees all that the session holds.
func (s *session) release() {
	for i := range s.win.slots {
		s.freeSlot(&s.win.slots[i])
	}
	s.cursor.whole.stop(&s.r.mem)
	s.cursor.whole = reassembly{}
	s.unload()
	s.r.mem.used -= len(s.win.slots) * slotBytes
	s.win = window{next: s.win.next, high: s.win.high}
	s.cursor.ahead.frame, s.cursor.looked = frame.Frame{}, look{}
	s.marks, s.ask, s.landmarks = nil, nil, nil
	s.req.Forget(0, ^uint64(0), nil)
}

// freeSlot gives back what a slot holds.
func (s *session) freeSlot(p *slot) {
	if !p.held {
		return
	}
	s.win.count--
	if p.frame != nil {
		s.win.bytes -= len(p.frame.Raw)
		s.r.mem.used -= len(p.frame.Raw)
	} else {
		s.win.bytes -= cap(p.buf)
		s.r.mem.put(p.buf)
	}
	*p = slot{}
}
