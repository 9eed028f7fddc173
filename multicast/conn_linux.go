//go:build !crier_plain

package multicast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// conn is a socket. Its system calls do not block, except for WaitWrite's. They are made
// by method values that exist since it was opened, so that neither Read nor Write
// allocates. Read waits in the runtime's poller.
type conn struct {
	counters
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool

	local atomic.Pointer[netip.AddrPort]
	// lacks reports that the socket has no address that can be used.
	lacks       atomic.Bool
	zone        zone
	readBuffer  int
	writeBuffer int

	// reader is Read's, and poller TryRead's, which must not wait for Read.
	reader, poller *reader
	// writer is nil for a group.
	writer *writer
	watch  *watch
	waker  waker

	drops dropCounter
}

// newConn returns a conn that owns a socket. If it fails, it closes the socket.
func newConn(fd int, name string) (*conn, error) {
	c := &conn{file: os.NewFile(uintptr(fd), name)}
	raw, err := c.file.SyscallConn()
	if err != nil {
		c.file.Close()
		return nil, fmt.Errorf("multicast: %s: %w", name, err)
	}
	c.raw = raw
	c.drops.call = c.drops.read
	return c, nil
}

func (c *conn) Read(ps []Packet) (int, error) {
	n, err := c.reader.read(ps, true, false)
	return n, c.ended(err)
}

// waitable makes the descriptor that Read waits on.
func (c *conn) waitable() error {
	_, err := c.waker.follow(c.raw)
	return err
}

// readQuick implements quickReader.
func (c *conn) readQuick(ps []Packet) (int, error) {
	n, err := c.reader.read(ps, true, true)
	return n, c.ended(err)
}

// TryRead implements Poller.
func (c *conn) TryRead(ps []Packet) (int, error) {
	n, err := c.poller.read(ps, false, true)
	return n, c.ended(err)
}

func (c *conn) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if c.writer == nil {
		return 0, ErrReceiveOnly
	}
	n, err := c.writer.write(to, b, segment)
	return n, c.ended(err)
}

// Segments implements Segmenter.
func (c *conn) Segments() (cut, uneven bool) {
	if c.writer == nil {
		return false, false
	}
	return c.writer.segmenting()
}

// SetSegments implements Segmenter.
func (c *conn) SetSegments(on bool) {
	if c.writer != nil {
		c.writer.single.Store(!on)
	}
}

func (c *conn) WaitWrite() error {
	if c.writer == nil {
		return ErrReceiveOnly
	}
	return c.ended(c.writer.room.wait())
}

// ended returns net.ErrClosed if Close was the cause of an error, since the poller's own
// error for that is not exported; else the error.
func (c *conn) ended(err error) error {
	if err != nil && c.closed.Load() {
		return net.ErrClosed
	}
	return err
}

func (c *conn) LocalAddr() netip.AddrPort { return *c.local.Load() }

func (c *conn) Stats() ConnStats {
	s := c.stats()
	s.ReadBuffer, s.WriteBuffer = c.readBuffer, c.writeBuffer
	s.KernelDrops = c.drops.get(c.raw)
	return s
}

// Close may be called more than once.
func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.drops.get(c.raw) // the socket's last word
	c.waker.close()
	err := c.file.Close()
	c.watch.close()
	if err != nil {
		return fmt.Errorf("multicast: close: %w", err)
	}
	return nil
}

// dropCounter counts the packets that found a socket's receive buffer full. It asks the
// socket: SO_RXQ_OVFL would tell with the next datagram, which is late for the end of a
// burst, and never if none follows. It keeps the count when the socket is closed.
type dropCounter struct {
	mu    sync.Mutex
	total uint64
	// last is the kernel's counter, which wraps.
	last uint32
	call func(fd uintptr)
}

// get returns the count.
func (d *dropCounter) get(raw syscall.RawConn) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	raw.Control(d.call) // fails only when closed
	return d.total
}

// read adds what the socket has dropped since the last read.
func (d *dropCounter) read(fd uintptr) {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size <= 4*unix.SK_MEMINFO_DROPS {
		return // Linux before 4.12 does not tell
	}
	now := info[unix.SK_MEMINFO_DROPS]
	d.total += uint64(now - d.last)
	d.last = now
}

// drainErrors empties a socket's error queue. IP_RECVERR, which reports packets dropped on
// the way out, creates the queue. Reports of hosts that could not be reached arrive there
// too, and would fill the receive buffer. They say no more than silence does.
func drainErrors(fd uintptr) {
	var h unix.Msghdr
	for range 1024 { // the queue may be growing
		_, _, errno := unix.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&h)),
			unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if errno != 0 && errno != unix.EINTR {
			return
		}
		h = unix.Msghdr{}
	}
}

// aboutAnother reports whether an error may be about an earlier datagram. The kernel
// returns such an error once, from whichever call comes next.
func aboutAnother(errno syscall.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.ENONET,
		unix.EPROTO, unix.EMSGSIZE, unix.ENOPROTOOPT, unix.EOPNOTSUPP, unix.EACCES, unix.EPERM,
		unix.ENETDOWN, unix.ETIMEDOUT:
		return true
	}
	return false
}

// opening returns an error of opening a socket, with what to do about it.
func opening(what string, err error) error {
	if err == nil {
		return nil
	}
	var errno syscall.Errno
	errors.As(err, &errno)
	advice := ""
	switch errno {
	case unix.EADDRINUSE:
		advice = "another program holds that port and does not share it; " +
			"choose another port, or stop that program: "
	case unix.EACCES:
		advice = "ports below 1024 need a privilege; choose a higher one: "
	case unix.EADDRNOTAVAIL:
		advice = "the interface does not have that address, or is still checking that no other " +
			"host has it; try again in a few seconds: "
	case unix.EMFILE, unix.ENFILE:
		advice = "too many files are open; raise the limit (ulimit -n): "
	case unix.EAFNOSUPPORT:
		advice = "this system has no support for that address family; use the other: "
	}
	return fmt.Errorf("multicast: %s: %s%w", what, advice, err)
}
