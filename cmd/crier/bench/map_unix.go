//go:build unix

package bench

import (
	"os"
	"syscall"
)

// inheritedFile is the name by which a process opens the first file that it was
// handed down.
const inheritedFile = "/dev/fd/3"

func mapFile(f *os.File, n int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

func unmapFile(mem []byte) {
	if mem != nil {
		_ = syscall.Munmap(mem)
	}
}
