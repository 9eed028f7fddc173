package topic

import (
	"math/bits"

	"crier/reliable/mix"
)

// The parameters of FNV-1a with 64 bits.
const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
)

// Hash returns the hash of a key: FNV-1a with 64 bits, with its bits mixed. FNV alone spreads
// short keys badly over partitions.
func Hash(key []byte) uint64 { return hash(key) }

func hash[T []byte | string](key T) uint64 {
	h := uint64(fnvOffset)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * fnvPrime
	}
	return mix.Uint64(h)
}

// Partition returns the partition of a key among p, from 0 to p-1: the high 64 bits of the
// product of the key's hash and p. p must be at least 1.
func Partition(key []byte, p int) uint32 {
	if p == 1 {
		return 0
	}
	high, _ := bits.Mul64(hash(key), uint64(p))
	return uint32(high)
}
