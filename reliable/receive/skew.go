package receive

import (
	"math/bits"
	"time"
)

// skew counts times by their size, within an eighth of it.
type skew struct {
	counts [512]uint32
	total  uint64
}

// note counts a time.
func (k *skew) note(d time.Duration) {
	k.counts[bucketOf(uint64(max(0, d)))]++
	k.total++
}

// bucketOf returns the bucket of a number: 8 for each power of two.
func bucketOf(n uint64) int {
	if n < 8 {
		return int(n)
	}
	shift := bits.Len64(n) - 4
	return shift*8 + int(n>>shift)
}

// quantile returns the time that so many of a hundred don't exceed, or 0 if none was counted.
func (k *skew) quantile(percent uint64) time.Duration {
	if k.total == 0 {
		return 0
	}
	rank, sum := (k.total*percent+99)/100, uint64(0)
	for i, n := range k.counts {
		if sum += uint64(n); sum >= rank {
			if i < 16 {
				return time.Duration(i)
			}
			shift := i/8 - 1
			return time.Duration((uint64(i%8+8)+1)<<shift - 1)
		}
	}
	return 0
}
