//go:build !linux || crier_plain || race || 386 || arm || mips || mipsle

package memory

// A Region is a piece of zeroed memory. In this build it lies in Go's heap: addresses
// are scarce, the system offers no other memory that this package knows, or the race
// detector should watch it.
type Region struct {
	pages []byte
}

// Reserve returns a Region of size bytes, all zero.
func Reserve(size int) (*Region, error) { return &Region{pages: make([]byte, max(0, size))}, nil }

// Bytes returns the memory.
func (r *Region) Bytes() []byte { return r.pages }

// Discard does nothing in this build: the garbage collector frees the memory.
func (r *Region) Discard() {}
