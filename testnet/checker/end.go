package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// judgeEnded asks whether the session ended by a cause.
func (v *view) judgeEnded(cause reliable.Cause) {
	switch cause {
	case reliable.CauseEnded:
		if !v.pulse.bye && !v.holders.ended {
			v.fail("the session ended, and no BYE was heard")
		}
		if !v.app.known {
			return // nothing was ever published, or all of it before
		}
		if v.app.next != v.s.NextOffset() {
			v.fail("the session ended at offset %d, and the publisher accepted up to %d",
				v.app.next, v.s.NextOffset())
		}
	case reliable.CauseClosed:
		if !v.sub.Left() {
			v.fail("the session ended as closed, and the subscriber was not closed")
		}
	default:
		v.fail("the session ended by %q", cause)
	}
}

// Finish judges the end of a run and returns all violations, or nil. Since calm,
// nobody must have crashed, been paused or cut off, and links must have lost no
// more than requests and heartbeats overcome in the stated time; it must lie
// further back than that. Subscribers whose application is still behind are not
// judged by what they have yet to take.
func (c *Checker) Finish(calm reliable.Time) error {
	for _, s := range c.w.Sessions() {
		c.truth(s).finish()
		c.judgeContinued(s)
	}
	for _, t := range c.truths {
		t.inquests.finish()
	}
	for _, r := range c.w.Recorders() {
		c.recorder(r).finish()
	}
	for _, k := range c.consumers {
		k.finish()
	}
	c.directory.finish()
	for _, sub := range c.w.Subscribers() {
		if !sub.Running() || sub.Paused() || sub.InTeam() {
			continue
		}
		stats := sub.Sessions()
		for _, s := range c.w.Sessions() {
			v := c.view(sub, s)
			v.finish(s.Of(stats), calm)
		}
	}
	return c.Err()
}

// Left judges the subscribers that have left, and returns all violations, or nil:
// whatever became of what they held, it must have been given back.
func (c *Checker) Left() error {
	for _, sub := range c.w.Subscribers() {
		if used := sub.Memory(); sub.Left() && used != 0 {
			c.fail("%v has left, and still holds %d bytes", sub, used)
		}
	}
	return c.Err()
}

// finish judges a session at the end of a run. st is what the receiver says of
// it, nil if nothing.
func (v *view) finish(st *receive.SessionStats, calm reliable.Time) {
	now := v.c.w.Now()
	patience := v.bound() + v.pulse.silence()
	// Whoever has a long way to catch up, or takes its time, isn't stuck as long as
	// repairs come.
	settled := now.Sub(max(calm, v.sub.Joined(), v.help)) > patience
	if st == nil {
		if v.app.phase != 0 {
			v.fail("the application was told of the session, and the receiver doesn't know it")
		}
		if settled && v.sub.Wants(v.s) && v.s.Ended == reliable.Never &&
			v.s.Closed == reliable.Never && now.Sub(v.s.Start) > patience {
			v.fail("it has not begun, %v after the faults ended", now.Sub(calm))
		}
		return
	}
	if v.sub.Working() {
		return
	}
	v.compare(st)
	v.judgeForks()
	v.certificates.finish()
	if !settled || now.Sub(v.s.Start) <= patience {
		return
	}
	if st.Gaps != 0 || st.Buffered != 0 || st.Lag != 0 {
		v.fail("%d gaps are open, %d frames held, and it is %d messages behind, %v after the "+
			"faults ended",
			st.Gaps, st.Buffered, st.Lag, now.Sub(calm))
	}
	switch {
	case v.s.Ended == reliable.Never && v.s.Closed == reliable.Never: // it lives
		if !v.app.live() {
			v.fail("it is %q, and the publisher lives", v.app.phase)
		}
		if st.NextOffset != v.s.NextOffset() && v.t.lastAccepted().Add(time.Second) < now {
			v.fail("it stands at offset %d, and the publisher at %d", st.NextOffset,
				v.s.NextOffset())
		}
	case v.s.Crashed:
		if now.Sub(v.s.Ended) > patience && !v.app.over() {
			v.fail("the publisher crashed at %s, and it is %q", world.Stamp(v.s.Ended), v.app.phase)
		}
	case v.s.Ended != reliable.Never && now.Sub(v.s.Ended) > patience:
		if !v.app.over() {
			v.fail("the publisher left at %s, and it is %q", world.Stamp(v.s.Ended), v.app.phase)
		}
		if v.app.phase == reliable.SessionSilent && v.s.Closed > calm {
			v.fail("the publisher said BYE at %s, and it is %q", world.Stamp(v.s.Closed),
				v.app.phase)
		}
	}
}

// compare holds what the receiver says of itself against what was seen.
func (v *view) compare(st *receive.SessionStats) {
	if st.Delivered != v.app.delivered || st.Lost != v.app.lost {
		v.fail("the receiver counts %d delivered and %d lost, and there were %d and %d",
			st.Delivered, st.Lost, v.app.delivered, v.app.lost)
	}
	evidence := max(v.arrivals.offset, v.holders.offset)
	if pos, ok := v.start.saved(); ok {
		evidence = max(evidence, pos.Offset)
	}
	for _, s := range v.c.w.Sessions() { // what goes on where it ended tells of that end
		if s.Prev.Session == v.s.ID {
			evidence = max(evidence, s.Prev.Offset)
		}
	}
	if st.NextOffset > v.s.NextOffset() || st.NextOffset > max(evidence, v.s.FirstOffset) {
		v.fail("next_offset is %d, the publisher accepted up to %d, with evidence up to %d",
			st.NextOffset, v.s.NextOffset(), evidence)
	}
	if st.Gaps == 0 && st.Buffered == 0 && st.Lag == 0 &&
		st.Delivered+st.Lost != st.NextOffset-st.FirstOffset {
		v.fail("delivered (%d) and lost (%d) don't make up [%d, %d)", st.Delivered, st.Lost,
			st.FirstOffset, st.NextOffset)
	}
	if v.app.phase == reliable.SessionEnded && v.pulse.bye && !v.sub.Left() &&
		st.NextOffset != v.s.NextOffset() {
		v.fail("next_offset is %d after BYE, and the publisher accepted up to %d", st.NextOffset,
			v.s.NextOffset())
	}
	if !v.app.known {
		v.app.begin = st.FirstOffset
		v.start.judge(v.app.begin)
		return
	}
	if !v.inOrder && st.FirstOffset != v.app.begin {
		v.app.begin = st.FirstOffset
		v.start.judge(v.app.begin)
	}
	if st.FirstOffset != v.app.begin {
		v.fail("first_offset is %d, and the first message that was told of %d", st.FirstOffset,
			v.app.begin)
	}
	if st.Lag == 0 && st.NextOffset != v.app.next {
		v.fail("next_offset is %d, and the last message that was told of %d", st.NextOffset,
			v.app.next)
	}
}

// lastAccepted returns when the last message was accepted.
func (t *truth) lastAccepted() reliable.Time {
	if n := t.s.NextOffset(); n > t.s.FirstOffset {
		return t.s.AcceptedAt(n - 1)
	}
	return t.s.Start
}
