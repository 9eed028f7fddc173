package nack

import (
	"math/bits"
	"time"
)

// bucket is a token bucket of bytes. The first call of fill starts its clock.
type bucket struct {
	rate    uint64 // bytes a second
	burst   uint64 // bytes
	tokens  uint64
	filled  Time
	filling bool   // filled means something
	nanos   uint64 // what remained of the last filling, in byte-nanoseconds
}

// fill adds the tokens that have come since the last call.
func (b *bucket) fill(now Time) {
	if !b.filling {
		b.filled, b.filling = now, true
	}
	if now <= b.filled {
		return
	}
	elapsed := uint64(now.Sub(b.filled))
	b.filled = now
	hi, lo := bits.Mul64(elapsed, b.rate)
	lo, carry := bits.Add64(lo, b.nanos, 0)
	if hi += carry; hi >= uint64(time.Second) {
		b.tokens, b.nanos = b.burst, 0
		return
	}
	added, rest := bits.Div64(hi, lo, uint64(time.Second))
	b.tokens, b.nanos = b.tokens+added, rest
	if b.tokens >= b.burst || b.tokens < added {
		b.tokens, b.nanos = b.burst, 0
	}
}

// ready returns when n tokens will be there, 2^30 at most: now if they are. More
// than a burst counts as a burst, or it would never be ready.
func (b *bucket) ready(now Time, n uint64) Time {
	b.fill(now)
	if n = min(n, b.burst); b.tokens >= n {
		return now
	}
	if b.rate == 0 {
		return Never
	}
	missing := (n-b.tokens)*uint64(time.Second) - b.nanos
	return now.Add(time.Duration((missing-1)/b.rate + 1))
}

// take removes n tokens, or as many as there are.
func (b *bucket) take(n uint64) { b.tokens -= min(b.tokens, n) }

// setRate changes how fast tokens come from now on.
func (b *bucket) setRate(now Time, rate uint64) {
	b.fill(now)
	b.rate = rate
}
