package feed

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// packetKind is a kind of captured packet.
type packetKind int

const (
	packetUDP      packetKind = iota // a whole UDP datagram
	packetOther                      // anything but UDP over IP
	packetFragment                   // a fragment of a UDP datagram
	packetCut                        // UDP, but the capture has only its beginning
	packetDamaged                    // headers that contradict each other
	packetOdd                        // its record in the capture contradicts itself
	packetAlien                      // of a link type that is not known
	packetKinds
)

// packetLayers bounds the headers before UDP: link, VLAN tags, IP and its extensions. Tunnels
// are not opened.
const packetLayers = 16

// Link types that package layers has no names for: raw IP as BSDs number it.
const (
	linkRawOpenBSD layers.LinkType = 14
	linkRawBSD     layers.LinkType = 12
)

// packetDecoder takes UDP payloads out of packets. It keeps one of each header
// so that decoding makes no garbage.
type packetDecoder struct {
	ethernet layers.Ethernet
	sll      layers.LinuxSLL
	sll2     layers.LinuxSLL2
	loopback layers.Loopback
	vlan     layers.Dot1Q
	ip4      layers.IPv4
	ip6      layers.IPv6
	ip6ext   layers.IPv6ExtensionSkipper
	fragment layers.IPv6Fragment
	udp      layers.UDP
	by       map[gopacket.LayerType]gopacket.DecodingLayer

	short    bool           // a length field promises more than there is
	from, to netip.AddrPort // of the last UDP datagram
	bytes    int            // of its IP packet
}

func (d *packetDecoder) init() {
	d.by = map[gopacket.LayerType]gopacket.DecodingLayer{
		layers.LayerTypeEthernet:        &d.ethernet,
		layers.LayerTypeLinuxSLL:        &d.sll,
		layers.LayerTypeLinuxSLL2:       &d.sll2,
		layers.LayerTypeLoopback:        &d.loopback,
		layers.LayerTypeDot1Q:           &d.vlan,
		layers.LayerTypeIPv4:            &d.ip4,
		layers.LayerTypeIPv6:            &d.ip6,
		layers.LayerTypeIPv6HopByHop:    &d.ip6ext,
		layers.LayerTypeIPv6Routing:     &d.ip6ext,
		layers.LayerTypeIPv6Destination: &d.ip6ext,
		layers.LayerTypeIPv6Fragment:    &d.fragment,
		layers.LayerTypeUDP:             &d.udp,
	}
}

// SetTruncated is called by the layers: see gopacket.DecodeFeedback.
func (d *packetDecoder) SetTruncated() { d.short = true }

// knows reports whether packets of a link type can be decoded.
func (d *packetDecoder) knows(link layers.LinkType) bool {
	return packetLayer(link, nil) != gopacket.LayerTypeZero
}

// packetLayer returns the first header of a packet of a link type.
func packetLayer(link layers.LinkType, packet []byte) gopacket.LayerType {
	switch link {
	case layers.LinkTypeEthernet:
		return layers.LayerTypeEthernet
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		return layers.LayerTypeLoopback
	case layers.LinkTypeLinuxSLL:
		return layers.LayerTypeLinuxSLL
	case layers.LinkTypeLinuxSLL2:
		return layers.LayerTypeLinuxSLL2
	case layers.LinkTypeIPv4:
		return layers.LayerTypeIPv4
	case layers.LinkTypeIPv6:
		return layers.LayerTypeIPv6
	case layers.LinkTypeRaw, linkRawBSD, linkRawOpenBSD:
		if len(packet) > 0 && packet[0]>>4 == 6 {
			return layers.LayerTypeIPv6
		}
		return layers.LayerTypeIPv4
	}
	return gopacket.LayerTypeZero
}

// addresses notes where an IP packet comes from and goes to.
func (d *packetDecoder) addresses(from, to []byte, bytes int) {
	source, _ := netip.AddrFromSlice(from) // of 4 or 16 bytes
	target, _ := netip.AddrFromSlice(to)
	d.from, d.to, d.bytes = netip.AddrPortFrom(source, 0), netip.AddrPortFrom(target, 0), bytes
}

// large reports whether the last datagram was larger than an Ethernet allows, on a
// link that isn't a host's own: that has no addresses.
func (d *packetDecoder) large(link layers.LinkType) bool {
	return d.bytes > ethernetMTU && link == layers.LinkTypeEthernet &&
		[6]byte(d.ethernet.DstMAC) != [6]byte{}
}

// decode returns the UDP payload of a packet, as a view of it, if its kind is
// packetUDP; of a packetCut as much of the payload as there is. cut says that the
// capture has only the packet's beginning, which may be all that is needed.
func (d *packetDecoder) decode(link layers.LinkType, packet []byte, cut bool) ([]byte, packetKind) {
	d.short, d.udp.Length = false, 0
	broken := packetDamaged
	if cut {
		broken = packetCut
	}
	next := packetLayer(link, packet)
	if next == gopacket.LayerTypeZero {
		return nil, packetAlien
	}
	protocol := layers.IPProtocol(0) // of the last IP header
	for range packetLayers {
		layer := d.by[next]
		if layer == nil {
			if next == gopacket.LayerTypeFragment && protocol == layers.IPProtocolUDP {
				return nil, packetFragment
			}
			return nil, packetOther
		}
		if err := layer.DecodeFromBytes(packet, d); err != nil {
			return nil, broken
		}
		switch next {
		case layers.LayerTypeIPv4:
			protocol = d.ip4.Protocol
			d.addresses(d.ip4.SrcIP, d.ip4.DstIP, int(d.ip4.Length))
		case layers.LayerTypeIPv6:
			d.addresses(d.ip6.SrcIP, d.ip6.DstIP, int(d.ip6.Length)+40)
		case layers.LayerTypeIPv6Fragment:
			protocol = d.fragment.NextHeader
		case layers.LayerTypeUDP:
			d.from = netip.AddrPortFrom(d.from.Addr(), uint16(d.udp.SrcPort))
			d.to = netip.AddrPortFrom(d.to.Addr(), uint16(d.udp.DstPort))
			if d.short && cut {
				return layer.LayerPayload(), packetCut
			}
			if d.short {
				return nil, packetDamaged
			}
			return layer.LayerPayload(), packetUDP
		}
		next, packet = layer.NextLayerType(), layer.LayerPayload()
	}
	return nil, packetOther
}
