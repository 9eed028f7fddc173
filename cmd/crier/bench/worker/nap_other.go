//go:build !linux

package worker

import "time"

func sharpTimers() {}

// nap leaves short waits to the caller's spinning.
func nap(d time.Duration) {
	if d > 2*time.Millisecond {
		time.Sleep(d - 2*time.Millisecond)
	}
}
