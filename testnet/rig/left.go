package rig

import (
	"runtime"
	"testing"
)

// WantGoroutines waits until there are as many goroutines as there were before: one
// that has done its last work takes a moment to go.
func WantGoroutines(t testing.TB, before int) {
	t.Helper()
	for range 1000000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	buf := make([]byte, 1<<20)
	t.Fatalf("%d goroutines were there before, %d are now:\n%s", before, runtime.NumGoroutine(),
		buf[:runtime.Stack(buf, true)])
}

// Heap returns how many bytes of memory are in use.
func Heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
