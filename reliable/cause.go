package reliable

import "crier/nack"

// causeOf translates the requester's causes.
func causeOf(c nack.Cause) Cause {
	switch c {
	case nack.Late:
		return CauseLate
	case nack.NotRecovered:
		return CauseNotRecovered
	}
	return CauseUnanswered
}
