package repair

import (
	"time"

	"crier/reliable"
)

// ageAfter is how long ago a frame was sent, at least, if its askers count as behind.
// Four round trips apply if they are longer.
const ageAfter = 250 * time.Millisecond

// An age knows which frames were sent a while ago.
type age struct {
	// Frames below aged were sent ageAfter ago or earlier, and those up to young between
	// then and since.
	aged  uint64
	young uint64
	since reliable.Time
}

// pass lets time pass: sent is one past the last frame sent.
func (a *age) pass(now reliable.Time, sent uint64, rtt time.Duration) {
	if now.Sub(a.since) >= max(ageAfter, 4*rtt) {
		a.aged, a.young, a.since = a.young, sent, now
	}
}
