//go:build linux && !crier_plain && !race && !386 && !arm && !mips && !mipsle

package memory

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A Region is a piece of zeroed memory outside Go's heap. A page of it is taken from the
// machine when it is first written to. (Go's heap may clear all of a large piece when it
// hands it out, which takes every page at once.) The mapping is removed some time after
// the Region becomes unreachable, so code that uses the memory must keep the Region.
type Region struct {
	pages []byte
}

// Reserve returns a Region of size bytes, all zero, or an error if the system refuses.
func Reserve(size int) (*Region, error) {
	if size <= 0 {
		return &Region{}, nil
	}
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE
	pages, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	r := &Region{pages: pages}
	runtime.AddCleanup(r, func(pages []byte) { _ = unix.Munmap(pages) }, pages)
	return r, nil
}

// Bytes returns the memory.
func (r *Region) Bytes() []byte { return r.pages }

// Discard gives the pages back to the machine at once; the memory then reads as zeros.
// No other goroutine may use the memory meanwhile.
func (r *Region) Discard() {
	if len(r.pages) > 0 {
		_ = unix.Madvise(r.pages, unix.MADV_DONTNEED)
	}
}
