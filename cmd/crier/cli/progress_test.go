package cli

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The line tells what is done, for how long, and how long the rest may take; it goes on while
// nothing is told.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown atomic.Value
		p := StartProgress(func(line string) { shown.Store(line) })
		wait := func(d time.Duration, want string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got, _ := shown.Load().(string); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		wait(time.Second, "")
		p.Set(0, "run 1 of 4: a")
		wait(0, "run 1 of 4: a, 1 s so far")
		wait(2*time.Second, "run 1 of 4: a, 3 s so far")
		p.Set(0.25, "run 2 of 4: b")
		wait(progressEvery, "run 2 of 4: b, 4 s so far, about 9 s left")
		p.Set(0.25, "run 2 of 4: b goes on")
		wait(2*time.Second, "run 2 of 4: b goes on, 6 s so far, about 7 s left")
		p.Set(1, "run 4 of 4: done")
		wait(progressEvery, "run 4 of 4: done, 6 s so far")
		p.Stop()
		wait(time.Second, "")
	})
}
