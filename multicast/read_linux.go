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

const (
	// readBatch is how many datagrams, which may be merged ones, one system call
	// receives at most.
	readBatch = 8
	// readSize is the size of the largest possible datagram, merged or not.
	readSize = 64 << 10
	// maxReports is how many errors in a row may be about datagrams that were sent. One
	// more, and it is receiving that fails.
	maxReports = 1000
)

// reader receives batches and hands them out datagram by datagram.
type reader struct {
	raw   syscall.RawConn
	waker *waker
	count *counters
	zone  zone

	accept accept
	// feed is GroupConfig.Feed.
	feed int

	// mu guards all fields that follow.
	mu   sync.Mutex
	ring readBuffers
	// filled is how many buffers the last call filled, and next the first of them that
	// is yet to be handed out.
	filled, next int
	// found counts the calls in a row that found a datagram.
	found int
	// open is the received datagram that is being handed out.
	open merged

	// lastFrom is lastName, parsed.
	lastName sockaddr
	lastFrom netip.AddrPort

	// errno is the last call's, and some reports that it found a datagram, or an error.
	errno syscall.Errno
	some  bool
	// quick reports that the caller deals quickly with what it reads: see receiveOnce.
	quick bool
	// look receives without waiting, and call does so once there is input.
	look func(fd uintptr)
	call func(fd uintptr) bool
}

// accept is which datagrams a reader returns.
type accept struct {
	// members are the destinations; nil for a unicast socket, which accepts all.
	members *members
	// source is the only sender; zero for any.
	source netip.Addr
	// index is the interface's. It changes when the interface is made again.
	index atomic.Int64
}

// accepts returns the index of the group that a datagram came by, and reports whether it is
// one for this socket.
func (a *accept) accepts(c control, from netip.AddrPort) (group int, ok bool) {
	if a.members == nil {
		return 0, true
	}
	if group, ok = a.members.index(c.dst); !ok || c.index != int(a.index.Load()) {
		return 0, false
	}
	return group, !a.source.IsValid() || from.Addr().WithZone("") == a.source
}

// merged is a received datagram, which may be several that the kernel merged into one.
type merged struct {
	// more reports that some of it is left in data.
	more     bool
	data     []byte
	from     netip.AddrPort
	received int64
	// group is the index of the group that it came by.
	group int
	// segment is the size of the datagrams that were merged.
	segment int
}

// newReaders makes the readers of a socket. Only the parts of their buffers that are used
// take memory.
func (c *conn) newReaders() [2]*reader {
	c.reader, c.poller = newReader(c, readBatch, readSize), newReader(c, readBatch, readSize)
	return [2]*reader{c.reader, c.poller}
}

// newReader makes a reader of batches of up to batch datagrams of up to size bytes.
func newReader(c *conn, batch, size int) *reader {
	r := &reader{
		raw: c.raw, waker: &c.waker, count: &c.counters, zone: c.zone,
		ring: newReadBuffers(batch, size),
	}
	// Method values are made once, so that nothing allocates.
	r.look = func(fd uintptr) { r.some = r.receive(fd) }
	r.call = r.receive
	if c.waker.sends {
		r.call = func(uintptr) bool { return r.raw.Control(r.look) != nil || r.some }
	}
	return r
}

// read waits for datagrams, or without wait returns 0 if there are none. With quick, the
// caller dealt quickly with the last ones, and will again.
func (r *reader) read(ps []Packet, wait, quick bool) (int, error) {
	if len(ps) == 0 {
		return 0, errors.New("multicast: read: there is no room for a packet")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.quick = quick
	for {
		if n := r.take(ps); n > 0 {
			r.count.received.Add(uint64(n))
			return n, nil
		}
		r.ring.reset(r.filled)
		r.filled, r.next = 0, 0
		var err error
		if wait {
			err = r.wait()
		} else {
			err = r.raw.Control(r.look)
		}
		if err != nil {
			return 0, fmt.Errorf("multicast: read: %w", err)
		}
		if r.errno != 0 {
			return 0, fmt.Errorf("multicast: read: %w", os.NewSyscallError("recvmsg", r.errno))
		}
		if r.filled == 0 {
			return 0, nil
		}
		r.count.reads.Add(1)
	}
}

// wait receives as soon as there is input.
func (r *reader) wait() error {
	raw, err := r.waker.follow(r.raw)
	if err != nil {
		return err
	}
	if err = raw.Read(r.call); err == nil && r.filled == 0 && r.errno == 0 {
		return net.ErrClosed // the socket went first
	}
	return err
}

// receive fills as many buffers as datagrams are waiting. It reports false if there are
// none.
func (r *reader) receive(fd uintptr) bool {
	for tries := 0; ; tries++ {
		n, errno := r.receiveOnce(fd)
		switch {
		case errno == 0:
			r.filled, r.errno = n, 0
			r.found++
			return true
		case errno == unix.EAGAIN:
			r.found = 0
			return false
		case errno == unix.EINTR:
		case aboutAnother(errno) && tries < maxReports:
			drainErrors(fd)
		default:
			r.errno = errno
			return true
		}
	}
}

// receiveOnce makes one system call, and returns how many buffers it filled. While
// datagrams come one at a time it asks for one, which takes 0.3 us less than to ask for
// several and find one.
//
// A quick reader does not tell Go's scheduler of that call, as package syscall does. The
// call does not wait, and takes about a microsecond. But in a process that was at rest,
// telling the scheduler would wake its monitor thread for each datagram, which takes
// several microseconds more. The monitor takes the processor from goroutines that keep it,
// and polls for input while all processors are busy, so it is told where that may matter:
// see socketReader.
func (r *reader) receiveOnce(fd uintptr) (int, syscall.Errno) {
	hdrs := r.ring.hdrs
	if r.found > 1 {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&hdrs[0])),
			uintptr(len(hdrs)), unix.MSG_DONTWAIT, 0, 0)
		return int(n), errno
	}
	var n uintptr
	var errno syscall.Errno
	if r.quick {
		n, _, errno = unix.RawSyscall(unix.SYS_RECVMSG, fd,
			uintptr(unsafe.Pointer(&hdrs[0].hdr)), unix.MSG_DONTWAIT)
	} else {
		n, _, errno = unix.Syscall(unix.SYS_RECVMSG, fd,
			uintptr(unsafe.Pointer(&hdrs[0].hdr)), unix.MSG_DONTWAIT)
	}
	hdrs[0].n = uint32(n)
	return 1, errno
}

// take fills ps with datagrams that the last call received.
func (r *reader) take(ps []Packet) int {
	n := 0
	for n < len(ps) {
		m := &r.open
		if !m.more {
			if r.next == r.filled {
				break
			}
			r.load(r.next)
			r.next++
			continue
		}
		size := min(m.segment, len(m.data))
		ps[n] = Packet{Data: m.data[:size:size], From: m.from, Received: m.received,
			Group: m.group, Feed: r.feed}
		m.data = m.data[size:]
		m.more = len(m.data) > 0
		n++
	}
	return n
}

// load opens a received datagram, unless it is truncated, or not for this socket.
func (r *reader) load(i int) {
	h, m := &r.ring.hdrs[i], &r.open
	c := parseControl(r.ring.controls[i][:min(int(h.hdr.Controllen), controlSize)])
	m.data = r.ring.bufs[i][:h.n]
	m.segment = c.segment
	if m.segment <= 0 {
		m.segment = len(m.data)
	}
	datagrams := 1
	if m.segment > 0 {
		datagrams = (len(m.data) + m.segment - 1) / m.segment
	}
	datagrams = max(datagrams, 1)
	if h.hdr.Flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		r.count.truncated.Add(uint64(datagrams))
		return
	}
	if r.ring.names[i] != r.lastName {
		r.lastName, r.lastFrom = r.ring.names[i], r.ring.names[i].addrPort(r.zone)
	}
	m.from, m.received = r.lastFrom, c.received
	var ok bool
	if m.group, ok = r.accept.accepts(c, m.from); !ok {
		if !r.accept.members.leaves(c.dst) { // else it was under way as the group was left
			r.count.misdirected.Add(uint64(datagrams))
		}
		return
	}
	m.more = true
}
