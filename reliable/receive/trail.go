package receive

import "crier/reliable"

// A trail is the way of a gap through the answerers: who was asked for it in vain, and why
// it was passed on first.
type trail uint32

const (
	// The bits of the answerers by their index, the publisher's first.
	trailAsked trail = 1<<maxAnswerers - 1
	trailCause       = maxAnswerers
	// One of them didn't answer.
	trailMute trail = 1 << 29
	// All were asked, and are asked once more, since one didn't answer.
	trailAgain trail = 1 << 30
	// The gap is the publisher's, though holders were looked at first.
	trailPlaced trail = 1 << 31
)

// with returns the trail of a gap that an answerer was asked for in vain, for a cause.
func (t trail) with(q *inquiry, cause reliable.Cause) trail {
	if t.cause() == 0 {
		t |= trail(cause) << trailCause
	}
	return t | 1<<q.index
}

// has reports whether an answerer was asked in vain.
func (t trail) has(q *inquiry) bool { return t&(1<<q.index) != 0 }

// cause returns the cause for which the gap was passed on first, or 0.
func (t trail) cause() reliable.Cause { return reliable.Cause(t >> trailCause & 0xff) }

// again returns the trail for another round, and false if there is none: each answerer is
// asked once more where one of them didn't answer, but the publisher isn't.
func (t trail) again() (trail, bool) {
	if t&trailMute == 0 || t&trailAgain != 0 {
		return t, false
	}
	return t&^trailAsked | trailAgain | 1, true
}
