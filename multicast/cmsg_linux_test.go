//go:build !crier_plain

package multicast

import (
	"encoding/binary"
	"net/netip"
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
