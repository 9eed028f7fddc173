package receive

import (
	"crier/reliable"
)

// How delivery passes frames that don't come: those that are lost, and those that
// nobody needs.

// pass notes that the frames from one up to the next are lost.
func (c *cursor) pass(from uint64, cause reliable.Cause) {
	st := c.stream
	st.tapeHole(from, cause)
	frames := st.win.next - from
	switch {
	case !c.known:
	case !c.lossPending:
		c.lossPending, c.lossCause, c.lossFrames = true, cause, frames
	case cause == c.lossCause:
		c.lossFrames += frames
	case frames > c.lossFrames:
		c.lossCause, c.lossFrames = cause, frames
	}
	c.sure, c.tail = max(c.sure, c.offset, c.lostTo), true
	if c.whole.active { // its next part is lost
		c.sure = max(c.sure, c.offset+1)
	}
	c.whole.stop(&st.r.mem)
	st.room.limit(st.r.now)
	if st.status.every != 0 {
		st.status.progress()
	}
}

// look is a result of passTail: from the next frame on all are missing up to one that is
// here, and that one has nothing of the messages which were sure then. That stays so until
// one of the missing ones comes.
type look struct {
	known           bool
	next, seq, sure uint64
}

// passTail passes missing frames that have a part only of messages which were told
// already, don't count, or are lost for sure: later messages needn't wait. It
// reports false if there are none.
func (c *cursor) passTail() bool {
	st := c.stream
	w := &st.win
	if !c.tail || !c.known || st.r.cfg.Tape != nil {
		return false // a tape takes all that can be had
	}
	sure := max(c.sure, c.offset)
	switch {
	case w.count > 0:
		if c.looked == (look{true, w.next, c.looked.seq, sure}) {
			return false
		}
	case !st.extent.told.known || st.extent.told.seq <= w.next || st.extent.told.offset > sure:
		return false
	}
	next := w.next
	for to := next; ; next = to {
		if to = w.passedLost(st.asked.missing(next)); to == next {
			break
		}
	}
	switch {
	case next == w.next:
		return false
	case w.has(next):
		f := st.r.copies.take()
		starts := w.at(next).decoded(&st.r.dec, f).StartOffset()
		st.r.copies.put(f, false)
		if starts > sure {
			c.looked = look{true, w.next, next, sure}
			return false
		}
	case !st.extent.told.known || st.extent.told.seq != next || st.extent.told.offset > sure:
		return false
	}
	st.asked.forget(w.next, next)
	w.moveTo(next)
	st.room.limit(st.r.now)
	if st.status.every != 0 {
		st.status.progress()
	}
	return true
}

// knowsLoss says which messages were lost before the next frame, if the publisher told,
// and reports whether it did.
func (c *cursor) knowsLoss() bool {
	st := c.stream
	offset, known := st.extent.offsetAt(st.win.next)
	if known {
		c.lossPending = false
		c.lose(offset, c.lossCause)
	}
	return known
}
