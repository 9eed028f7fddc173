package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

const (
	// pcapStep bounds what one packet of a capture, with the blocks before it
	// that hold no packets, may take, in bytes.
	pcapStep = 16 << 20
	// pcapLongest is the longest packet taken from a pcap, in bytes; tcpdump
	// reads none longer.
	pcapLongest = 256 << 10
)

// pcapReader is what pcap and pcapng readers share. The data are valid until
// the next call.
type pcapReader interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// pcapFeed has a message in each UDP datagram of a capture, from any address
// to any. Checksums are not looked at: captures of the sending host have none yet.
type pcapFeed struct {
	src   *feedSource
	r     pcapReader
	link  func(gopacket.CaptureInfo) layers.LinkType
	dec   packetDecoder
	first time.Time // of the first datagram that has a time
	n     uint64    // packets read, which Wireshark numbers the same way
	count [packetKinds]uint64
	alien layers.LinkType // the last one that could not be decoded
}

func newPcapFeed(src *feedSource) (*pcapFeed, error) {
	f := &pcapFeed{src: src}
	f.dec.init()
	head, err := src.r.Peek(12)
	if err != nil && err != io.EOF {
		return nil, src.explain(err, "the beginning")
	}
	src.content.limit = pcapStep
	switch src.captureKind() {
	case "pcap":
		r, err := pcapgo.NewReader(src.r)
		if err != nil {
			return nil, f.fail(err, gopacket.CaptureInfo{})
		}
		// pcapgo takes packets as long as the file says that they may be.
		r.SetSnaplen(min(r.Snaplen(), pcapLongest))
		link := r.LinkType()
		if !f.dec.knows(link) {
			return nil, src.errorf("its link type is %d (%v): capture Ethernet, raw IP, Linux SLL or loopback instead", link, link)
		}
		f.r, f.link = r, func(gopacket.CaptureInfo) layers.LinkType { return link }
	case "pcapng":
		r, err := pcapgo.NewNgReader(src.r, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			return nil, f.fail(err, gopacket.CaptureInfo{})
		}
		f.r, f.link = r, func(ci gopacket.CaptureInfo) layers.LinkType {
			intf, _ := r.Interface(ci.InterfaceIndex) // it exists: the reader has checked
			return intf.LinkType
		}
	default:
		if len(head) == 0 {
			return nil, src.errorf("there is no capture in it: write a pcap or pcapng to it")
		}
		return nil, src.errorf("this is neither a pcap nor a pcapng: choose another --format, or decompress it first if it is compressed by something other than gzip")
	}
	return f, nil
}

func (f *pcapFeed) next() (record, error) {
	for {
		f.src.content.limit = pcapStep
		data, ci, err := f.r.ZeroCopyReadPacketData()
		if err != nil {
			return record{}, f.fail(err, ci)
		}
		f.n++
		link := f.link(ci)
		payload, kind := f.dec.decode(link, data, ci.CaptureLength < ci.Length)
		f.count[kind]++
		switch kind {
		case packetUDP:
			return record{at: f.at(ci.Timestamp), payload: payload}, nil
		case packetAlien:
			f.alien = link
		}
	}
}

// at is a packet's time since the first one's; simple packet blocks of a
// pcapng have none.
func (f *pcapFeed) at(t time.Time) time.Duration {
	if t.IsZero() {
		return -1
	}
	if f.first.IsZero() {
		f.first = t
	}
	return max(0, t.Sub(f.first))
}

// fail explains why there is no next packet; ci is what is known of it.
func (f *pcapFeed) fail(err error, ci gopacket.CaptureInfo) error {
	place := fmt.Sprintf("packet %d", f.n+1)
	if f.r == nil {
		place = "its header"
	}
	switch {
	case f.src.content.over:
		return f.src.errorf("%s takes more than %v: write the capture again, for instance with editcap", place, size(pcapStep))
	case f.src.content.err != nil:
		return f.src.explain(err, place)
	case err == io.EOF && f.r != nil && ci.CaptureLength == 0:
		return f.end()
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return f.src.errorf("it ends within %s: copy or capture it again, whole, or cut it there with editcap", place)
	}
	return &feedError{f.src.name, fmt.Sprintf("%s is damaged (%v): copy or write the capture again", place, err), err}
}

// end is io.EOF, or an error where the capture had nothing to send.
func (f *pcapFeed) end() error {
	switch {
	case f.count[packetUDP] > 0:
		return io.EOF
	case f.n == 0:
		return f.src.errorf("this capture holds no packets: name one that does")
	}
	why := ""
	for _, w := range f.skipped() {
		why += ", " + w
	}
	return f.src.errorf("this capture holds no whole UDP datagram in its %d packets%s: name one that does", f.n, why)
}

// skipped says in a few words each what was not sent, and why.
func (f *pcapFeed) skipped() []string {
	var out []string
	for _, c := range []struct {
		kind packetKind
		text string
	}{
		{packetCut, "cut short by the capture (capture whole packets: tcpdump -s 0)"},
		{packetFragment, "IP fragments (they are not put together)"},
		{packetDamaged, "damaged"},
		{packetAlien, fmt.Sprintf("of link type %d (%v), which is not known", f.alien, f.alien)},
		{packetOther, "not UDP"},
	} {
		if n := f.count[c.kind]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, c.text))
		}
	}
	return out
}

func (f *pcapFeed) warnings() []string {
	out := f.skipped()
	for i := range out {
		out[i] = fmt.Sprintf("%s: packets left out: %s", f.src.name, out[i])
	}
	return out
}

func (f *pcapFeed) where() string { return fmt.Sprintf("packet %d", f.n) }
func (f *pcapFeed) Close() error  { return f.src.Close() }
