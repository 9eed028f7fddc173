package nack

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// Rand is a seeded generator whose draws are the same on every architecture. The bounded
// draws of math/rand/v2 are not.
type Rand struct {
	pcg rand.PCG
}

// NewRand returns a generator for a seed and a stream, such as a subscriber's id.
// Generators with the same seed and different streams are independent.
func NewRand(seed, stream uint64) *Rand {
	r := new(Rand)
	r.pcg.Seed(seed, stream)
	return r
}

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 { return r.pcg.Uint64() }

// Below returns a number in [0, n), or 0 if n is 0.
func (r *Rand) Below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.pcg.Uint64(), n)
	return hi
}

// Duration returns a duration in [0, d), or 0 if d is not positive.
func (r *Rand) Duration(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(r.Below(uint64(d)))
}

// Jitter returns d changed by up to a quarter, either way.
func (r *Rand) Jitter(d time.Duration) time.Duration {
	return d - d/4 + r.Duration(d/2)
}
