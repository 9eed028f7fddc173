package memory

import (
	"bytes"
	"testing"
)

// A Region is zero at first, holds what is written, and may be used again after Discard.
func TestReserve(t *testing.T) {
	for _, size := range []int{0, 1, 24, 4096, 1<<20 + 7} {
		r, err := Reserve(size)
		if err != nil {
			t.Fatal(err)
		}
		b := r.Bytes()
		if len(b) != size || bytes.Count(b, []byte{0}) != size {
			t.Fatalf("Reserve(%d) returned %d bytes, or bytes that are not zero", size, len(b))
		}
		for i := range b {
			b[i] = byte(i)
		}
		r.Discard()
		for i := range b {
			b[i] = 1
		}
		if bytes.Count(b, []byte{1}) != size {
			t.Errorf("a Region of %d bytes does not hold what was written", size)
		}
	}
}
