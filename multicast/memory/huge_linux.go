//go:build !crier_plain

package memory

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a huge page: what one entry of the second-level page table
// maps on amd64 and, with pages of 4 KiB, on arm64.
const hugePage = 2 << 20

// AdviseHuge asks the kernel to back a large piece of memory that has not been used yet
// with huge pages. Its first use then costs a page fault for each 2 MiB, not for each
// 4 KiB. This is advice: the kernel may ignore it. The content does not change.
// On systems other than Linux, AdviseHuge does nothing.
func AdviseHuge(b []byte) {
	if b = hugePages(b); len(b) > 0 {
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	}
}

// Populate brings in the huge pages that lie within a piece of memory, so that their
// first use does not wait for page faults. The content does not change, and other
// goroutines may use the memory meanwhile. It returns an error where the system does not
// support that.
func Populate(b []byte) error {
	if b = hugePages(b); len(b) == 0 {
		return nil
	}
	return os.NewSyscallError("madvise", unix.Madvise(b, unix.MADV_POPULATE_WRITE))
}

// hugePages returns the part of b that consists of whole huge pages.
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
