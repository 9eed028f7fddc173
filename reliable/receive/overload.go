package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// position returns where the session is, for its publisher: the frame that is
// delivered next, or the first that has not come. While it isn't known where the
// session begins it is 0: that something was heard doesn't mean that what came
// before isn't needed.
func (s *session) position() uint64 {
	if s.phase == starting {
		return 0
	}
	if s.r.cfg.Overload == reliable.OverloadBlock {
		return s.win.next
	}
	if first, ok := s.req.Gaps().First(); ok {
		return max(first, s.win.next)
	}
	return s.win.high
}

// slow says whether it is the application that everything waits for: the next
// frame, or the word that it is lost, is here.
func (s *session) slow() bool {
	first, ok := s.req.Gaps().First()
	return s.phase != starting && (!ok || first > s.win.next)
}

// overrun drops, where that is the answer to a slow application, and reports
// whether the frame is done with: held in the place of others, or dropped.
func (s *session) overrun(f *frame.Frame, came arrival) bool {
	if !s.r.cfg.Overload.Drops() || !s.slow() {
		return false
	}
	s.stats.Overrun++
	for s.r.cfg.Overload == reliable.OverloadDropOldest && s.dropOldest() {
		if s.hold(f, came) {
			s.wake()
			return true
		}
	}
	if !s.slow() { // it is what everything waits for now
		s.stats.Overrun--
		return false
	}
	s.win.lose(f.Seq, f.Seq+1, reliable.CauseSlow)
	s.wake()
	return true
}

// dropOldest passes over the frame that is delivered next, and reports false if
// that isn't possible now.
func (s *session) dropOldest() bool {
	c, w := &s.cursor, &s.win
	for _, m := range s.marks {
		if m.kind != reliable.SessionNew && m.seq <= w.next {
			return false // what happened there must be told first
		}
	}
	cause := reliable.CauseSlow
	switch p := w.at(w.next); {
	case c.frame != nil: // it was settled, so it is known where the session begins
	case p != nil && p.held:
		if !c.known { // the frame tells where the session begins
			f := s.r.copies.take()
			s.startAt(s.frameOf(p, f).StartOffset())
			s.r.copies.put(f, false)
		}
	default:
		lost, ok := w.takeLost()
		if !ok {
			return false
		}
		s.pass(lost.cause, lost.to-lost.from)
		return true
	}
	if p := w.at(w.next); p != nil {
		s.freeSlot(p)
	}
	s.unload()
	c.kept, c.chunk = false, 0
	w.next++
	s.pass(cause, 1)
	return true
}
