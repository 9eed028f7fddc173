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
	// readBatch is how many datagrams, merged ones among them, one system call
	// may bring.
	readBatch = 8
	// readSize holds the largest datagram that there is, merged or not.
	readSize = 64 << 10
	// readSkew keeps the starts of the buffers out of one cache set.
	readSkew = 2 << 10
	// maxReports is how many errors in a row may be about datagrams that were
	// sent; then receiving itself is what fails.
	maxReports = 1000
)

// mmsghdr is the kernel's struct of that name.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// reader receives batches and hands them out datagram by datagram.
type reader struct {
	raw   syscall.RawConn
	waker *waker
	count *counters
	zone  zone

	// What a group accepts. index changes when the interface is made again.
	group  netip.Addr // zero for a unicast socket, which accepts all
	source netip.Addr // zero for any
	index  atomic.Int64

	mu       sync.Mutex // guards all that follows
	hdrs     []mmsghdr
	iovs     []unix.Iovec
	names    []sockaddr
	controls [][controlSize]byte
	bufs     [][]byte
	filled   int // how many of these the last call filled
	next     int // the first of them that was not yet begun
	found    int // calls in a row that found something

	// The one that is being handed out.
	more     bool // some of it is left
	data     []byte
	from     netip.AddrPort
	received int64
	segment  int

	lastName sockaddr // whose decoded form is lastFrom
	lastFrom netip.AddrPort

	errno syscall.Errno // of the last call
	some  bool          // it found something, or an error
	brief bool          // whoever reads will soon be back: see once
	look  func(fd uintptr)
	call  func(fd uintptr) bool // look, for who waits
}

// newReaders makes the readers of a socket. Of their buffers only what is used takes
// memory.
func (c *conn) newReaders() [2]*reader {
	c.reader, c.poller = newReader(c, readBatch, readSize), newReader(c, readBatch, readSize)
	return [2]*reader{c.reader, c.poller}
}

// newReader makes a reader of batches of up to batch datagrams of up to size
// bytes.
func newReader(c *conn, batch, size int) *reader {
	r := &reader{
		raw: c.raw, waker: &c.waker, count: &c.counters, zone: c.zone,
		hdrs:     make([]mmsghdr, batch),
		iovs:     make([]unix.Iovec, batch),
		names:    make([]sockaddr, batch),
		controls: make([][controlSize]byte, batch),
		bufs:     make([][]byte, batch),
	}
	all := make([]byte, batch*(size+readSkew))
	for i := range r.hdrs {
		r.bufs[i] = all[i*(size+readSkew):][:size:size]
		r.iovs[i].Base = &r.bufs[i][0]
		r.iovs[i].SetLen(size)
		h := &r.hdrs[i].hdr
		h.Name = &r.names[i][0]
		h.Iov = &r.iovs[i]
		h.SetIovlen(1)
		h.Control = &r.controls[i][0]
	}
	r.filled = batch
	r.reset()
	// Bound once, so that nothing allocates.
	r.look = func(fd uintptr) { r.some = r.receive(fd) }
	r.call = r.receive
	if c.waker.sends {
		r.call = func(uintptr) bool { return r.raw.Control(r.look) != nil || r.some }
	}
	return r
}

// reset makes the headers that the last call used fit for the next.
func (r *reader) reset() {
	for i := range r.filled {
		h := &r.hdrs[i].hdr
		h.Namelen = uint32(len(r.names[i]))
		h.SetControllen(controlSize)
		h.Flags = 0
	}
	r.filled, r.next = 0, 0
}

// read waits for datagrams, or else returns 0 where none is waiting. With brief,
// what the caller did since the last one took little time, and will again.
func (r *reader) read(ps []Packet, wait, brief bool) (int, error) {
	if len(ps) == 0 {
		return 0, errors.New("multicast: read: there is no room for a packet")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.brief = brief
	for {
		if n := r.take(ps); n > 0 {
			r.count.received.Add(uint64(n))
			return n, nil
		}
		r.reset()
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

// wait receives as soon as there is something.
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

// receive fills as many buffers as there are datagrams waiting. It says false
// if there are none.
func (r *reader) receive(fd uintptr) bool {
	for tries := 0; ; tries++ {
		n, errno := r.once(fd)
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

// once makes one system call, and returns how many buffers it filled. Where
// datagrams come one at a time it asks for one, which takes 0.3 us less than to
// ask for several and find one.
//
// A brief reader doesn't tell Go's scheduler of that call, as package syscall does.
// The call doesn't wait, and takes about a microsecond; but where the process was at
// rest before, that word would wake the scheduler's monitor thread, which takes
// several more, with each datagram. The monitor is who takes the processor from
// goroutines that keep it: therefore it is told where that may be.
func (r *reader) once(fd uintptr) (int, syscall.Errno) {
	if r.found > 1 {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.hdrs[0])), uintptr(len(r.hdrs)), unix.MSG_DONTWAIT, 0, 0)
		return int(n), errno
	}
	var n uintptr
	var errno syscall.Errno
	if r.brief {
		n, _, errno = unix.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&r.hdrs[0].hdr)), unix.MSG_DONTWAIT)
	} else {
		n, _, errno = unix.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&r.hdrs[0].hdr)), unix.MSG_DONTWAIT)
	}
	r.hdrs[0].n = uint32(n)
	return 1, errno
}

// take fills ps with what the last call brought and was not yet taken.
func (r *reader) take(ps []Packet) int {
	n := 0
	for n < len(ps) {
		if !r.more {
			if r.next == r.filled {
				break
			}
			r.load(r.next)
			r.next++
			continue
		}
		size := min(r.segment, len(r.data))
		ps[n] = Packet{Data: r.data[:size:size], From: r.from, Received: r.received}
		r.data = r.data[size:]
		r.more = len(r.data) > 0
		n++
	}
	return n
}

// load begins to hand out one received datagram, unless it is not for us.
func (r *reader) load(i int) {
	m := &r.hdrs[i]
	c := parseControl(r.controls[i][:min(int(m.hdr.Controllen), controlSize)])
	r.data = r.bufs[i][:m.n]
	r.segment = c.segment
	if r.segment <= 0 {
		r.segment = len(r.data)
	}
	datagrams := 1
	if r.segment > 0 {
		datagrams = (len(r.data) + r.segment - 1) / r.segment
	}
	datagrams = max(datagrams, 1)
	if m.hdr.Flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		r.count.truncated.Add(uint64(datagrams))
		return
	}
	if r.names[i] != r.lastName {
		r.lastName, r.lastFrom = r.names[i], r.names[i].addrPort(r.zone)
	}
	r.from, r.received = r.lastFrom, c.received
	if r.group.IsValid() && (c.dst != r.group || c.index != int(r.index.Load()) ||
		r.source.IsValid() && r.from.Addr().WithZone("") != r.source) {
		r.count.misdirected.Add(uint64(datagrams))
		return
	}
	r.more = true
}
