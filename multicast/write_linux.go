//go:build !crier_plain

package multicast

import (
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// writeBatch is how many datagrams one system call sends without offload.
	writeBatch = 128
	// maxSegments is how many the kernel cuts out of one write; before Linux
	// 6.9 it was oldMaxSegments.
	maxSegments    = 128
	oldMaxSegments = 64
	// A packet that is to be cut must stay below 64 KiB with its headers, the
	// Ethernet one among them: a larger one the kernel takes too, but cuts it
	// itself, before the interface.
	maxOffload4 = 65535 - 14 - 20 - 8
	maxOffload6 = 65535 - 14 - 40 - 8
	// waitRound is how soon who waits to write looks whether the socket is closed.
	waitRound = 20 * time.Millisecond
	// mostStarved is how often in a row a write waits for room in the interface's
	// transmit queue, starvedWait each time, before its datagrams are refused.
	mostStarved = 20
	starvedWait = 500 * time.Microsecond
)

// writer sends from the caller's buffer.
type writer struct {
	raw      syscall.RawConn
	lacks    *atomic.Bool // the socket has no address that can be used
	zone     zone
	refusals *refusals
	count    *counters
	log      *slog.Logger

	mu       sync.Mutex // guards all that follows, up to waiting
	offload  bool       // the kernel cuts writes into datagrams
	segments int        // at most so many at once
	maxBytes int        // and so many bytes

	to      netip.AddrPort // whose kernel form is name
	toErr   error          // or why it has none
	name    sockaddr
	control [segmentSpace]byte
	hdr     unix.Msghdr
	iov     unix.Iovec
	hdrs    [writeBatch]mmsghdr
	iovs    [writeBatch]unix.Iovec

	// The write that is under way.
	rest    []byte
	segment int
	blocked bool
	starved int // times in a row that the interface's queue was full

	uneven bool        // the kernel cuts only what ends with a shorter datagram
	single atomic.Bool // it cuts nothing, as the caller wishes
	pause  atomic.Bool // who waits to write waits for that queue

	sendCall func(fd uintptr)

	waiting  sync.Mutex // guards all that follows
	poll     [1]unix.PollFd
	room     bool
	waitCall func(fd uintptr)
}

func newWriter(c *conn, refusals *refusals, offload bool, log *slog.Logger) *writer {
	w := &writer{
		raw: c.raw, lacks: &c.lacks, zone: c.zone, refusals: refusals, count: &c.counters, log: log,
		offload: offload, segments: maxSegments, maxBytes: maxOffload4,
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		w.uneven = damagesEqual(unix.ByteSliceToString(name.Release[:]))
	}
	size := uint32(unix.SizeofSockaddrInet4)
	if c.LocalAddr().Addr().Is6() {
		size, w.maxBytes = unix.SizeofSockaddrInet6, maxOffload6
	}
	putSegment(w.control[:], 0)
	w.hdr.Name, w.hdr.Namelen = &w.name[0], size
	w.hdr.Iov = &w.iov
	w.hdr.SetIovlen(1)
	w.hdr.Control = &w.control[0]
	w.hdr.SetControllen(len(w.control))
	for i := range w.hdrs {
		h := &w.hdrs[i].hdr
		h.Name, h.Namelen = &w.name[0], size
		h.Iov = &w.iovs[i]
		h.SetIovlen(1)
	}
	// Bound once, so that neither Write nor WaitWrite allocates.
	w.sendCall = w.send
	w.waitCall = w.writable
	return w
}

func (w *writer) write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if segment <= 0 {
		return 0, fmt.Errorf("multicast: write: datagrams of %d bytes cannot be; give a positive size", segment)
	}
	if len(b) == 0 {
		return 0, nil
	}
	if w.lacks.Load() { // IPv6 would go out, and nobody could answer
		w.refusals.note(to, syscall.EADDRNOTAVAIL, datagrams(len(b), segment))
		return len(b), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.address(to); w.toErr != nil {
		// Who is written to may be what a stranger said: not the caller's error.
		w.refusals.note(to, w.toErr, datagrams(len(b), segment))
		return len(b), nil
	}
	w.rest, w.segment, w.blocked = b, segment, false
	err := w.raw.Control(w.sendCall)
	taken := len(b) - len(w.rest)
	w.rest = nil // it is the caller's again
	w.iov = unix.Iovec{}
	if err != nil {
		return taken, fmt.Errorf("multicast: write: %w", err)
	}
	if w.blocked {
		return taken, ErrWouldBlock
	}
	return taken, nil
}

// datagrams is how many segments so many bytes make.
func datagrams(size, segment int) int { return (size-1)/segment + 1 }

// address makes the kernel form of an address, unless it is the last one's.
func (w *writer) address(to netip.AddrPort) {
	if to == w.to {
		return
	}
	w.to, w.toErr = to, nil
	w.name = sockaddr{}
	a := unmapped(to)
	scope, ok := w.zone.scope(to.Addr())
	switch {
	case !to.IsValid() || to.Port() == 0 || !ok:
		w.toErr = syscall.EINVAL
	case putSockaddr(w.name[:], a, scope) != int(w.hdr.Namelen):
		w.toErr = syscall.EAFNOSUPPORT
	}
}

// forget makes the next write look at its address anew.
func (w *writer) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = netip.AddrPort{}
}

// send hands over w.rest until nothing is left or the socket is full.
func (w *writer) send(fd uintptr) {
	var calls, sent, bytes int
	again := false // the last error may have been an earlier datagram's
	for len(w.rest) > 0 && !w.blocked {
		n, cut := w.chunk()
		var errno syscall.Errno
		if cut || n <= w.segment {
			errno = w.one(fd, n, cut)
		} else {
			n, errno = w.several(fd, n)
		}
		switch {
		case errno == 0:
			calls++
			sent += datagrams(n, w.segment)
			bytes += n
			w.rest = w.rest[n:]
			again = false
			w.starved = 0
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			w.blocked = true
		case errno == unix.ENOBUFS && w.starved < mostStarved:
			// Others' datagrams may have filled it, and it empties by itself: a whole
			// batch isn't to be lost for that.
			w.starved++
			w.count.starved.Add(1)
			w.pause.Store(true)
			w.blocked = true
		default:
			drainErrors(fd)
			switch {
			case !again && aboutAnother(errno):
				again = true
				continue
			case cut && w.uncut(fd, errno):
			default:
				w.refusals.note(w.to, errno, datagrams(n, w.segment))
				w.rest = w.rest[n:]
			}
			again = false
		}
	}
	w.count.writes.Add(uint64(calls))
	w.count.sent.Add(uint64(sent))
	w.count.sentBytes.Add(uint64(bytes))
}

// chunk says how many bytes to send next, and whether the kernel is to cut
// them into datagrams.
func (w *writer) chunk() (n int, cut bool) {
	if len(w.rest) <= w.segment {
		return len(w.rest), false
	}
	if w.offload && !w.single.Load() {
		k := min(w.segments, w.maxBytes/w.segment)
		if n = min(k*w.segment, len(w.rest)); k > 1 && !(w.uneven && n%w.segment == 0) {
			return n, true
		}
	}
	if k := min(writeBatch, datagrams(len(w.rest), w.segment)); k < writeBatch {
		return len(w.rest), false
	}
	return min(writeBatch*w.segment, len(w.rest)), false
}

// segmenting says whether the kernel cuts writes, and whether only uneven ones.
func (w *writer) segmenting() (cut, uneven bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.offload, w.uneven
}

// one sends n bytes in one message. Of a single datagram it doesn't tell Go's
// scheduler: see reader.once.
func (w *writer) one(fd uintptr, n int, cut bool) syscall.Errno {
	if !cut {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&w.rest[0])), uintptr(n), unix.MSG_DONTWAIT,
			uintptr(unsafe.Pointer(&w.name[0])), uintptr(w.hdr.Namelen))
		return errno
	}
	w.iov.Base = &w.rest[0]
	w.iov.SetLen(n)
	putSegment(w.control[:], w.segment)
	_, _, errno := unix.Syscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&w.hdr)), unix.MSG_DONTWAIT)
	return errno
}

// several sends n bytes in messages of one segment each. It returns how many
// bytes were taken, or with an error how many were refused.
func (w *writer) several(fd uintptr, n int) (int, syscall.Errno) {
	k := datagrams(n, w.segment)
	for i := range k {
		b := w.rest[i*w.segment : min((i+1)*w.segment, n)]
		w.iovs[i].Base = &b[0]
		w.iovs[i].SetLen(len(b))
	}
	took, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&w.hdrs[0])), uintptr(k), unix.MSG_DONTWAIT, 0, 0)
	clear(w.iovs[:k])
	if errno != 0 {
		return w.segment, errno
	}
	return min(int(took)*w.segment, n), 0
}

// uncut looks into the refusal of a write that the kernel was to cut. If that
// was why, it makes do with less, and says true.
func (w *writer) uncut(fd uintptr, errno syscall.Errno) bool {
	switch errno {
	case unix.EINVAL, unix.EMSGSIZE, unix.EIO, unix.ENOPROTOOPT, unix.EOPNOTSUPP:
	default:
		return false
	}
	if errno == unix.EINVAL && w.segments > oldMaxSegments {
		w.segments = oldMaxSegments
		return true
	}
	// The interface may have lost its address, or the datagrams be too large
	// for it. Cutting is to blame only if the first one alone goes through.
	if e := w.one(fd, w.segment, false); e != 0 {
		if e == unix.EAGAIN {
			w.blocked = true
			return true
		}
		return false
	}
	w.offload = false
	w.count.writes.Add(1)
	w.count.sent.Add(1)
	w.count.sentBytes.Add(uint64(w.segment))
	w.rest = w.rest[w.segment:]
	w.log.Info("multicast: the kernel cannot segment writes for this interface; sending datagrams one by one", "error", errno)
	return true
}

// wait waits until write would take something. It takes a thread meanwhile.
func (w *writer) wait() error {
	w.waiting.Lock()
	defer w.waiting.Unlock()
	if w.pause.Swap(false) {
		time.Sleep(starvedWait)
	}
	for {
		if err := w.raw.Control(w.waitCall); err != nil {
			return fmt.Errorf("multicast: wait to write: %w", err)
		}
		if w.room {
			return nil
		}
	}
}

// writable waits a while for room.
func (w *writer) writable(fd uintptr) {
	w.poll[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLOUT}
	n, err := unix.Poll(w.poll[:], int(waitRound/time.Millisecond))
	if w.poll[0].Revents&unix.POLLERR != 0 {
		drainErrors(fd)
	}
	w.room = err != nil && err != unix.EINTR || // let Write find out
		n > 0 && w.poll[0].Revents&unix.POLLOUT != 0
}
