//go:build linux && !crier_plain && !race && !386 && !arm && !mips && !mipsle

package memory

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A size that the system cannot map is refused, and does not end the process.
func TestReserveTooMuch(t *testing.T) {
	if r, err := Reserve(1 << 62); !errors.Is(err, unix.ENOMEM) {
		t.Errorf("got %v and %v", r, err)
	}
}

// Discarded pages leave memory at once, and the mapping goes with the last reference
// to its Region.
func TestRegionIsReleased(t *testing.T) {
	r, err := Reserve(8 << 20)
	if err != nil {
		t.Fatal(err)
	}
	b := r.Bytes()
	for i := range b {
		b[i] = 1
	}
	r.Discard()
	if b[0] != 0 || b[len(b)-1] != 0 {
		t.Error("discarded content is still there")
	}
	r.Discard()
	for i, c := range resident(t, b) {
		if c&1 != 0 {
			t.Fatalf("page %d is still resident", i)
		}
	}
	at := uintptr(unsafe.Pointer(&b[0]))
	runtime.KeepAlive(r)
	for range 10_000 {
		runtime.GC()
		if !isMapped(t, at) {
			return
		}
		runtime.Gosched()
	}
	t.Error("the Region is unreachable, but its memory is still mapped")
}

// isMapped reports whether this process has memory at an address.
func isMapped(t *testing.T, at uintptr) bool {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 && from <= at && at < to {
			return true
		}
	}
	return false
}
