//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// cmsg makes one control message, with its padding.
func cmsg(level, kind int, data []byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(data)))
	ne := binary.NativeEndian
	if word == 8 {
		ne.PutUint64(b, uint64(unix.CmsgLen(len(data))))
	} else {
		ne.PutUint32(b, uint32(unix.CmsgLen(len(data))))
	}
	ne.PutUint32(b[word:], uint32(level))
	ne.PutUint32(b[word+4:], uint32(kind))
	copy(b[unix.SizeofCmsghdr:], data)
	return b
}

func TestParseControl(t *testing.T) {
	ne := binary.NativeEndian
	pktinfo := ne.AppendUint32(nil, 7)
	pktinfo = append(pktinfo, 127, 0, 0, 1, 239, 77, 0, 1)
	pktinfo6 := netip.MustParseAddr("ff05::77").AsSlice()
	pktinfo6 = ne.AppendUint32(pktinfo6, 8)
	segment := ne.AppendUint32(nil, 1472)

	b := cmsg(unix.SOL_SOCKET, unix.SCM_RIGHTS, []byte{1, 2, 3}) // not asked for
	b = append(b, cmsg(unix.IPPROTO_IP, unix.IP_PKTINFO, pktinfo)...)
	b = append(b, cmsg(unix.SOL_UDP, unix.UDP_GRO, segment)...)
	want := control{dst: netip.MustParseAddr("239.77.0.1"), index: 7, segment: 1472}
	if got := parseControl(b); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want = control{dst: netip.MustParseAddr("ff05::77"), index: 8}
	if got := parseControl(cmsg(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, pktinfo6)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func FuzzParseControl(f *testing.F) {
	f.Add(cmsg(unix.IPPROTO_IP, unix.IP_PKTINFO, make([]byte, 12)))
	f.Add(cmsg(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, make([]byte, 16)))
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) { parseControl(b) })
}

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
	}{{unix.IFA_LOCAL, [4]byte{10, 1, 0, 9}}, {unix.IFA_ADDRESS, [4]byte{10, 1, 0, 1}}, {unix.IFA_FLAGS, [4]byte{unix.IFA_F_PERMANENT}}} {
		ne.PutUint16(b[24+8*i:], 8)
		ne.PutUint16(b[26+8*i:], a.kind)
		copy(b[28+8*i:], a.value[:])
	}
	var got []ifAddr
	parseNetlink(b, func(_ uint16, body []byte) { parseAddr(body, false, func(a ifAddr) { got = append(got, a) }) })
	if want := []ifAddr{{addr: netip.MustParseAddr("10.1.0.9"), index: 3, ready: true}}; !slices.Equal(got, want) {
		f.Errorf("got %+v, want %+v", got, want)
	}
	f.Add(slices.Clone(b))
	// Another host was found to have the address.
	b[28+16], got = unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED, nil
	parseNetlink(b, func(_ uint16, body []byte) { parseAddr(body, false, func(a ifAddr) { got = append(got, a) }) })
	if len(got) != 1 || !got[0].gone || got[0].ready {
		f.Errorf("got %+v, and another host has it", got)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		parseNetlink(b, func(_ uint16, body []byte) {
			parseLink(body, false, func(link) {})
			parseAddr(body, false, func(ifAddr) {})
		})
	})
}

func TestSockaddrs(t *testing.T) {
	z := newZone("v0", 3)
	for _, s := range []string{"127.0.0.1:7700", "[2001:db8::1]:9", "[fe80::1%v0]:65535", "[fe80::1%17]:1"} {
		want := netip.MustParseAddrPort(s)
		scope, ok := z.scope(want.Addr())
		if !ok {
			t.Errorf("%s: unknown zone", s)
		}
		var name sockaddr
		putSockaddr(name[:], want, scope)
		if got := name.addrPort(z); got != want {
			t.Errorf("%v came back as %v", want, got)
		}
	}
	if _, ok := z.scope(netip.MustParseAddr("fe80::1%eth9")); ok {
		t.Error("another interface's name passed for known")
	}
	if scope, ok := z.scope(netip.MustParseAddr("ff02::1")); scope != 3 || !ok {
		t.Errorf("ff02::1 leaves by %d, want 3", scope)
	}
}
