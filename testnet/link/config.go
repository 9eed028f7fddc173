package link

import (
	"errors"
	"fmt"
	"time"
)

const (
	// MaxDelay is the longest delay that a model may add to a datagram.
	MaxDelay = time.Hour
	// MaxQueue is the largest queue of a link, in bytes: what waits, times the
	// nanoseconds of a bit, must fit 63 bits.
	MaxQueue = 1 << 30
	// MaxRate is the highest rate of a link, in bits a second.
	MaxRate = 1_000_000_000_000

	defaultQueue = 64 << 10
)

// Config configures a link. The zero value is a perfect
// link: nothing is lost, and everything arrives at once and in order.
type Config struct {
	// Loss decides which datagrams the link loses; nil loses none.
	Loss Loss
	// Delay is how long a datagram travels, after it has left the queue; nil
	// takes no time.
	Delay Delay
	// Unordered lets a datagram overtake another whose delay was longer.
	// Otherwise a link keeps order: a datagram that would overtake another arrives
	// together with it, and after it.
	Unordered bool
	// Reorder is the probability that a datagram is held back for ReorderDelay
	// on its way, so that others overtake it, on a link that keeps order too.
	Reorder      float64
	ReorderDelay time.Duration
	// Duplicate is the probability that a datagram arrives again,
	// DuplicateDelay after the first time. The copy is copied again with the
	// same probability, and that is all.
	Duplicate      float64
	DuplicateDelay time.Duration
	// Corrupt is the probability that an arrival is damaged.
	Corrupt float64
	// Rate is how fast datagrams leave the sender, in bits a second; 0 is
	// infinitely fast.
	Rate int64
	// Queue bounds the datagrams that wait to leave, in bytes; a datagram that doesn't fit is
	// dropped, unless nothing waits. 0 means 64 KiB if there is a Rate.
	Queue int
}

// Validate returns the first rule that c breaks.
func (c Config) Validate() error {
	if err := validateLoss(c.Loss); err != nil {
		return err
	}
	if err := validateDelay(c.Delay); err != nil {
		return err
	}
	if !isProbability(c.Reorder) {
		return fmt.Errorf("testnet: Reorder is a probability from 0 to 1, not %v", c.Reorder)
	}
	if err := validDelay("ReorderDelay", c.ReorderDelay); err != nil {
		return err
	}
	if c.Reorder > 0 && c.ReorderDelay == 0 {
		return errors.New("testnet: Reorder needs a ReorderDelay, for how long a datagram is " +
			"held back")
	}
	if !isProbability(c.Duplicate) {
		return fmt.Errorf("testnet: Duplicate is a probability from 0 to 1, not %v", c.Duplicate)
	}
	if err := validDelay("DuplicateDelay", c.DuplicateDelay); err != nil {
		return err
	}
	if !isProbability(c.Corrupt) {
		return fmt.Errorf("testnet: Corrupt is a probability from 0 to 1, not %v", c.Corrupt)
	}
	if c.Rate < 0 || c.Rate > MaxRate {
		return fmt.Errorf("testnet: Rate is from 0 to %d bits a second, not %d", int64(MaxRate),
			c.Rate)
	}
	if c.Queue < 0 || c.Queue > MaxQueue {
		return fmt.Errorf("testnet: Queue is from 0 to %d bytes, not %d", MaxQueue, c.Queue)
	}
	if c.Queue > 0 && c.Rate == 0 {
		return errors.New("testnet: Queue needs a Rate, since an infinitely fast link never queues")
	}
	return c.validateQueue()
}

// Instant reports whether all that isn't lost arrives at once and once.
func (c Config) Instant() bool {
	return (c.Delay == nil || c.Delay == FixedDelay(0)) && c.Reorder == 0 && c.Duplicate == 0 &&
		c.Rate == 0
}

// isProbability is false for NaN as well.
func isProbability(p float64) bool { return p >= 0 && p <= 1 }

func validDelay(name string, d time.Duration) error {
	if d < 0 || d > MaxDelay {
		return fmt.Errorf("testnet: %s is from 0 to %v, not %v", name, MaxDelay, d)
	}
	return nil
}
