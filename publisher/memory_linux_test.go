//go:build !crier_plain && !race && !386 && !arm && !mips && !mipsle

package publisher_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"crier/publisher"
	"crier/testnet/rig"
)

// resident returns the resident memory of this process, in bytes.
func resident(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var size, pages int
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// A large resend buffer and its index are resident only where they are used, or populated
// ahead of use. A garbage collection makes no more of it resident. The test measures a
// process of its own, where no other test allocates.
func TestLargeBufferIsCommittedOnDemand(t *testing.T) {
	const child = "CRIER_TEST_FRESH_PROCESS"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLargeBufferIsCommittedOnDemand$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		} else {
			t.Logf("%s", out)
		}
		return
	}
	runtime.GC()
	// Go's heap may clear all of a large piece that overlaps memory used before.
	used := make([][]byte, 64)
	for i := range used {
		used[i] = make([]byte, 1<<20)
	}
	used = nil
	runtime.GC()
	before := resident(t)
	p := rig.NewNetwork(rig.All).Publisher(t,
		publisher.Config{Retention: publisher.Retention{ResendBuffer: 4 << 30}})
	for range 1000 {
		if _, err := p.Publish(t.Context(), make([]byte, 64)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	if took := resident(t) - before; took > 32<<20 {
		t.Errorf("a thousand messages made %d MiB resident", took>>20)
	} else {
		t.Logf("%d KiB", took>>10)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no subscriber will ask for repairs
	if err := p.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}
