package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// slow says whether it is the application that everything waits for: the next
// frame, or the word that it is lost, is here.
func (st *stream) slow() bool {
	first, ok := st.asked.firstMissing()
	return st.phase != starting && !st.holds() && !st.cursor.waits && (!ok || first > st.win.next)
}

// overrun drops, where that is the answer to a slow application, and reports
// whether the frame is done with: kept in the place of others, or dropped.
func (st *stream) overrun(f *frame.Frame, came arrival) bool {
	if !st.r.cfg.Overload.Drops() || !st.slow() {
		return false
	}
	st.stats.Overrun++
	for st.r.cfg.Overload == reliable.OverloadDropOldest && st.cursor.dropOldest() {
		if st.store(f, came) {
			st.wake()
			return true
		}
	}
	if !st.slow() { // everything waits for it now
		st.stats.Overrun--
		return false
	}
	st.win.lose(f.Seq, f.Seq+1, reliable.CauseSlow)
	st.wake()
	return true
}

// dropOldest passes over the frame that is delivered next, and reports false if
// that isn't possible now.
func (c *cursor) dropOldest() bool {
	st, w := c.stream, &c.stream.win
	for _, m := range st.marks {
		if m.kind != reliable.SessionNew && m.seq <= w.next {
			return false // events there must be told first
		}
	}
	cause := reliable.CauseSlow
	switch p := w.at(w.next); {
	case c.frame != nil: // it was settled, so it is known where the session begins
	case p != nil && p.used:
		if !c.known { // the frame tells where the session begins
			f := st.r.copies.take()
			c.startAt(p.decoded(&st.r.dec, f).StartOffset())
			st.r.copies.put(f, false)
		}
	default:
		from := w.next
		lost, ok := w.takeLost()
		if !ok {
			return false
		}
		c.pass(from, lost.cause)
		return true
	}
	if p := w.at(w.next); p != nil {
		st.win.free(p)
	}
	c.unload()
	c.kept, c.chunk = false, 0
	w.next++
	c.pass(w.next-1, cause)
	return true
}
