package receive

import (
	"time"

	"crier/reliable"
)

// credit is how far a session's address is believed: that data that fits came from there
// proves it, and before that it draws few NACKs.
type credit struct {
	proven bool
	// The NACKs that it may draw until then, and when that was counted.
	left int
	at   reliable.Time
	// Data from elsewhere contradicts its words, since then; 0: none does.
	refuted reliable.Time
}

const (
	// coldNacks is how many NACKs a session draws at once to an address that no data came
	// from yet, and coldEvery how long each further one takes.
	coldNacks = 16
	coldEvery = time.Second
)

// mayAsk reports whether a NACK may be sent. A word alone, which says that there is
// something to ask for, draws few.
func (c *credit) mayAsk(now reliable.Time) bool {
	if c.proven {
		return true
	}
	if more := int(min(now.Sub(c.at)/coldEvery, coldNacks)); more > 0 {
		c.left, c.at = min(c.left+more, coldNacks), now
	}
	if c.left == 0 {
		return false
	}
	c.left--
	return true
}
