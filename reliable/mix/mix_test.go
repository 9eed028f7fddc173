package mix

import (
	"math/bits"
	"testing"
)

// TestUint64 holds the values that the protocol fixes, and that each bit of the argument turns
// about half of the bits of the number.
func TestUint64(t *testing.T) {
	for n, want := range map[uint64]uint64{
		0: 0, 1: 0x5692161d100b05e5, 0x9e3779b97f4a7c15: 0xe220a8397b1dcdaf,
	} {
		if got := Uint64(n); got != want {
			t.Errorf("Uint64(%#x) = %#x, want %#x", n, got, want)
		}
	}
	for bit := range 64 {
		turned := 0
		for n := range uint64(64) {
			turned += bits.OnesCount64(Uint64(n) ^ Uint64(n^1<<bit))
		}
		if mean := turned / 64; mean < 26 || mean > 38 {
			t.Errorf("bit %d turns %d bits of 64 on average", bit, mean)
		}
	}
}
