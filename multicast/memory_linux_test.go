//go:build !crier_plain

package multicast

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// The kernel knows the advice, and nothing else changes.
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

// memoryFlags returns what /proc tells of the mapping around an address.
func memoryFlags(at uintptr) (string, error) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		return "", fmt.Errorf("this kernel has no huge pages for the asking: %w", err)
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
