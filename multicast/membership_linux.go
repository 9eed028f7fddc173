//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

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
