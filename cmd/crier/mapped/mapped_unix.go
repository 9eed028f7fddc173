//go:build unix

package mapped

import (
	"os"
	"syscall"
)

// Map returns the first n bytes of a file as memory that processes share, or nil where the
// system has no such thing.
func Map(f *os.File, n int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

// Unmap undoes Map.
func Unmap(mem []byte) {
	if mem != nil {
		_ = syscall.Munmap(mem)
	}
}
