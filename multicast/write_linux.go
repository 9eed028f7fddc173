//go:build !crier_plain

package multicast

import (
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// maxSegments is how many datagrams the kernel cuts one write into; before Linux 6.9
	// it was oldMaxSegments.
	maxSegments    = 128
	oldMaxSegments = 64
	// maxOffload4 and maxOffload6 keep a write that the kernel is to cut below 64 KiB
	// with its headers, including the Ethernet header. The kernel takes a larger one,
	// too, but cuts it itself, before the interface.
	maxOffload4 = 65535 - 14 - 20 - 8
	maxOffload6 = 65535 - 14 - 40 - 8
	// maxStarved is how often in a row a write waits for room in the interface's
	// transmit queue before its datagrams are refused.
	maxStarved = 20
)

// writer sends from the caller's buffer.
type writer struct {
	raw syscall.RawConn
	// lacks reports that the socket has no address that can be used.
	lacks    *atomic.Bool
	zone     zone
	refusals *refusals
	count    *counters
	log      *slog.Logger

	// single reports that the kernel cuts no write, as the caller wishes.
	single atomic.Bool
	room   writeRoom

	// mu guards all fields that follow.
	mu      sync.Mutex
	offload offload

	// to is the destination, and name its kernel address; or toErr says why it has none.
	to    netip.AddrPort
	toErr error
	name  sockaddr
	msgs  writeMessages

	// rest and segment are what is left of the write that is under way.
	rest    []byte
	segment int
	// blocked reports that the socket's buffer, or the interface's queue, is full.
	blocked bool
	// starved counts the times in a row that the interface's queue was full.
	starved  int
	sendCall func(fd uintptr)
}

// offload is how the kernel cuts a socket's writes into datagrams.
type offload struct {
	// on reports that it does.
	on bool
	// segments and bytes bound one write that is to be cut.
	segments, bytes int
	// uneven reports that the kernel only cuts a write whose last datagram is shorter.
	uneven bool
}

// newWriter makes the writer of a socket; on says whether the kernel may cut its writes.
func newWriter(c *conn, refusals *refusals, on bool, log *slog.Logger) *writer {
	w := &writer{
		raw: c.raw, lacks: &c.lacks, zone: c.zone,
		refusals: refusals, count: &c.counters, log: log,
		offload: offload{on: on, segments: maxSegments, bytes: maxOffload4},
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		w.offload.uneven = damagesEqual(unix.ByteSliceToString(name.Release[:]))
	}
	size := uint32(unix.SizeofSockaddrInet4)
	if c.LocalAddr().Addr().Is6() {
		size, w.offload.bytes = unix.SizeofSockaddrInet6, maxOffload6
	}
	w.msgs.init(&w.name[0], size)
	// Method values are made once, so that neither Write nor WaitWrite allocates.
	w.sendCall = w.send
	w.room.raw, w.room.waitCall = c.raw, w.room.poll
	return w
}

func (w *writer) write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if segment <= 0 {
		return 0, fmt.Errorf(
			"multicast: write: datagrams cannot have %d bytes; give a positive size", segment)
	}
	if len(b) == 0 {
		return 0, nil
	}
	if w.lacks.Load() { // IPv6 would be sent, and no host could answer
		w.refusals.note(to, syscall.EADDRNOTAVAIL, datagrams(len(b), segment))
		return len(b), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.address(to); w.toErr != nil {
		// The address may come from a stranger: it is not the caller's error.
		w.refusals.note(to, w.toErr, datagrams(len(b), segment))
		return len(b), nil
	}
	w.rest, w.segment, w.blocked = b, segment, false
	err := w.raw.Control(w.sendCall)
	taken := len(b) - len(w.rest)
	w.rest = nil // it is the caller's again
	w.msgs.iov = unix.Iovec{}
	if err != nil {
		return taken, fmt.Errorf("multicast: write: %w", err)
	}
	if w.blocked {
		return taken, ErrWouldBlock
	}
	return taken, nil
}

// address makes the kernel address of to, unless it was the last one.
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
	case putSockaddr(w.name[:], a, scope) != int(w.msgs.hdr.Namelen):
		w.toErr = syscall.EAFNOSUPPORT
	}
}

// forget makes the next write make its kernel address again.
func (w *writer) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = netip.AddrPort{}
}

// send hands over w.rest until nothing is left or the socket's buffer is full.
func (w *writer) send(fd uintptr) {
	var calls, sent, bytes int
	again := false // the last error may have been about an earlier datagram
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
		case errno == unix.ENOBUFS && w.starved < maxStarved:
			// Other sockets' datagrams may have filled the queue, and it empties by
			// itself: no reason to lose a whole batch.
			w.starved++
			w.count.starved.Add(1)
			w.room.starved.Store(true)
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

// chunk returns how many bytes to send next, and whether the kernel is to cut them into
// datagrams.
func (w *writer) chunk() (n int, cut bool) {
	if len(w.rest) <= w.segment {
		return len(w.rest), false
	}
	if o := &w.offload; o.on && !w.single.Load() {
		k := min(o.segments, o.bytes/w.segment)
		if n = min(k*w.segment, len(w.rest)); k > 1 && !(o.uneven && n%w.segment == 0) {
			return n, true
		}
	}
	if k := min(writeBatch, datagrams(len(w.rest), w.segment)); k < writeBatch {
		return len(w.rest), false
	}
	return min(writeBatch*w.segment, len(w.rest)), false
}

// segmenting reports whether the kernel cuts writes, and whether only uneven ones.
func (w *writer) segmenting() (cut, uneven bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.offload.on, w.offload.uneven
}

// one sends n bytes in one message. It does not tell Go's scheduler of a single datagram:
// see reader.receiveOnce.
func (w *writer) one(fd uintptr, n int, cut bool) syscall.Errno {
	m := &w.msgs
	if !cut {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd,
			uintptr(unsafe.Pointer(&w.rest[0])), uintptr(n), unix.MSG_DONTWAIT,
			uintptr(unsafe.Pointer(&w.name[0])), uintptr(m.hdr.Namelen))
		return errno
	}
	m.iov.Base = &w.rest[0]
	m.iov.SetLen(n)
	putSegment(m.control[:], w.segment)
	_, _, errno := unix.Syscall(unix.SYS_SENDMSG, fd,
		uintptr(unsafe.Pointer(&m.hdr)), unix.MSG_DONTWAIT)
	return errno
}

// several sends n bytes in messages of one segment each. It returns how many bytes were
// taken, or with an error how many were refused.
func (w *writer) several(fd uintptr, n int) (int, syscall.Errno) {
	k, m := datagrams(n, w.segment), &w.msgs
	for i := range k {
		b := w.rest[i*w.segment : min((i+1)*w.segment, n)]
		m.iovs[i].Base = &b[0]
		m.iovs[i].SetLen(len(b))
	}
	took, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd,
		uintptr(unsafe.Pointer(&m.hdrs[0])), uintptr(k), unix.MSG_DONTWAIT, 0, 0)
	clear(m.iovs[:k])
	if errno != 0 {
		return w.segment, errno
	}
	return min(int(took)*w.segment, n), 0
}

// uncut examines the refusal of a write that the kernel was to cut. If the cutting was the
// reason, it lowers what the kernel is asked for, and reports true.
func (w *writer) uncut(fd uintptr, errno syscall.Errno) bool {
	switch errno {
	case unix.EINVAL, unix.EMSGSIZE, unix.EIO, unix.ENOPROTOOPT, unix.EOPNOTSUPP:
	default:
		return false
	}
	if errno == unix.EINVAL && w.offload.segments > oldMaxSegments {
		w.offload.segments = oldMaxSegments
		return true
	}
	// The interface may have lost its address, or the datagrams may be too large for
	// it. The cutting is the reason only if the first datagram alone is taken.
	if e := w.one(fd, w.segment, false); e != 0 {
		if e == unix.EAGAIN {
			w.blocked = true
			return true
		}
		return false
	}
	w.offload.on = false
	w.count.writes.Add(1)
	w.count.sent.Add(1)
	w.count.sentBytes.Add(uint64(w.segment))
	w.rest = w.rest[w.segment:]
	w.log.Info("multicast: the kernel cannot segment writes for this interface; "+
		"sending datagrams one by one", "error", errno)
	return true
}
