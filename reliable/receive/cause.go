package receive

import (
	"crier/nack"
	"crier/reliable"
)

// causeOf translates the requester's causes.
func causeOf(c nack.Cause) reliable.Cause {
	switch c {
	case nack.Late:
		return reliable.CauseLate
	case nack.NotRecovered:
		return reliable.CauseNotRecovered
	}
	return reliable.CauseUnanswered
}
