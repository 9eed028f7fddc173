package receive

import (
	"time"

	"crier/reliable"
)

// transit measures how much longer frames take to be handled here than the
// fastest did lately: their wait on the way, and at this subscriber's own
// socket. The clocks of the two sides need not agree, since only differences
// count. The zero value has measured nothing.
type transit struct {
	fastest [2]int64      // in this window, and in the one before
	windows int           // how many of them mean something
	turned  reliable.Time // when this window began
}

const (
	// transitWindow is how long the fastest frame is remembered, at least: if one
	// side's clock is set back or stands still, so long all seem late.
	transitWindow = 30 * time.Second
	// maxTransit is the longest delay believed.
	maxTransit = 30 * time.Second
)

// take notes a frame that was sent at a time of the publisher's and is handled
// now, and returns how much longer it took than the fastest.
func (t *transit) take(now reliable.Time, sent uint64) time.Duration {
	took := int64(now) - int64(sent)
	if t.windows == 0 || now.Sub(t.turned) >= transitWindow {
		t.fastest[1], t.fastest[0] = t.fastest[0], took
		t.windows, t.turned = min(t.windows+1, 2), now
	}
	t.fastest[0] = min(t.fastest[0], took)
	fastest := t.fastest[0]
	if t.windows > 1 {
		fastest = min(fastest, t.fastest[1])
	}
	late := time.Duration(took - fastest)
	if late < 0 || late > maxTransit { // a forged time makes it overflow
		return maxTransit
	}
	return late
}
