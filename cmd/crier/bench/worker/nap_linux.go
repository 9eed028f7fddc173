package worker

import (
	"runtime"
	"syscall"
	"time"
)

// prSetTimerSlack is prctl's PR_SET_TIMERSLACK.
const prSetTimerSlack = 29

// sharpTimers gives this goroutine a thread whose sleeps the kernel doesn't
// lengthen, as it does by up to 50 us otherwise.
func sharpTimers() {
	runtime.LockOSThread()
	// refused: sleeps are a little longer
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, 1, 0)
}

// nap sleeps on the kernel's timer: the runtime's is a millisecond late.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // interrupted: the caller looks at the time
}
