//go:build !crier_plain

package multicast

import (
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxTimer is the longest wait. A 32-bit kernel's seconds hold it with room to spare.
const maxTimer = 1 << 30 * time.Second

// fdTimer is a timerfd in the runtime's own poller. Go's timers round a wait up to the
// next millisecond; this one is tens of microseconds late.
type fdTimer struct {
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool

	// mu guards spec, and orders the Sets.
	mu   sync.Mutex
	spec unix.ItimerSpec

	// ticks is used under the file's read lock.
	ticks   uint64
	setCall func(fd uintptr)
	getCall func(fd uintptr) bool
}

func newTimer() (Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, opening("make a timer", os.NewSyscallError("timerfd_create", err))
	}
	t := &fdTimer{file: os.NewFile(uintptr(fd), "timer")}
	if t.raw, err = t.file.SyscallConn(); err != nil {
		t.file.Close()
		return nil, fmt.Errorf("multicast: make a timer: %w", err)
	}
	// Method values are made once, so that neither Set nor Wait allocates.
	t.setCall = t.set
	t.getCall = t.get
	return t, nil
}

func (t *fdTimer) Set(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Zero would disarm the timer.
	t.spec.Value = unix.NsecToTimespec(int64(min(max(d, 1), maxTimer)))
	t.raw.Control(t.setCall) // fails only when closed, which Wait will report
}

func (t *fdTimer) set(fd uintptr) {
	unix.TimerfdSettime(int(fd), 0, &t.spec, nil) // fails only for an invalid spec
}

func (t *fdTimer) Wait() error {
	if t.closed.Load() {
		return net.ErrClosed
	}
	if err := t.raw.Read(t.getCall); err != nil {
		if t.closed.Load() {
			return net.ErrClosed
		}
		return fmt.Errorf("multicast: wait for a timer: %w", err)
	}
	return nil
}

// get reports whether the timer has fired, and resets that.
func (t *fdTimer) get(fd uintptr) bool {
	for {
		_, _, errno := unix.Syscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&t.ticks)), 8)
		if errno != unix.EINTR {
			return errno != unix.EAGAIN
		}
	}
}

func (t *fdTimer) Close() error {
	if t.closed.Swap(true) {
		return nil
	}
	return t.file.Close()
}
