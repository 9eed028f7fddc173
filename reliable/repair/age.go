package repair

import (
	"time"

	"crier/reliable"
)

// ageAfter is how long ago a frame was sent, at the least, whose askers are behind; four
// round trips, if that is longer.
const ageAfter = 250 * time.Millisecond

// age knows which frames were sent a while ago.
type age struct {
	aged  uint64        // frames below were sent ageAfter ago, or longer
	young uint64        // and these between that and now
	since reliable.Time // when young was noted
}

// pass notes which frames are old.
func (a *age) pass(now reliable.Time, sent uint64, rtt time.Duration) {
	if now.Sub(a.since) >= max(ageAfter, 4*rtt) {
		a.aged, a.young, a.since = a.young, sent, now
	}
}
