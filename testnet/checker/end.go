package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// judgeBegin asks whether the first offset that counts is the right one.
func (v *view) judgeBegin() {
	cfg := &v.cfg.Receiver
	switch {
	case v.s.Start.Add(v.age) >= v.sub.Joined():
		// All that a subscriber can know of a session's start is how old the first
		// frame says the session is; the frame's way makes it look younger. A
		// subscriber that never heard SESSION can't know the first offset.
		if v.begin != v.s.FirstOffset && v.named {
			v.fail("it begins at offset %d, and the session, which began after it joined, at %d",
				v.begin, v.s.FirstOffset)
		}
	case cfg.Start == reliable.Latest:
		want := v.firstData
		if v.first == frame.Heartbeat {
			want = v.firstNext
		}
		if v.begin != want {
			v.fail("it begins at offset %d, and the first message that it could know of is %d",
				v.begin, want)
		}
	default:
		if !(v.hasBeat && v.begin == v.firstOld) &&
			!(v.hasData && v.lowData <= v.begin && v.begin <= v.firstData) {
			v.fail("it begins at offset %d, and the oldest held is %d, the oldest heard %d",
				v.begin, v.firstOld, v.lowData)
		}
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
	}
	for _, sub := range c.w.Subscribers() {
		if !sub.Running() || sub.Paused() {
			continue
		}
		stats := sub.Sessions()
		for _, s := range c.w.Sessions() {
			v := c.view(sub, s)
			var st *receive.SessionStats
			for i := range stats {
				if stats[i].ID == s.ID {
					st = &stats[i]
				}
			}
			v.finish(st, calm)
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
	patience := v.bound() + v.silence()
	// Whoever has a long way to catch up, or takes its time, isn't stuck as long as
	// repairs come.
	settled := now.Sub(max(calm, v.sub.Joined(), v.help)) > patience
	if st == nil {
		if v.phase != 0 {
			v.fail("the application was told of the session, and the receiver doesn't know it")
		}
		if settled && v.s.Ended == reliable.Never && v.s.Closed == reliable.Never &&
			now.Sub(v.s.Start) > patience {
			v.fail("it has not begun, %v after the faults ended", now.Sub(calm))
		}
		return
	}
	if v.sub.Working() {
		return
	}
	v.compare(st)
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
		if v.phase != reliable.SessionNew && v.phase != reliable.SessionResumed {
			v.fail("it is %q, and the publisher lives", v.phase)
		}
		if st.NextOffset != v.s.NextOffset() && v.t.lastAccepted().Add(time.Second) < now {
			v.fail("it stands at offset %d, and the publisher at %d", st.NextOffset,
				v.s.NextOffset())
		}
	case v.s.Crashed:
		if now.Sub(v.s.Ended) > patience && v.phase != reliable.SessionSilent &&
			v.phase != reliable.SessionEnded {
			v.fail("the publisher crashed at %s, and it is %q", world.Stamp(v.s.Ended), v.phase)
		}
	case v.s.Ended != reliable.Never && now.Sub(v.s.Ended) > patience:
		if v.phase != reliable.SessionSilent && v.phase != reliable.SessionEnded {
			v.fail("the publisher left at %s, and it is %q", world.Stamp(v.s.Ended), v.phase)
		}
		if v.phase == reliable.SessionSilent && v.s.Closed > calm {
			v.fail("the publisher said BYE at %s, and it is %q", world.Stamp(v.s.Closed), v.phase)
		}
	}
}

// compare holds what the receiver says of itself against what was seen.
func (v *view) compare(st *receive.SessionStats) {
	if st.Delivered != v.delivered || st.Lost != v.lost {
		v.fail("the receiver counts %d delivered and %d lost, and there were %d and %d",
			st.Delivered, st.Lost, v.delivered, v.lost)
	}
	if st.NextOffset > v.s.NextOffset() || st.NextOffset > max(v.offset, v.s.FirstOffset) {
		v.fail("next_offset is %d, the publisher accepted up to %d, with evidence up to %d",
			st.NextOffset, v.s.NextOffset(), v.offset)
	}
	if st.Gaps == 0 && st.Buffered == 0 && st.Lag == 0 &&
		st.Delivered+st.Lost != st.NextOffset-st.FirstOffset {
		v.fail("delivered (%d) and lost (%d) don't make up [%d, %d)", st.Delivered, st.Lost,
			st.FirstOffset, st.NextOffset)
	}
	if v.phase == reliable.SessionEnded && v.bye && !v.sub.Left() &&
		st.NextOffset != v.s.NextOffset() {
		v.fail("next_offset is %d after BYE, and the publisher accepted up to %d", st.NextOffset,
			v.s.NextOffset())
	}
	if !v.known {
		v.begin = st.FirstOffset
		v.judgeBegin()
		return
	}
	if !v.inOrder && st.FirstOffset != v.begin {
		v.begin = st.FirstOffset
		v.judgeBegin()
	}
	if st.FirstOffset != v.begin {
		v.fail("first_offset is %d, and the first message that was told of %d", st.FirstOffset,
			v.begin)
	}
	if st.Lag == 0 && st.NextOffset != v.next {
		v.fail("next_offset is %d, and the last message that was told of %d", st.NextOffset, v.next)
	}
}

// lastAccepted returns when the last message was accepted.
func (t *truth) lastAccepted() reliable.Time {
	if n := t.s.NextOffset(); n > t.s.FirstOffset {
		return t.s.AcceptedAt(n - 1)
	}
	return t.s.Start
}
