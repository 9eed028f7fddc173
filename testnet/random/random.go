// Package random has the generator that all of testnet draws from.
package random

import (
	"math/bits"
	"math/rand/v2"
)

// Generator is a seeded generator whose draws are the same on every architecture
// (the bounded draws of math/rand/v2 are not).
type Generator struct {
	pcg rand.PCG
}

// New returns a generator for a seed.
func New(seed uint64) Generator {
	var r Generator
	r.pcg.Seed(Mix(seed), Mix(seed^0x6c696e6b))
	return r
}

// Uint64 returns 64 random bits.
func (r *Generator) Uint64() uint64 { return r.pcg.Uint64() }

// Below returns a number in [0, n); 0 if n is 0.
func (r *Generator) Below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.pcg.Uint64(), n)
	return hi
}

// UpTo returns a number of nanoseconds in [0, n]; 0 if n is not positive.
func (r *Generator) UpTo(n int64) int64 {
	if n <= 0 {
		return 0
	}
	return int64(r.Below(uint64(n) + 1))
}

// Chance is a probability in units of 2^-63, so that certainty fits too.
type Chance uint64

// NewChance is exact: scaling by a power of two rounds nothing. p must be in
// [0, 1]; what is left below 2^-63 is cut off.
func NewChance(p float64) Chance { return Chance(p * (1 << 63)) }

// Hit is true with probability c. Nothing is drawn for an impossible event.
func (r *Generator) Hit(c Chance) bool {
	return c != 0 && r.pcg.Uint64()>>1 < uint64(c)
}

// Mix is the finalizer of splitmix64: nearby inputs give unrelated outputs.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
