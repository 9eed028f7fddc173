package link

import (
	"fmt"
	"math"
	"math/bits"
)

// bitNanos is the nanoseconds in a second times the bits in a byte: a byte
// takes bitNanos/rate nanoseconds to leave.
const bitNanos = 8_000_000_000

// egress is a link's sending side: a first-in first-out queue, bounded in
// bytes, that empties at a rate. It keeps no datagrams, only when the last one
// of them will have left.
type egress struct {
	rate  uint64 // bits a second; 0: infinitely fast, and never a queue
	limit uint64 // bytes that may wait or be leaving
	idle  int64  // when the last datagram will have left
	rest  uint64 // by how much idle is too early, in nanoseconds/rate
}

// configure takes over rate and queue; what waits leaves when it was said to.
func (e *egress) configure(c Config) {
	e.rate, e.limit = uint64(c.Rate), uint64(c.queue())
}

// enter adds a datagram of n bytes and returns when its last bit has left, or
// false if it doesn't fit. A datagram always fits if nothing waits.
func (e *egress) enter(now int64, n int) (int64, bool) {
	if e.rate == 0 {
		return now, true
	}
	size := uint64(min(max(n, 0), MaxQueue))
	if e.idle <= now {
		e.idle, e.rest = now, 0
	} else if e.waiting(now)+size > e.limit {
		return now, false
	}
	work := size*bitNanos + e.rest
	e.idle += int64(work / e.rate)
	e.rest = work % e.rate
	return e.idle, true
}

// waiting returns the bytes that have not left at now, which is before idle; a
// byte counts until its last bit has left.
func (e *egress) waiting(now int64) uint64 {
	hi, lo := bits.Mul64(uint64(e.idle-now), e.rate)
	if hi >= bitNanos { // only after the rate was raised a lot
		return math.MaxUint32
	}
	q, rest := bits.Div64(hi, lo, bitNanos)
	if rest > 0 {
		q++
	}
	return q
}

// queue returns the queue's limit in bytes.
func (c Config) queue() int {
	if c.Queue == 0 {
		return defaultQueue
	}
	return c.Queue
}

// validateQueue keeps times within an int64.
func (c Config) validateQueue() error {
	if c.Rate > 0 && uint64(c.queue())*bitNanos/uint64(c.Rate) > uint64(MaxDelay) {
		return fmt.Errorf("testnet: a Queue of %d bytes takes longer than %v to leave at a "+
			"Rate of %d bits a second; make it smaller",
			c.queue(), MaxDelay, c.Rate)
	}
	return nil
}
