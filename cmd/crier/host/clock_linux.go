package host

import (
	"path/filepath"
	"syscall"
	"time"
)

// Clock asks the kernel for the state of its clock.
func (r Roots) Clock() (Clock, error) {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	if err != nil {
		return Clock{}, err
	}
	const (
		stateError      = 5
		unsynchronised  = 0x40
		nanosecondsUnit = 0x2000
	)
	unit := time.Microsecond
	if t.Status&nanosecondsUnit != 0 {
		unit = time.Nanosecond
	}
	c := Clock{
		Synchronised: state != stateError && t.Status&unsynchronised == 0,
		Off:          time.Duration(t.Offset) * unit,
		Error:        time.Duration(t.Esterror) * time.Microsecond,
	}
	c.Devices, _ = filepath.Glob(filepath.Join(r.Root, "dev/ptp*"))
	return c, nil
}
