//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// word is the alignment of control messages.
const word = int(unsafe.Sizeof(uintptr(0)))

// controlSize holds all control messages that a socket here asks for, with room to spare:
// a destination (40 bytes), a time (32) and a segment size (24).
const controlSize = 128

// control is what the control messages of a datagram say.
type control struct {
	// dst is the datagram's destination, and index the interface that it came by, if
	// they were asked for.
	dst   netip.Addr
	index int
	// received is in nanoseconds since the Unix epoch; 0 if unknown.
	received int64
	// segment is the size of the datagrams merged into this one; 0 if it is single.
	segment int
}

// parseControl parses control messages. It skips those that it does not know.
func parseControl(b []byte) (c control) {
	ne := binary.NativeEndian
	for len(b) >= unix.SizeofCmsghdr {
		var size int
		if word == 8 {
			size = int(ne.Uint64(b))
		} else {
			size = int(ne.Uint32(b))
		}
		if size < unix.SizeofCmsghdr || size > len(b) {
			return c
		}
		level, kind := int(ne.Uint32(b[word:])), int(ne.Uint32(b[word+4:]))
		data := b[unix.SizeofCmsghdr:size]
		switch {
		case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO &&
			len(data) >= unix.SizeofInet4Pktinfo:
			c.index = int(ne.Uint32(data))
			c.dst = netip.AddrFrom4([4]byte(data[8:12]))
		case level == unix.IPPROTO_IPV6 && kind == unix.IPV6_PKTINFO &&
			len(data) >= unix.SizeofInet6Pktinfo:
			c.dst = netip.AddrFrom16([16]byte(data[:16]))
			c.index = int(ne.Uint32(data[16:]))
		case level == unix.SOL_SOCKET && kind == unix.SO_TIMESTAMPNS && len(data) >= 2*word:
			if word == 8 {
				c.received = int64(ne.Uint64(data))*1e9 + int64(ne.Uint64(data[8:]))
			} else {
				c.received = int64(ne.Uint32(data))*1e9 + int64(ne.Uint32(data[4:])) // until 2106
			}
		case level == unix.SOL_UDP && kind == unix.UDP_GRO && len(data) >= 4:
			c.segment = int(int32(ne.Uint32(data)))
		}
		b = b[min((size+word-1)&^(word-1), len(b)):]
	}
	return c
}

// putSegment writes the control message that asks for segmentation into b, which is zero
// and of segmentSpace bytes.
func putSegment(b []byte, segment int) {
	ne := binary.NativeEndian
	const size = unix.SizeofCmsghdr + 2
	if word == 8 {
		ne.PutUint64(b, uint64(size))
	} else {
		ne.PutUint32(b, uint32(size))
	}
	ne.PutUint32(b[word:], unix.SOL_UDP)
	ne.PutUint32(b[word+4:], unix.UDP_SEGMENT)
	ne.PutUint16(b[unix.SizeofCmsghdr:], uint16(segment))
}

// segmentSpace is the size of a control message that asks for segmentation.
const segmentSpace = unix.SizeofCmsghdr + word
