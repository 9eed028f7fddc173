//go:build !crier_plain

package multicast

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is what a page table's second level maps at once on amd64 and, with pages
// of 4 KiB, on arm64.
const hugePage = 2 << 20

// AdviseHuge asks the kernel to back a large piece of memory, that hasn't been used
// yet, with huge pages: its first use then costs a page fault for each 2 MiB rather
// than for each 4 KiB. It is advice: where the kernel doesn't take it, or elsewhere
// than on Linux, all stays as it was. The content doesn't change.
func AdviseHuge(b []byte) {
	if b = hugePages(b); len(b) > 0 {
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	}
}

// Populate has the kernel bring in the huge pages that lie within a piece of memory,
// so that nobody has to wait for that at their first use. The content doesn't change,
// and others may use it meanwhile. It returns an error where that can't be had.
func Populate(b []byte) error {
	if b = hugePages(b); len(b) == 0 {
		return nil
	}
	return os.NewSyscallError("madvise", unix.Madvise(b, unix.MADV_POPULATE_WRITE))
}

// hugePages returns the huge pages that lie within a piece of memory.
func hugePages(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	skip := int(-uintptr(unsafe.Pointer(&b[0])) & (hugePage - 1))
	size := (len(b) - skip) &^ (hugePage - 1)
	if size <= 0 {
		return nil
	}
	return b[skip : skip+size]
}
