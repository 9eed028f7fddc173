package multicast

import (
	"time"

	"golang.org/x/sys/unix"
)

// newLeaseClock returns a clock that counts sleep by CLOCK_BOOTTIME: time.Now has
// CLOCK_MONOTONIC, which stands still then.
func newLeaseClock() LeaseClock {
	if _, err := bootTime(); err != nil {
		return newJumpClock()
	}
	c := &bootClock{walls: walls{base: time.Now()}}
	c.boot = func() time.Duration {
		d, _ := bootTime() // it has worked before
		return d
	}
	c.mono = func() time.Duration { return time.Since(c.base) }
	return c.begin()
}

func bootTime() (time.Duration, error) {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &at); err != nil {
		return 0, err
	}
	return time.Duration(at.Nano()), nil
}
