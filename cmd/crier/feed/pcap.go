package feed

import (
	"errors"
	"fmt"
	"io"

	"github.com/gopacket/gopacket/layers"
)

// ethernetMTU is the largest IP packet of an Ethernet without jumbo frames.
const ethernetMTU = 1500

// capture reads a message from each UDP datagram of a pcap or pcapng, from any address to any.
// It ignores checksums, which captures of the sending host don't have yet.
type capture struct {
	src   *source
	r     packets
	p     captured
	dec   packetDecoder
	n     uint64 // packets read, which Wireshark numbers the same way
	count [packetKinds]uint64
	alien layers.LinkType // the last one that could not be decoded
	large uint64          // datagrams larger than an Ethernet packet, from a real network
}

func newCapture(src *source) (*capture, error) {
	f := &capture{src: src}
	f.dec.init()
	head, err := src.r.Peek(12)
	if err != nil && err != io.EOF {
		return nil, src.explain(err, "the beginning")
	}
	src.content.limit = captureStep
	switch src.captureKind() {
	case "pcap":
		r, err := newPcapFile(src)
		if err != nil {
			return nil, f.fail(err)
		}
		if !f.dec.knows(r.link) {
			return nil, src.errorf("its link type is %d (%v): capture Ethernet, raw IP, Linux "+
				"SLL or loopback instead", r.link, r.link)
		}
		f.r = r
	case "pcapng":
		r, err := newNgFile(src)
		if err != nil {
			return nil, f.fail(err)
		}
		f.r = r
	default:
		if len(head) == 0 {
			return nil, src.errorf("there is no capture in it: write a pcap or pcapng to it")
		}
		return nil, src.errorf("this is neither a pcap nor a pcapng: choose another --format, or " +
			"decompress it first if it is compressed by something other than gzip")
	}
	return f, nil
}

func (f *capture) next() (raw, error) {
	for {
		payload, kind, err := f.packet()
		if err == io.EOF {
			err = f.end()
		}
		if err != nil {
			return raw{}, err
		}
		if kind == packetUDP {
			return raw{ns: f.p.ns, timed: f.p.timed, payload: payload, to: f.dec.to}, nil
		}
	}
}

// packet reads and counts the next packet, whose payload is as that of packetDecoder.decode.
// At the end of the capture its error is io.EOF.
func (f *capture) packet() (payload []byte, kind packetKind, err error) {
	f.src.content.limit = captureStep
	if err := f.r.next(&f.p); err != nil {
		return nil, 0, f.fail(err)
	}
	f.n++
	if f.p.odd {
		f.count[packetOdd]++
		return nil, packetOdd, nil
	}
	payload, kind = f.dec.decode(f.p.link, f.p.data, f.p.cut)
	f.count[kind]++
	switch {
	case kind == packetUDP && f.dec.large(f.p.link):
		f.large++
	case kind == packetAlien:
		f.alien = f.p.link
	}
	return payload, kind, nil
}

// fail explains why there is no next packet.
func (f *capture) fail(err error) error {
	place := fmt.Sprintf("packet %d", f.n+1)
	if f.r == nil {
		place = "its header"
	}
	var wrong damagedError
	switch {
	case f.src.content.over:
		return f.src.errorf("%s takes more than 16 MiB: write the capture again, for instance "+
			"with editcap", place)
	case f.src.content.err != nil:
		return f.src.explain(err, place)
	case errors.As(err, &wrong):
		return &fault{f.src.name, fmt.Sprintf("%s is damaged (%v): copy or write the capture again",
			place, err), err}
	case err == io.EOF && f.r != nil:
		return io.EOF
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return f.src.errorf("it ends within %s: copy or capture it again, whole, or cut it there "+
			"with editcap", place)
	}
	return f.src.explain(err, place)
}

// end returns io.EOF, or an error if the capture had nothing to send.
func (f *capture) end() error {
	switch {
	case f.count[packetUDP] > 0:
		return io.EOF
	case f.n == 0:
		return f.src.errorf("this capture holds no packets: name one that does")
	}
	why := ""
	for _, c := range f.leftOut() {
		why += fmt.Sprintf(", %d %s", c.N, c.What)
	}
	return f.src.errorf("this capture holds no whole UDP datagram in its %d packets%s: name one "+
		"that does", f.n, why)
}

// Fragments is the count of the fragments of UDP datagrams, which are left out.
const Fragments = "IP fragments (they are not put together)"

// leftOut lists the packets that were left out, by cause.
func (f *capture) leftOut() []Count {
	var out []Count
	for _, c := range []struct {
		kind packetKind
		text string
	}{
		{packetCut, "cut short by the capture (capture whole packets: tcpdump -s 0)"},
		{packetFragment, Fragments},
		{packetDamaged, "damaged"},
		{packetOdd, "whose record says that it has more than there was"},
		{packetAlien, fmt.Sprintf("of link type %d (%v), which is not known", f.alien, f.alien)},
		{packetOther, "not UDP"},
	} {
		if n := f.count[c.kind]; n > 0 {
			out = append(out, Count{c.text, n})
		}
	}
	return out
}

func (f *capture) where() string { return fmt.Sprintf("packet %d", f.n) }
