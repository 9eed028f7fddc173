package feed

import (
	"bytes"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// headers serialises layers, with their lengths and checksums set.
func headers(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true},
		ls...); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(b.Bytes())
}

func ethernetHeader(next layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1},
		DstMAC: net.HardwareAddr{1, 0, 0x5e, 77, 0, 1}, EthernetType: next}
}

// ethernetBytes is an Ethernet header without the padding of a short frame.
func ethernetBytes(t testing.TB, next layers.EthernetType) []byte {
	return headers(t, ethernetHeader(next))[:14]
}

func ip4Header(protocol layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 1, Protocol: protocol, SrcIP: net.IP{10, 0, 0, 1},
		DstIP: net.IP{239, 77, 0, 1}}
}

func ip6Header(next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 1, NextHeader: next, SrcIP: net.ParseIP("fd00::1"),
		DstIP: net.ParseIP("ff05::77")}
}

func udpHeader() *layers.UDP { return &layers.UDP{SrcPort: 5000, DstPort: 7700} }

// rawUDP is a UDP datagram in IPv4, without a link header.
func rawUDP(t testing.TB, payload string) []byte {
	return headers(t, ip4Header(layers.IPProtocolUDP), udpHeader(), gopacket.Payload(payload))
}

// datagram is the same behind an Ethernet header.
func datagram(t testing.TB, payload string) []byte {
	return append(ethernetBytes(t, layers.EthernetTypeIPv4), rawUDP(t, payload)...)
}

// encapsulations are datagrams of every link type that is known.
func encapsulations(t testing.TB) (names []string, all []packet) {
	udp, ip4, ip6 := udpHeader(), ip4Header(layers.IPProtocolUDP), ip6Header(layers.IPProtocolUDP)
	add := func(name string, link layers.LinkType, before []byte,
		ls ...gopacket.SerializableLayer) {
		names = append(names, name)
		data := append(before, headers(t, append(ls, udp, gopacket.Payload(name))...)...)
		all = append(all, packet{link: link, data: data})
	}
	vlan := func(
		next layers.EthernetType) *layers.Dot1Q {
		return &layers.Dot1Q{VLANIdentifier: 5, Type: next}
	}
	options := ip4Header(layers.IPProtocolUDP)
	// router alert, as in IGMP's neighbourhood
	options.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4,
		OptionData: []byte{0, 0}}}
	sll := append([]byte{0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, 8, 0)
	sll2 := []byte{0x86, 0xdd, 0, 0, 0, 0, 0, 1, 0, 1, 2, 6, 2, 0, 0, 0, 0, 1, 0, 0}

	add("Ethernet, IPv4", layers.LinkTypeEthernet, nil,
		ethernetHeader(layers.EthernetTypeIPv4), ip4)
	add("Ethernet, IPv6", layers.LinkTypeEthernet, nil,
		ethernetHeader(layers.EthernetTypeIPv6), ip6)
	add("VLAN", layers.LinkTypeEthernet, nil, ethernetHeader(layers.EthernetTypeDot1Q),
		vlan(layers.EthernetTypeIPv4), ip4)
	add("VLAN in a VLAN", layers.LinkTypeEthernet, nil, ethernetHeader(layers.EthernetTypeQinQ),
		vlan(layers.EthernetTypeDot1Q), vlan(layers.EthernetTypeIPv6), ip6)
	add("IPv4 options", layers.LinkTypeEthernet, nil,
		ethernetHeader(layers.EthernetTypeIPv4), options)
	add("IPv6 destination options", layers.LinkTypeEthernet, nil)
	// package layers has no plain way to write the extension: 8 bytes of padding
	last := &all[len(all)-1]
	last.data = headers(t, ethernetHeader(layers.EthernetTypeIPv6),
		ip6Header(layers.IPProtocolIPv6Destination),
		gopacket.Payload(append([]byte{17, 0, 1, 4, 0, 0, 0, 0}, last.data...)))
	add("raw IPv4", layers.LinkTypeRaw, nil, ip4)
	add("raw IPv6", layers.LinkTypeRaw, nil, ip6)
	add("raw, as BSD numbers it", linkRawBSD, nil, ip4)
	add("IPv4 alone", layers.LinkTypeIPv4, nil, ip4)
	add("IPv6 alone", layers.LinkTypeIPv6, nil, ip6)
	add("Linux SLL", layers.LinkTypeLinuxSLL, sll, ip4)
	add("Linux SLL2", layers.LinkTypeLinuxSLL2, sll2, ip6)
	add("loopback", layers.LinkTypeNull, []byte{2, 0, 0, 0}, ip4)
	add("loopback of a Mac, IPv6", layers.LinkTypeNull, []byte{30, 0, 0, 0}, ip6)
	add("OpenBSD loopback", layers.LinkTypeLoop, []byte{0, 0, 0, 2}, ip4)
	return names, all
}

// awkward are packets that give no message, and what is said of each.
func awkward(t testing.TB) ([]packet, []string) {
	ether := ethernetBytes(t, layers.EthernetTypeIPv4)
	ether6 := ethernetBytes(t, layers.EthernetTypeIPv6)
	first, later := ip4Header(layers.IPProtocolUDP), ip4Header(layers.IPProtocolUDP)
	first.Flags, later.FragOffset = layers.IPv4MoreFragments, 185
	body := headers(t, udpHeader(), gopacket.Payload(strings.Repeat("x", 100)))
	fragment6 := headers(t, ip6Header(layers.IPProtocolIPv6Fragment),
		gopacket.Payload(append([]byte{17, 0, 0, 1, 0, 0, 0, 9}, body...)))
	tcp := headers(t, ip4Header(layers.IPProtocolTCP), &layers.TCP{SrcPort: 1, DstPort: 2})
	lying := datagram(t, "the UDP length says more than there is")
	lying[14+20+4] = 1
	headless := datagram(t, "an IP header of four words")
	headless[14] = 0x44
	plain := datagram(t, "cut short")
	ps := []packet{
		{data: append(slices.Clone(ether), headers(t, first, gopacket.Payload(body))...)},
		{data: append(slices.Clone(ether), headers(t, later, gopacket.Payload(body))...)},
		{data: append(slices.Clone(ether6), fragment6...)},
		{data: plain, cut: 1},
		{data: plain, cut: len("cut short")},
		{data: plain, cut: len(plain) - 40},
		{data: plain, cut: len(plain) - 20},
		{data: plain, cut: len(plain) - 3},
		{data: lying},
		{data: headless},
		{data: append(slices.Clone(ether), tcp...)},
		{data: headers(t, ethernetHeader(layers.EthernetTypeARP), gopacket.Payload("who has"))},
		{data: ether[:5]},
	}
	for i := range ps {
		ps[i].link = layers.LinkTypeEthernet
	}
	return ps, []string{
		"5 cut short by the capture (capture whole packets: tcpdump -s 0)",
		"3 IP fragments (they are not put together)",
		"3 damaged",
		"2 not UDP",
	}
}

// Decoding a packet ends in a kind, and a payload is a part of the packet.
func FuzzPacket(f *testing.F) {
	_, all := encapsulations(f)
	bad, _ := awkward(f)
	for _, p := range append(all, bad...) {
		f.Add(uint16(p.link), p.data[:len(p.data)-p.cut], p.cut > 0)
	}
	var d packetDecoder
	d.init()
	f.Fuzz(func(t *testing.T, link uint16, data []byte, cut bool) {
		payload, kind := d.decode(layers.LinkType(link), data, cut)
		if kind < 0 || kind >= packetKinds || kind != packetUDP && kind != packetCut && payload != nil ||
			!bytes.Contains(data, payload) {
			t.Fatalf("kind %d, payload %x", kind, payload)
		}
		if kind == packetCut && !cut {
			t.Fatal("a whole packet is said to be cut")
		}
	})
}
