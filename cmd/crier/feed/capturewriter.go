package feed

import (
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// CaptureWriter writes datagrams into a pcapng capture, as UDP over IPv4.
type CaptureWriter struct {
	ng  *pcapgo.NgWriter
	buf gopacket.SerializeBuffer
}

// NewCaptureWriter starts a capture at an interface of a name and description.
func NewCaptureWriter(w io.Writer, application, name, description string) (*CaptureWriter, error) {
	face := pcapgo.NgInterface{
		Name: name, Description: description, LinkType: layers.LinkTypeIPv4, TimestampResolution: 9,
	}
	section := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: application}}
	ng, err := pcapgo.NewNgWriterInterface(w, face, section)
	if err != nil {
		return nil, err
	}
	return &CaptureWriter{ng, gopacket.NewSerializeBuffer()}, nil
}

// Write adds a datagram.
func (c *CaptureWriter) Write(at time.Time, from, to netip.AddrPort, payload []byte) error {
	ip := &layers.IPv4{
		Version: 4, TTL: 1, Protocol: layers.IPProtocolUDP,
		SrcIP: net.IP(from.Addr().AsSlice()), DstIP: net.IP(to.Addr().AsSlice()),
	}
	udp := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	udp.SetNetworkLayerForChecksum(ip)
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	err := gopacket.SerializeLayers(c.buf, opts, ip, udp, gopacket.Payload(payload))
	if err != nil {
		return err
	}
	data := c.buf.Bytes()
	info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(data), Length: len(data)}
	return c.ng.WritePacket(info, data)
}

// Flush writes the rest.
func (c *CaptureWriter) Flush() error { return c.ng.Flush() }
