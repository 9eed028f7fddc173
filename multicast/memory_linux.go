//go:build !crier_plain

package multicast

import (
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
	if len(b) == 0 {
		return
	}
	skip := int(-uintptr(unsafe.Pointer(&b[0])) & (hugePage - 1))
	if size := (len(b) - skip) &^ (hugePage - 1); size > 0 {
		_ = unix.Madvise(b[skip:skip+size], unix.MADV_HUGEPAGE)
	}
}
