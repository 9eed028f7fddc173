package feed

import (
	"math"
	"time"
)

// timeStep separates messages out of order from clocks that go back: queues and processors of
// a capturing host overtake each other by less, and clocks that are set step by more (NTP by
// 128 ms at least).
const timeStep = 100 * time.Millisecond

// timeline turns recorded times into due times, which never go back.
type timeline struct {
	maxGap time.Duration
	begun  bool
	base   int64         // the recorded time that is due at 0
	before int64         // base before time last went back
	wentTo bool          // before means something
	last   time.Duration // of the last message

	back, shortened   uint64
	furthest, longest time.Duration
}

// timeKind is an oddity of a time.
type timeKind int

const (
	stepNone  timeKind = iota
	stepBack           // it is before its predecessor
	stepShort          // the silence before it was shortened
)

// at returns when a message is due that was recorded at ns. Where time goes back,
// the message is due at once and those that follow keep their distance from it,
// unless they go on where time was before.
func (t *timeline) at(ns int64) (at time.Duration, kind timeKind, by time.Duration) {
	if !t.begun {
		t.begun, t.base = true, ns
		return 0, stepNone, 0
	}
	at = sub(ns, t.base)
	if t.wentTo {
		if old := sub(ns, t.before); old >= t.last && (at < t.last || old < at) {
			at, t.base, t.wentTo = old, t.before, false
		}
	}
	if at < t.last {
		late := sub(int64(t.last), int64(at))
		t.back++
		t.furthest = max(t.furthest, late)
		if late < timeStep {
			return t.last, stepNone, 0
		}
		t.before, t.wentTo = t.base, true
		t.base = int64(sub(ns, int64(t.last)))
		return t.last, stepBack, late
	}
	if gap := at - t.last; t.maxGap > 0 && gap > t.maxGap {
		t.shortened++
		t.longest = max(t.longest, gap)
		t.last += t.maxGap
		t.base, t.wentTo = int64(sub(ns, int64(t.last))), false
		return t.last, stepShort, gap
	}
	t.last = at
	return at, stepNone, 0
}

// sub is a-b, or the nearest duration where that is none.
func sub(a, b int64) time.Duration {
	switch d := a - b; {
	case a >= 0 && b < 0 && d < 0:
		return math.MaxInt64
	case a < 0 && b >= 0 && d >= 0:
		return math.MinInt64
	default:
		return time.Duration(d)
	}
}
