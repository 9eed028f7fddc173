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

// conn is a socket. Its system calls are non-blocking, but for WaitWrite's, and
// are made in functions that were bound when it was opened, so that neither Read
// nor Write allocates. Read waits in the runtime's poller.
type conn struct {
	counters
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool

	local       atomic.Pointer[netip.AddrPort]
	lacks       atomic.Bool // it has no address that can be used
	zone        zone
	readBuffer  int
	writeBuffer int

	reader *reader // of Read
	poller *reader // of TryRead, which must not wait for it
	writer *writer // nil for a group
	watch  *watch
	waker  waker

	drops dropCounter
}

// newConn takes over a socket, which it closes if it fails.
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

// waitable makes what Read waits with.
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
	return c.ended(c.writer.wait())
}

// ended turns an error into net.ErrClosed if Close was its cause: the poller's
// own error for that is not exported.
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
	c.drops.get(c.raw) // the last chance
	c.waker.close()
	err := c.file.Close()
	c.watch.close()
	if err != nil {
		return fmt.Errorf("multicast: close: %w", err)
	}
	return nil
}

// dropCounter asks the socket how many packets found its receive buffer full.
// SO_RXQ_OVFL would tell with the next datagram: too late for the end of a
// burst, and nothing if none follows. After the socket is closed it keeps what
// it knew.
type dropCounter struct {
	mu    sync.Mutex
	total uint64
	last  uint32 // the kernel's counter, which wraps
	call  func(fd uintptr)
}

func (d *dropCounter) get(raw syscall.RawConn) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	raw.Control(d.call) // an error says that it is closed
	return d.total
}

func (d *dropCounter) read(fd uintptr) {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size <= 4*unix.SK_MEMINFO_DROPS {
		return // a kernel before 4.12 doesn't say
	}
	now := info[unix.SK_MEMINFO_DROPS]
	d.total += uint64(now - d.last)
	d.last = now
}

// drainErrors empties a socket's error queue. The queue exists since we ask to
// be told of packets that were dropped on the way out (IP_RECVERR), but other
// reports, of hosts that could not be reached, arrive there too and would fill
// up the receive buffer. They say nothing that silence doesn't.
func drainErrors(fd uintptr) {
	var h unix.Msghdr
	for range 1024 { // someone may be adding to it
		_, _, errno := unix.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&h)), unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if errno != 0 && errno != unix.EINTR {
			return
		}
		h = unix.Msghdr{}
	}
}

// aboutAnother says whether an error may be a report about an earlier
// datagram. It is told once, by whichever call comes next.
func aboutAnother(errno syscall.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.ENONET, unix.EPROTO,
		unix.EMSGSIZE, unix.ENOPROTOOPT, unix.EOPNOTSUPP, unix.EACCES, unix.EPERM, unix.ENETDOWN, unix.ETIMEDOUT:
		return true
	}
	return false
}

// opening adds to an error of opening what can be done about it.
func opening(what string, err error) error {
	if err == nil {
		return nil
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		switch errno {
		case unix.EADDRINUSE:
			return fmt.Errorf("multicast: %s: another program holds that port and does not share it; choose another port, or stop that program: %w", what, err)
		case unix.EACCES:
			return fmt.Errorf("multicast: %s: ports below 1024 need a privilege; choose a higher one: %w", what, err)
		case unix.EADDRNOTAVAIL:
			return fmt.Errorf("multicast: %s: the interface does not have that address, or is still checking that nobody else has; try again in a few seconds: %w", what, err)
		case unix.EMFILE, unix.ENFILE:
			return fmt.Errorf("multicast: %s: too many files are open; raise the limit (ulimit -n): %w", what, err)
		case unix.EAFNOSUPPORT:
			return fmt.Errorf("multicast: %s: this system has no support for that address family; use the other: %w", what, err)
		}
	}
	return fmt.Errorf("multicast: %s: %w", what, err)
}
