package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// The Checker bounds STATUS. All subscribers of a session together send about a hundred a
// second, or a thousand if the publisher wants their positions. One subscriber sends at most
// one each half second. A session's start, its end and its return add one each, and requests
// for SESSION follow each other ever more slowly. Reports of having everything and of leaving
// are within these bounds.
const (
	statusLeast  = 500 * time.Millisecond
	statusEach   = 10 * time.Millisecond // a subscriber of the group
	reportEach   = time.Millisecond      // likewise, where positions are wanted
	requestLeast = 500 * time.Millisecond
	statusBurst  = 4
	requestBurst = 20 // before they are as slow as that
	goesBurst    = 6  // at the end, and three times as it closes
)

// rate is a leaky bucket of what may come once each interval, which may change.
type rate struct {
	level int64 // a thousand for each that came
	at    reliable.Time
}

// take takes one, and reports whether more than a burst came ahead of the interval.
func (r *rate) take(now reliable.Time, each time.Duration, burst int64) bool {
	leaked := int64(min(now.Sub(r.at), 1000*time.Second)) / max(1, int64(each/1000))
	r.level, r.at = max(0, r.level-leaked)+1000, now
	return r.level > 1000*burst
}

// noteGroup remembers what a HEARTBEAT says of how often to send STATUS: until the next
// one is due, the word of before may hold as well.
func (v *view) noteGroup(f *frame.Frame) {
	if v.phase == reliable.SessionEnded {
		return // what goes on to say BYE is listened to no more
	}
	every := max(statusLeast, time.Duration(f.Group)*statusEach)
	if f.Report > 0 {
		every = time.Duration(max(1, f.Group)) * reportEach
	}
	v.statusEvery = min(v.statusEvery, every)
	v.statusNext = every
}

// judgeStatus asks whether a STATUS may be sent now.
func (v *view) judgeStatus(now reliable.Time, f *frame.Frame) {
	switch {
	case f.Flags&frame.Leaving != 0:
		if v.goes.take(now, v.statusEvery*3/4, goesBurst) {
			v.fail("it says that it goes more often than %d times and each %v", goesBurst,
				v.statusEvery)
		}
	case f.Flags&frame.WantSession != 0:
		if v.asksSession.take(now, requestLeast*3/4, requestBurst) {
			v.fail("it asks for SESSION more often than %d times and each %v", requestBurst,
				requestLeast)
		}
	default:
		if v.statuses.take(now, v.statusEvery*3/4, statusBurst) {
			v.fail("it sends STATUS more often than %d times and each %v", statusBurst,
				v.statusEvery)
		}
		v.statusEvery = v.statusNext
	}
}
