package host

import (
	"net/netip"
	"slices"
	"testing"
)

func TestSeen(t *testing.T) {
	ip4 := []byte{0x45, 0, 0, 33, 0, 0, 0x40, 0, 1, 17, 0, 0, 10, 1, 0, 1, 239, 77, 0, 9,
		0x96, 0xcf, 0x1e, 0x14, 0, 13, 0, 0, 'h', 'e', 'l', 'l', 'o'}
	options := slices.Concat([]byte{0x46}, ip4[1:20], []byte{0x94, 4, 0, 0}, ip4[20:])
	ip6 := slices.Concat([]byte{0x60, 0, 0, 0, 0, 13, 17, 1},
		netip.MustParseAddr("fd00::1").AsSlice(), netip.MustParseAddr("ff15::77").AsSlice(),
		ip4[20:])
	change := func(p []byte, at int, to byte) []byte {
		p = slices.Clone(p)
		p[at] = to
		return p
	}
	var list []Seen
	for _, p := range [][]byte{ip4, options, ip6, ip4} {
		list = note(list, p)
	}
	want := []Seen{
		{netip.MustParseAddrPort("239.77.0.9:7700"), netip.MustParseAddrPort("10.1.0.1:38607"), 3,
			[]byte("hello")},
		{netip.MustParseAddrPort("[ff15::77]:7700"), netip.MustParseAddrPort("[fd00::1]:38607"), 1,
			[]byte("hello")},
	}
	if !slices.EqualFunc(list, want, func(a, b Seen) bool {
		return a.Group == b.Group && a.From == b.From && a.Datagrams == b.Datagrams &&
			string(a.First) == string(b.First)
	}) {
		t.Errorf("%+v", list)
	}
	for name, p := range map[string][]byte{
		"unicast": change(ip4, 16, 10), "TCP": change(ip4, 9, 6), "a fragment": change(ip4, 7, 1),
		"no IP": change(ip4, 0, 0x15), "a short head": change(ip4, 0, 0x44), "TCP6": change(ip6, 6,
			6),
		"ARP": {0, 1, 8, 0}, "nothing": nil,
	} {
		if got := note(nil, p); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for n := range ip4[:28] {
		note(nil, ip4[:n])
	}
	for n := range ip6[:48] {
		note(nil, ip6[:n])
	}
	for port := range 2 * mostSeen {
		list = note(list, change(ip4, 23, byte(port)))
	}
	if len(list) != mostSeen {
		t.Errorf("%d streams are told apart", len(list))
	}
}
