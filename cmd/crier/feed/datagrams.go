package feed

import (
	"io"
	"net/netip"
	"time"
)

// Datagram is a UDP datagram of a capture.
type Datagram struct {
	// Packet is its number in the capture, from 1.
	Packet uint64
	// At is when it was captured, or the zero time where the capture doesn't say.
	At       time.Time
	From, To netip.AddrPort
	// Payload is a view, valid until the next datagram.
	Payload []byte
	// Size is the payload's length on the wire. It is greater than that of Payload where the
	// capture cut the packet short.
	Size int
}

// Datagrams reads the UDP datagrams of a pcap or pcapng capture, whole or cut short.
type Datagrams struct {
	src *source
	c   *capture // nil until the first call of Next
}

// OpenDatagrams opens a capture as Open opens a feed: from is a path, or "-" for standard
// input; a done that is closed ends a wait for a pipe or a terminal.
func OpenDatagrams(from string, stdin io.Reader, done <-chan struct{}) (*Datagrams, error) {
	src, err := openSource(from, stdin, done)
	if err != nil {
		return nil, err
	}
	return &Datagrams{src: src}, nil
}

// Next returns the next datagram, or io.EOF at the end. Any other error names the file, the
// place and a remedy.
func (d *Datagrams) Next() (Datagram, error) {
	if d.c == nil {
		if err := d.src.start(); err != nil {
			return Datagram{}, err
		}
		c, err := newCapture(d.src)
		if err != nil {
			return Datagram{}, err
		}
		d.c = c
	}
	for {
		payload, kind, err := d.c.packet()
		if err != nil {
			return Datagram{}, err
		}
		size := len(payload)
		if kind == packetCut {
			size = max(size, int(d.c.dec.udp.Length)-8)
		}
		if kind != packetUDP && (kind != packetCut || size == len(payload)) {
			continue
		}
		g := Datagram{Packet: d.c.n, From: d.c.dec.from, To: d.c.dec.to, Payload: payload,
			Size: size}
		if d.c.p.timed {
			g.At = time.Unix(0, d.c.p.ns)
		}
		return g, nil
	}
}

// Packets returns the number of packets so far, UDP or not.
func (d *Datagrams) Packets() uint64 {
	if d.c == nil {
		return 0
	}
	return d.c.n
}

// LeftOut counts the packets that Next has passed over, and those that it returned cut
// short, by cause.
func (d *Datagrams) LeftOut() []Count {
	if d.c == nil {
		return nil
	}
	return d.c.leftOut()
}

// Name names the capture in sentences.
func (d *Datagrams) Name() string { return d.src.name }

// Close closes the file.
func (d *Datagrams) Close() error { return d.src.Close() }
