package topic

import (
	"encoding/binary"
	"net/netip"
)

// Port is the port of the groups that follow from a name.
const Port = 7700

// Directory is the group of announcements. No name leads to it.
var Directory = netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 0, 2}), Port)

// The groups of names lie in 239.77.0.0/16, behind its first 256, which are free for groups that
// users and crier choose. A topic's groups are a stride apart, so that they are all different
// and topics that share one group rarely share the next.
const (
	firstNumber = 1 << 8
	numbers     = 1<<16 - firstNumber
	// strides is the number of strides: MaxGroups times the longest stays below numbers.
	strides = numbers/MaxGroups - 1
)

// named returns the group with an index of a topic whose groups follow from its name.
func named(name string, index int) netip.AddrPort {
	return numbered(hash(name), index)
}

// numbered returns the group with an index of a topic whose name has a hash.
func numbered(h uint64, index int) netip.AddrPort {
	start, stride := h%numbers, 1+h>>32%strides
	n := uint16(firstNumber + (start+uint64(index)*stride)%numbers)
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, byte(n >> 8), byte(n)}), Port)
}

// further returns the group that is n addresses behind one.
func further(g netip.AddrPort, n int) netip.AddrPort {
	a := g.Addr()
	if a.Is4() {
		b := a.As4()
		binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(n))
		return netip.AddrPortFrom(netip.AddrFrom4(b), g.Port())
	}
	b := a.As16()
	low := binary.BigEndian.Uint64(b[8:])
	if low+uint64(n) < low {
		binary.BigEndian.PutUint64(b[:], binary.BigEndian.Uint64(b[:])+1)
	}
	binary.BigEndian.PutUint64(b[8:], low+uint64(n))
	return netip.AddrPortFrom(netip.AddrFrom16(b).WithZone(a.Zone()), g.Port())
}
