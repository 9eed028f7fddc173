//go:build !crier_plain

package multicast

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// waitRound is how often a goroutine that waits to write checks whether the socket
	// is closed.
	waitRound = 20 * time.Millisecond
	// starvedWait is how long a goroutine waits for room in the interface's transmit
	// queue.
	starvedWait = 500 * time.Microsecond
)

// writeRoom waits for room to write.
type writeRoom struct {
	raw syscall.RawConn
	// starved reports that the interface's transmit queue was full. No poll tells when
	// there is room in it.
	starved atomic.Bool

	// mu guards all fields that follow.
	mu       sync.Mutex
	fds      [1]unix.PollFd
	found    bool
	waitCall func(fd uintptr)
}

// wait waits until a write would take something. It occupies a thread meanwhile.
func (r *writeRoom) wait() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.starved.Swap(false) {
		time.Sleep(starvedWait)
	}
	for {
		if err := r.raw.Control(r.waitCall); err != nil {
			return fmt.Errorf("multicast: wait to write: %w", err)
		}
		if r.found {
			return nil
		}
	}
}

// poll waits for a while.
func (r *writeRoom) poll(fd uintptr) {
	r.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLOUT}
	n, err := unix.Poll(r.fds[:], int(waitRound/time.Millisecond))
	if r.fds[0].Revents&unix.POLLERR != 0 {
		drainErrors(fd)
	}
	r.found = err != nil && err != unix.EINTR || // the write will find the error
		n > 0 && r.fds[0].Revents&unix.POLLOUT != 0
}
