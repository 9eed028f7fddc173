//go:build !crier_plain

package memory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel records the advice, and the content stays.
func TestAdviseHuge(t *testing.T) {
	AdviseHuge(nil)
	AdviseHuge(make([]byte, 100))
	b := bytes.Repeat([]byte{7}, 4*hugePage)
	AdviseHuge(b)
	if bytes.Count(b, []byte{7}) != len(b) {
		t.Error("the content has changed")
	}
	flags, err := memoryFlags(uintptr(unsafe.Pointer(&b[len(b)/2])))
	if err != nil {
		t.Skip(err)
	}
	if !strings.Contains(flags, " hg") {
		t.Errorf("the flags of the memory are%s, without hg", flags)
	}
}

// Populated memory is resident before its first use.
func TestPopulate(t *testing.T) {
	b := make([]byte, 8*hugePage)
	AdviseHuge(b)
	if err := Populate(b[:100]); err != nil {
		t.Errorf("a piece without a huge page: %v", err)
	}
	if err := Populate(b); errors.Is(err, unix.EINVAL) {
		t.Skip("this kernel is older than Linux 5.14")
	} else if err != nil {
		t.Fatal(err)
	}
	for i, c := range resident(t, hugePages(b)) {
		if c&1 == 0 {
			t.Fatalf("page %d is not resident", i)
		}
	}
	if bytes.Count(b, []byte{0}) != len(b) {
		t.Error("the content has changed")
	}
}

// resident returns a byte for each page of b; its lowest bit is set if the page is in
// memory.
func resident(t *testing.T, b []byte) []byte {
	there := make([]byte, len(b)/os.Getpagesize())
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		uintptr(unsafe.Pointer(&there[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	return there
}

// memoryFlags returns the flags that /proc/self/smaps lists for the mapping around an
// address.
func memoryFlags(at uintptr) (string, error) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		return "", fmt.Errorf("this kernel has no transparent huge pages: %w", err)
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return "", err
	}
	defer f.Close()
	inside := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uintptr
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x", &from, &to); n == 2 {
			inside = from <= at && at < to
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && inside {
			return flags, nil
		}
	}
	return "", fmt.Errorf("%#x isn't in /proc/self/smaps", at)
}
