//go:build !crier_plain

package multicast

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// waker waits in the runtime's poller until a socket has input. Several goroutines may use
// it.
//
// The socket is not in the poller from the start: no goroutine waits for one that is
// polled (TryRead), and each datagram would wake a thread for it. A socket that sends is
// never in the poller, which asks for room to write as well: each datagram that left would
// wake a thread to tell that there is room. An epoll instance that asks for input only
// takes its place.
type waker struct {
	// sends is the socket's kind.
	sends bool

	mu     sync.Mutex
	file   *os.File
	raw    syscall.RawConn
	closed bool
}

// follow returns a descriptor that has input when the socket has.
func (w *waker) follow(socket syscall.RawConn) (syscall.RawConn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, net.ErrClosed
	}
	if w.raw != nil {
		return w.raw, nil
	}
	var fd int
	var err error
	make := duplicate
	if w.sends {
		make = inputOnly
	}
	closed := socket.Control(func(s uintptr) { fd, err = make(int(s)) })
	if err = errors.Join(closed, err); err != nil {
		return nil, fmt.Errorf("multicast: wait for input: %w", err)
	}
	w.file = os.NewFile(uintptr(fd), "input")
	if w.raw, err = w.file.SyscallConn(); err != nil {
		return nil, fmt.Errorf("multicast: wait for input: %w", err)
	}
	return w.raw, nil
}

// renew follows the socket that is about to take the place of one that sends. The epoll
// instance loses the old one when it is closed.
func (w *waker) renew(socket int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.raw == nil || w.closed {
		return nil
	}
	var err error
	closed := w.raw.Control(func(fd uintptr) { err = awaitInput(int(fd), socket) })
	return errors.Join(closed, err)
}

// duplicate returns another descriptor of a socket, for the poller.
func duplicate(socket int) (int, error) {
	fd, err := unix.FcntlInt(uintptr(socket), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, pollable(fd)
}

// inputOnly returns an epoll instance that has input when a socket has.
func inputOnly(socket int) (int, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("epoll_create1", err)
	}
	if err := awaitInput(fd, socket); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, pollable(fd)
}

// awaitInput adds a socket to an epoll instance.
func awaitInput(fd, socket int) error {
	event := &unix.EpollEvent{Events: unix.EPOLLIN}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, socket, event))
}

// pollable makes a descriptor one that package os adds to the poller. If it fails, it
// closes the descriptor.
func pollable(fd int) error {
	err := unix.SetNonblock(fd, true)
	if err != nil {
		unix.Close(fd)
	}
	return os.NewSyscallError("fcntl", err)
}

// close ends all waiting.
func (w *waker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.file != nil {
		w.file.Close()
	}
}
