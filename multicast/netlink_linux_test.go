//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func FuzzParseNetlink(f *testing.F) {
	b := make([]byte, 16+16+12)
	ne := binary.NativeEndian
	ne.PutUint32(b, uint32(len(b)))
	ne.PutUint16(b[4:], unix.RTM_NEWLINK)
	ne.PutUint32(b[20:], 3)
	ne.PutUint32(b[24:], unix.IFF_UP|unix.IFF_RUNNING)
	ne.PutUint16(b[32:], 7)
	ne.PutUint16(b[34:], unix.IFLA_IFNAME)
	copy(b[36:], "v0")
	n := 0
	links := func(l link) {
		n++
		if want := (link{name: "v0", index: 3, up: true}); l != want {
			f.Errorf("got %+v, want %+v", l, want)
		}
	}
	parseNetlink(b, func(_ uint16, body []byte) { parseLink(body, false, links) })
	if n != 1 {
		f.Errorf("%d links, want 1", n)
	}
	f.Add(b)

	b = make([]byte, 16+8+8+8+8)
	ne.PutUint32(b, uint32(len(b)))
	ne.PutUint16(b[4:], unix.RTM_NEWADDR)
	ne.PutUint32(b[20:], 3)
	for i, a := range []struct {
		kind  uint16
		value [4]byte
	}{
		{unix.IFA_LOCAL, [4]byte{10, 1, 0, 9}},
		{unix.IFA_ADDRESS, [4]byte{10, 1, 0, 1}},
		{unix.IFA_FLAGS, [4]byte{unix.IFA_F_PERMANENT}},
	} {
		ne.PutUint16(b[24+8*i:], 8)
		ne.PutUint16(b[26+8*i:], a.kind)
		copy(b[28+8*i:], a.value[:])
	}
	var got []ifAddr
	collect := func(_ uint16, body []byte) {
		parseAddr(body, false, func(a ifAddr) { got = append(got, a) })
	}
	parseNetlink(b, collect)
	want := []ifAddr{{addr: netip.MustParseAddr("10.1.0.9"), index: 3, ready: true}}
	if !slices.Equal(got, want) {
		f.Errorf("got %+v, want %+v", got, want)
	}
	f.Add(slices.Clone(b))
	// Another host was found to have the address.
	b[28+16], got = unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED, nil
	parseNetlink(b, collect)
	if len(got) != 1 || !got[0].gone || got[0].ready {
		f.Errorf("got %+v, but another host has the address", got)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		parseNetlink(b, func(_ uint16, body []byte) {
			parseLink(body, false, func(link) {})
			parseAddr(body, false, func(ifAddr) {})
		})
	})
}
