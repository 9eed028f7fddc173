package host

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Seen is UDP to a group that came by an interface, before the packet filter and rp_filter,
// whether a program has joined the group or not.
type Seen struct {
	Group, From netip.AddrPort
	Datagrams   uint64
	// First is the beginning of the first one's payload.
	First []byte
}

// mostSeen bounds the streams that are told apart.
const mostSeen = 64

// note takes a packet, if it is UDP to a group and whole.
func note(list []Seen, packet []byte) []Seen {
	src, dst, udp, ok := network(packet)
	const head = 8
	if !ok || len(udp) < head || !dst.IsMulticast() {
		return list
	}
	from := netip.AddrPortFrom(src, binary.BigEndian.Uint16(udp))
	to := netip.AddrPortFrom(dst, binary.BigEndian.Uint16(udp[2:]))
	for i := range list {
		if list[i].Group == to && list[i].From == from {
			list[i].Datagrams++
			return list
		}
	}
	if len(list) == mostSeen {
		return list
	}
	first := udp[head:min(len(udp), head+mostFirst)]
	return append(list, Seen{to, from, 1, slices.Clone(first)})
}

// network returns a packet's addresses and what UDP has in it. Later fragments have no UDP.
func network(p []byte) (src, dst netip.Addr, udp []byte, ok bool) {
	const protocol = 17
	if len(p) == 0 {
		return src, dst, nil, false
	}
	switch p[0] >> 4 {
	case 4:
		size := int(p[0]&15) * 4
		if len(p) < 20 || size < 20 || len(p) < size || p[9] != protocol ||
			binary.BigEndian.Uint16(p[6:])&0x1fff != 0 {
			return src, dst, nil, false
		}
		return netip.AddrFrom4([4]byte(p[12:])), netip.AddrFrom4([4]byte(p[16:])), p[size:], true
	case 6:
		if len(p) < 40 || p[6] != protocol {
			return src, dst, nil, false
		}
		return netip.AddrFrom16([16]byte(p[8:])), netip.AddrFrom16([16]byte(p[24:])), p[40:], true
	}
	return src, dst, nil, false
}
