package testnet

import (
	"math/bits"
	"math/rand/v2"
)

// random is a seeded generator whose draws are the same on every architecture
// (the bounded draws of math/rand/v2 are not).
type random struct {
	pcg rand.PCG
}

func newRandom(seed uint64) random {
	var r random
	r.pcg.Seed(mix(seed), mix(seed^0x6c696e6b))
	return r
}

// below returns a number in [0, n); 0 if n is 0.
func (r *random) below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.pcg.Uint64(), n)
	return hi
}

// upTo returns a number of nanoseconds in [0, n]; 0 if n is not positive.
func (r *random) upTo(n int64) int64 {
	if n <= 0 {
		return 0
	}
	return int64(r.below(uint64(n) + 1))
}

// chance is a probability in units of 2^-63, so that certainty fits too.
type chance uint64

// newChance is exact: scaling by a power of two rounds nothing. p must be in
// [0, 1]; what is left below 2^-63 is cut off.
func newChance(p float64) chance { return chance(p * (1 << 63)) }

// hit is true with probability c. Nothing is drawn for an impossible event.
func (r *random) hit(c chance) bool {
	return c != 0 && r.pcg.Uint64()>>1 < uint64(c)
}

// isProbability is false for NaN as well.
func isProbability(p float64) bool { return p >= 0 && p <= 1 }

// mix is the finalizer of splitmix64: nearby inputs give unrelated outputs.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// LinkSeed derives a link's seed from the run's seed and from who is at its two
// ends, numbered as the driver likes. The order in which links are made doesn't
// matter, and the two directions differ.
func LinkSeed(run, from, to uint64) uint64 {
	return mix(mix(mix(run)^from) ^ to)
}
