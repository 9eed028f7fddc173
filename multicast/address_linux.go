//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// sockaddr is a kernel address of either family.
type sockaddr [unix.SizeofSockaddrInet6]byte

// putSockaddr writes an address into b, which is zero and long enough, and returns its
// length. scope is the interface's index if the address is link-local.
func putSockaddr(b []byte, a netip.AddrPort, scope uint32) int {
	binary.BigEndian.PutUint16(b[2:], a.Port())
	if a.Addr().Is4() {
		binary.NativeEndian.PutUint16(b, unix.AF_INET)
		ip := a.Addr().As4()
		copy(b[4:], ip[:])
		return unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(b, unix.AF_INET6)
	ip := a.Addr().As16()
	copy(b[8:], ip[:])
	binary.NativeEndian.PutUint32(b[24:], scope)
	return unix.SizeofSockaddrInet6
}

// zone is the interface that a socket belongs to, as an IPv6 zone (RFC 4007). The index
// changes when the interface is made again.
type zone struct {
	name  string
	index *atomic.Uint32
}

func newZone(name string, index int) zone {
	z := zone{name, new(atomic.Uint32)}
	z.index.Store(uint32(index))
	return z
}

// addrPort parses a kernel address. It allocates only for a link-local address of another
// interface than z. If s is not an address, it returns the zero AddrPort.
func (s *sockaddr) addrPort(z zone) netip.AddrPort {
	port := binary.BigEndian.Uint16(s[2:])
	switch binary.NativeEndian.Uint16(s[:]) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(s[4:8])), port)
	case unix.AF_INET6:
		a := netip.AddrFrom16([16]byte(s[8:24])).Unmap()
		switch scope := binary.NativeEndian.Uint32(s[24:]); scope {
		case 0:
		case z.index.Load():
			a = a.WithZone(z.name)
		default:
			a = a.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
		return netip.AddrPortFrom(a, port)
	}
	return netip.AddrPort{}
}

// scope returns the index of the interface that an address names, or z's if it needs one
// and names none. ok is false if it names an interface that is not known here.
func (z zone) scope(a netip.Addr) (index uint32, ok bool) {
	switch name := a.Zone(); {
	case name == z.name, name == "" &&
		(a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast()):
		return z.index.Load(), true
	case name == "":
		return 0, true
	default:
		n, err := strconv.ParseUint(name, 10, 32)
		return uint32(n), err == nil
	}
}
