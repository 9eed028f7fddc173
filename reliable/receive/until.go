package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// The end of delivery before the end of a stream.

// endless is an offset that is never reached.
const endless = ^uint64(0)

// until fixes where delivery ends.
func (c *cursor) until(u reliable.Until) {
	c.stop = endless
	if offset, ok := u.Offset(); ok {
		c.stop = offset
	}
	c.stopWall, c.stopsAt = u.Wall()
}

// checkTime ends delivery before the messages that start in a frame, if it was made at the
// time at which delivery ends, or later.
func (c *cursor) checkTime(f *frame.Frame) {
	if t := c.stream.session.title.told; t != nil && t.Wall+int64(f.Time) >= c.stopWall {
		c.stop = min(c.stop, max(f.StartOffset(), c.offset))
	}
}

// stepUntil ends the stream where delivery ends.
func (c *cursor) stepUntil(ev *reliable.Run) bool {
	st := c.stream
	if len(st.marks) > 0 && st.marks[0].kind == reliable.SessionNew {
		return c.stepMark(ev)
	}
	st.event(ev, reliable.SessionEnded, st.r.now)
	ev.Cause = reliable.CauseUntil
	st.stats.End, st.stats.NextOffset = reliable.EndUntil, c.offset
	st.tapeEnd(&mark{cause: reliable.CauseUntil})
	st.abandon()
	st.release()
	st.become(ended)
	c.stop = endless
	if st.session.to().IsValid() {
		st.status.leaveDue = st.r.now
		st.session.touch(st)
		st.r.enliven(st.session)
	}
	return true
}
