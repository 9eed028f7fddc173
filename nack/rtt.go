package nack

import "time"

// RTT estimates a round trip and its variation as RFC 6298, section 2, does for TCP, in
// integer nanoseconds. The zero value has no estimate yet.
type RTT struct {
	smooth, vary time.Duration
	known        bool
}

const (
	// guessedRTT is assumed until a round trip has been measured.
	guessedRTT = 10 * time.Millisecond
	// maxRTT is the longest believable sample. Longer ones come from a suspended process
	// or a hostile sender.
	maxRTT = 10 * time.Second
	// minTimeout keeps a very short round trip from repeating a request whose answer is
	// already on its way.
	minTimeout = 50 * time.Microsecond
)

// Sample takes one measured round trip. Impossible ones are ignored.
func (r *RTT) Sample(d time.Duration) {
	if d <= 0 || d > maxRTT {
		return
	}
	if !r.known {
		r.smooth, r.vary, r.known = d, d/2, true
		return
	}
	// RFC 6298 moves the estimate by an eighth of the difference, downwards as slowly as
	// upwards. But a wait, in a socket's backlog or in a suspended process, can only make
	// a sample longer. A sample far below the estimate therefore shows that the wait is
	// over, and halves the estimate. Otherwise, after three samples of 8 s, twelve of 5
	// ms would leave an estimate of 1.6 s and a timeout of 12 s.
	if d < r.smooth/8 {
		r.smooth /= 2
		r.vary = min(r.vary, r.smooth/2)
		return
	}
	// A sample of a hundred round trips comes from a scheduler's pause, not from the
	// network. It counts for at most four.
	d = min(d, 4*r.smooth+4*r.vary)
	diff := d - r.smooth
	if diff < 0 {
		diff = -diff
	}
	r.vary += (diff - r.vary) / 4
	r.smooth += (d - r.smooth) / 8
}

// Known reports whether a round trip has been measured.
func (r *RTT) Known() bool { return r.known }

// Smoothed returns the estimate, or a guess if nothing has been measured.
func (r *RTT) Smoothed() time.Duration {
	if !r.known {
		return guessedRTT
	}
	return max(r.smooth, 1)
}

// Timeout returns how long to wait for an answer before asking again.
func (r *RTT) Timeout() time.Duration {
	if !r.known {
		return 2 * guessedRTT
	}
	return max(2*r.smooth, r.smooth+4*r.vary, minTimeout)
}
