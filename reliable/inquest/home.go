package inquest

import (
	"encoding/binary"
	"net/netip"

	"crier/reliable/mix"
)

// Home returns a number for an address.
func Home(addr netip.Addr) uint64 {
	b := addr.As16()
	return mix.Uint64(binary.BigEndian.Uint64(b[:8]) ^ mix.Uint64(binary.BigEndian.Uint64(b[8:])))
}
