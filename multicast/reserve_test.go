package multicast

import (
	"bytes"
	"testing"
)

// Reserved memory is zero, holds what is written, and what is forgotten may be used again.
func TestReserve(t *testing.T) {
	for _, size := range []int{0, 1, 24, 4096, 1<<20 + 7} {
		r, err := Reserve(size)
		if err != nil {
			t.Fatal(err)
		}
		b := r.Bytes()
		if len(b) != size || bytes.Count(b, []byte{0}) != size {
			t.Fatalf("%d bytes were asked for: got %d, or not all are zero", size, len(b))
		}
		for i := range b {
			b[i] = byte(i)
		}
		if size > 0 {
			r.Forget(b[1 : size-size/4])
			if b[0] != 0 || size > 1 && b[size-1] != byte(size-1) {
				t.Errorf("of %d bytes, one that was not to be forgotten has changed", size)
			}
		}
		r.Forget(b)
		for i := range b {
			b[i] = 1
		}
		if bytes.Count(b, []byte{1}) != size {
			t.Errorf("%d bytes don't hold what was written", size)
		}
	}
}
