package inquest

import (
	"encoding/binary"
	"net/netip"
)

// Mix returns a number whose bits all depend on all of n's.
func Mix(n uint64) uint64 {
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// Home returns a number for an address.
func Home(addr netip.Addr) uint64 {
	b := addr.As16()
	return Mix(binary.BigEndian.Uint64(b[:8]) ^ Mix(binary.BigEndian.Uint64(b[8:])))
}
