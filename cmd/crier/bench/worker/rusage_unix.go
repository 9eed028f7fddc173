//go:build unix

package worker

import (
	"syscall"
	"time"
)

// processorTime is the processor time of this process, in user and kernel mode.
func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
