package every

import (
	"math/big"
	"math/bits"
)

// Count is a number of schedules, which may be large: 128 bits, and the most of them where it
// is more.
type Count struct{ hi, lo uint64 }

// One is the Count of one schedule.
var One = Count{0, 1}

// Add returns the sum of two Counts.
func (c Count) Add(d Count) Count {
	lo, carry := bits.Add64(c.lo, d.lo, 0)
	hi, carry := bits.Add64(c.hi, d.hi, carry)
	if carry != 0 {
		return Count{^uint64(0), ^uint64(0)}
	}
	return Count{hi, lo}
}

// String returns the number in digits.
func (c Count) String() string {
	n := new(big.Int).SetUint64(c.hi)
	n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(c.lo))
	if c.hi == ^uint64(0) && c.lo == ^uint64(0) {
		return "more than " + n.String()
	}
	return n.String()
}
