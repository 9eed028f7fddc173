package nack

import (
	"math/bits"
	"time"
)

// A bucket is a token bucket of bytes. Its clock starts with the first call of fill.
type bucket struct {
	// rate is in bytes a second, burst and tokens are in bytes.
	rate   uint64
	burst  uint64
	tokens uint64
	// filled is when tokens were added last, if filling is set.
	filled  Time
	filling bool
	// nanos is the remainder of the last filling, in byte-nanoseconds.
	nanos uint64
}

// fill adds the tokens that have accrued since the last call.
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

// ready returns when n tokens are available, for n of at most 2^30: now if they are. More
// than a burst counts as a burst, which would never be available otherwise.
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

// take removes n tokens, or all if there are fewer.
func (b *bucket) take(n uint64) { b.tokens -= min(b.tokens, n) }

// setRate changes the rate from now on.
func (b *bucket) setRate(now Time, rate uint64) {
	b.fill(now)
	b.rate = rate
}
