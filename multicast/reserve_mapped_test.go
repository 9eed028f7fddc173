//go:build linux && !crier_plain && !race && !386 && !arm && !mips && !mipsle

package multicast

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

// More than the system can address is refused, rather than the end of the process.
func TestReserveTooMuch(t *testing.T) {
	if r, err := Reserve(1 << 62); !errors.Is(err, unix.ENOMEM) {
		t.Errorf("got %v and %v", r, err)
	}
}

// Pages that are forgotten leave memory at once, and the mapping goes with the last
// reference to it.
func TestReserveGoesBack(t *testing.T) {
	r, err := Reserve(8 << 20)
	if err != nil {
		t.Fatal(err)
	}
	b := r.Bytes()
	for i := range b {
		b[i] = 1
	}
	r.Forget()
	if b[0] != 0 || b[len(b)-1] != 0 {
		t.Error("what was forgotten is still there")
	}
	r.Forget()
	for i, c := range resident(t, b) {
		if c&1 != 0 {
			t.Fatalf("page %d is still there", i)
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
	t.Error("nothing refers to the memory, and it is still mapped")
}

// isMapped says whether this process has memory at an address.
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
