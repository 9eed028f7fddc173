//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// options sets socket options and keeps the first error.
type options struct {
	fd  int
	err error
}

// set sets an option that is needed.
func (o *options) set(level, option, value int, what string) {
	if o.err != nil {
		return
	}
	if err := unix.SetsockoptInt(o.fd, level, option, value); err != nil {
		o.err = fmt.Errorf("multicast: %s: %w", what, os.NewSyscallError("setsockopt", err))
	}
}

// try sets an option that older kernels lack and that is not needed.
func (o *options) try(level, option, value int) bool {
	return o.err == nil && unix.SetsockoptInt(o.fd, level, option, value) == nil
}

// boolInt returns the value of an option that is on or off.
func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// receive sets what Read uses: receive times, and several datagrams of one sender merged
// into one.
func (o *options) receive(noOffload bool) {
	o.set(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1, "ask for receive times")
	if !noOffload {
		o.try(unix.SOL_UDP, unix.UDP_GRO, 1)
	}
}

// readBuffer asks for a receive buffer and returns what was granted.
func (o *options) readBuffer(want int, log *slog.Logger) int {
	return o.buffer(want, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF,
		"receive", "net.core.rmem_max", log)
}

// writeBuffer asks for a send buffer and returns what was granted.
func (o *options) writeBuffer(want int, log *slog.Logger) int {
	return o.buffer(want, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, "send", "net.core.wmem_max", log)
}

// buffer asks for a buffer, with force where that is permitted, and returns its size.
func (o *options) buffer(
	want, force, plain int, what, sysctl string, log *slog.Logger,
) int {
	if !o.try(unix.SOL_SOCKET, force, want) {
		o.set(unix.SOL_SOCKET, plain, want, "set the "+what+" buffer")
	}
	if o.err != nil {
		return 0
	}
	n, err := unix.GetsockoptInt(o.fd, unix.SOL_SOCKET, plain)
	if err != nil {
		o.err = fmt.Errorf("multicast: read the %s buffer's size back: %w",
			what, os.NewSyscallError("getsockopt", err))
		return 0
	}
	n /= 2 // the kernel doubles the size, to cover its own overhead
	if n < want {
		log.Warn("multicast: the kernel granted less "+what+
			" buffer than was asked for, so a burst may not fit",
			"asked", want, "granted", n, "do", fmt.Sprintf("sysctl -w %s=%d", sysctl, want))
	}
	return n
}

// membership returns a request to join or leave a group on an interface, in the form that
// serves both families (RFC 3678, section 5): struct group_req, or group_source_req.
func membership(index int, group netip.AddrPort, source netip.Addr) string {
	const storage = 128 // struct sockaddr_storage
	b := make([]byte, word, word+2*storage)
	binary.NativeEndian.PutUint32(b, uint32(index))
	b = b[:word+storage]
	putSockaddr(b[word:], group, 0)
	if source.IsValid() {
		b = b[:word+2*storage]
		putSockaddr(b[word+storage:], netip.AddrPortFrom(source, 0), 0)
	}
	return string(b)
}

// join makes the socket a member of a group on an interface.
func join(fd, index int, group netip.AddrPort, source netip.Addr) error {
	option := unix.MCAST_JOIN_GROUP
	if source.IsValid() {
		option = unix.MCAST_JOIN_SOURCE_GROUP
	}
	err := unix.SetsockoptString(fd, level(group.Addr()), option, membership(index, group, source))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOBUFS):
		return fmt.Errorf(
			"the kernel allows no further membership (raise net.ipv4.igmp_max_memberships): %w",
			err)
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("the interface has gone, or takes no multicast: %w", err)
	}
	return os.NewSyscallError("setsockopt", err)
}

// leave ends a membership. The interface may have been removed.
func leave(fd, index int, group netip.AddrPort, source netip.Addr) error {
	option := unix.MCAST_LEAVE_GROUP
	if source.IsValid() {
		option = unix.MCAST_LEAVE_SOURCE_GROUP
	}
	request := membership(index, group, source)
	return unix.SetsockoptString(fd, level(group.Addr()), option, request)
}

// level returns the level of the socket options for an address's family.
func level(a netip.Addr) int {
	if a.Is4() {
		return unix.IPPROTO_IP
	}
	return unix.IPPROTO_IPV6
}
