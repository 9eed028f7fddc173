//go:build linux && !crier_plain && !race && !386 && !arm && !mips && !mipsle

package multicast

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Reserved is memory that is not Go's heap: a page of it is taken from the machine when
// it is first written to, and not before. (Go's heap may clear all of a large piece at
// once, which takes it.) It goes back some time after nothing refers to the Reserved:
// whoever uses the memory must keep that.
type Reserved struct {
	pages []byte
}

// Reserve returns so many bytes, all zero, or an error if the system won't have that.
func Reserve(size int) (*Reserved, error) {
	if size <= 0 {
		return &Reserved{}, nil
	}
	pages, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	r := &Reserved{pages: pages}
	runtime.AddCleanup(r, func(pages []byte) { _ = unix.Munmap(pages) }, pages)
	return r, nil
}

// Bytes returns the memory.
func (r *Reserved) Bytes() []byte { return r.pages }

// Forget gives the pages back at once: the memory reads as zeros then. Nobody may use it
// at the same time.
func (r *Reserved) Forget() {
	if len(r.pages) > 0 {
		_ = unix.Madvise(r.pages, unix.MADV_DONTNEED)
	}
}
