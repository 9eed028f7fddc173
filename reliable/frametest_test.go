package reliable

import (
	"crier/nack"
	"crier/reliable/frame"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"testing"
	"time"
)

// decoded is a frame as it comes from the network.
func decoded(t testing.TB, raw []byte) *frame.Frame {
	t.Helper()
	f := new(frame.Frame)
	var d frame.Decoder
	if err := d.Decode(raw, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// made is a frame that somebody else sends.
func made(t testing.TB, f frame.Frame) *frame.Frame {
	t.Helper()
	var e frame.Encoder
	return decoded(t, e.Append(nil, &f))
}

// beat is a HEARTBEAT of a session as old as the hills.
func beat(t testing.TB, session, next uint64) *frame.Frame {
	return made(t, frame.Frame{Kind: frame.Heartbeat, Session: session, Time: 1 << 60, NextSeq: next, NextOffset: next})
}

// data is a frame with one message of the same number.
func data(t testing.TB, session, seq uint64) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, 300), session, 0, seq, seq, 1<<60)
	b.Add([]byte("x"))
	return decoded(t, b.Seal(false))
}

var (
	senderAddr   = netip.MustParseAddrPort("10.77.0.1:5000")
	receiverAddr = netip.MustParseAddrPort("10.77.0.2:6000")
)

func payload(i, n int) []byte {
	b := make([]byte, n)
	for j := range b {
		b[j] = byte(i*7 + j*13)
	}
	return b
}

// forger makes frames out of a fuzzer's bytes: well-formed ones with any numbers
// in them, and such as a hostile sender would make of them, with the right
// checksum.
type forger struct {
	data    []byte
	encode  frame.Encoder
	build   frame.Builder
	decode  frame.Decoder
	frame   frame.Frame
	session uint64
	near    uint64 // numbers around this one are likely
}

func (g *forger) byte() byte {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return b
}

// number is often close to what the machine expects, and sometimes anything.
func (g *forger) number() uint64 {
	switch b := g.byte(); b % 8 {
	case 0:
		return uint64(g.byte())<<56 | uint64(g.byte())<<32 | uint64(g.byte())
	case 1:
		return ^uint64(g.byte())
	case 2:
		return 1<<63 - 8 + uint64(g.byte())
	default:
		return g.near + uint64(b/8) - 4
	}
}

func (g *forger) id() uint64 {
	if b := g.byte(); b%4 == 0 {
		return uint64(b)
	}
	return g.session
}

func (g *forger) name() []byte {
	n := int(g.byte())
	return g.data[:min(len(g.data), n)]
}

func (g *forger) ranges() (list []nack.Range) {
	for range g.byte() % 6 {
		from := g.number()
		list = append(list, nack.Range{From: from, To: from + uint64(g.byte())*uint64(g.byte()) + 1})
	}
	return nack.Normalize(list)
}

// next returns a frame that decodes, or nil.
func (g *forger) next() *frame.Frame {
	kind := frame.Kind(1 + g.byte()%9)
	var packet []byte
	switch kind {
	case frame.Data:
		packet = g.dataFrame()
	case frame.Repair:
		packet = g.encode.AppendRepair(nil, g.id(), 0, g.id(), g.number(), g.dataFrame())
	default:
		oldest, old := g.number(), g.number()
		packet = g.encode.Append(nil, &frame.Frame{
			Kind: kind, Flags: frame.Flags(g.byte()), Session: g.id(), Channel: uint32(g.byte() % 8 / 7),
			Time: g.number(), NextSeq: oldest + uint64(g.byte()), NextOffset: old + uint64(g.byte()),
			OldestSeq: oldest, OldestOffset: old, Interval: time.Duration(g.number() >> 1),
			Group: uint32(g.byte()) << (g.byte() % 24), RTT: time.Duration(g.number() >> 1),
			Name: g.name(), Wall: int64(g.number() >> 1),
			FirstSeq: g.number(), FirstOffset: g.number(), Channels: 1,
			Subscriber: g.id(), Request: g.number(), Echo: g.number(), Held: time.Duration(g.number() >> 1),
			Ranges: g.ranges(), Position: g.number(), Room: g.number(),
		})
	}
	for range g.byte() % 4 { // a hostile hand
		if n := len(packet) - 6; n > 0 {
			packet[int(g.byte())*7%n] ^= g.byte()
			binary.BigEndian.PutUint32(packet[n+2:], crc32.Checksum(packet[:n], crc32.MakeTable(crc32.Castagnoli)))
		}
	}
	if g.decode.Decode(packet, &g.frame) != nil {
		return nil
	}
	return &g.frame
}

func (g *forger) dataFrame() []byte {
	g.build.Open(make([]byte, 0, 512), g.id(), uint32(g.byte()%8/7), g.number(), g.number(), g.number())
	message := make([]byte, 2000)
	if g.byte()%4 == 0 {
		g.build.Continue(message[:int(g.byte())*7])
	}
	for range g.byte() % 5 {
		if n := int(g.byte()); g.build.Fits(n) {
			g.build.Add(message[:n])
		}
	}
	switch g.byte() % 4 {
	case 0:
		g.build.Skip(g.number() >> (g.byte() % 64))
	case 1:
		if !g.build.Fits(2000) && g.build.Left() > 0 {
			g.build.Start(message)
		}
	}
	return g.build.Seal(g.byte()%2 == 0)
}

var elsewhere = [...]netip.AddrPort{
	netip.MustParseAddrPort("10.77.0.9:5000"), netip.MustParseAddrPort("10.77.0.10:5000"),
}

// kinds returns how often each kind of event was told.
func kinds(events []Event) (n [SessionContested + 1]int) {
	for i := range events {
		n[events[i].Kind]++
	}
	return n
}
