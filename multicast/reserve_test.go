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
		r.Forget()
		for i := range b {
			b[i] = 1
		}
		if bytes.Count(b, []byte{1}) != size {
			t.Errorf("%d bytes don't hold what was written", size)
		}
	}
}
