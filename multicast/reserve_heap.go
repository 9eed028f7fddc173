//go:build !linux || crier_plain || race || 386 || arm || mips || mipsle

package multicast

// Reserved is memory of Go's heap here, where addresses are scarce, where the system
// has no other that this package knows, or where the race detector is to watch it.
type Reserved struct {
	pages []byte
}

// Reserve returns so many bytes, all zero.
func Reserve(size int) (*Reserved, error) { return &Reserved{pages: make([]byte, max(0, size))}, nil }

// Bytes returns the memory.
func (r *Reserved) Bytes() []byte { return r.pages }

// Forget does nothing here: the memory goes when nothing refers to it.
func (r *Reserved) Forget() {}
