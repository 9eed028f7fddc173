// Package rig helps the tests of send, receive and repair: it makes the frames of another
// node, and forges frames out of a fuzzer's bytes.
package rig

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// Decoded returns a frame as it comes from the network.
func Decoded(t testing.TB, raw []byte) *frame.Frame {
	t.Helper()
	f := new(frame.Frame)
	var d frame.Decoder
	if err := d.Decode(raw, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// Made returns a frame as another node sends it.
func Made(t testing.TB, f frame.Frame) *frame.Frame {
	t.Helper()
	var e frame.Encoder
	return Decoded(t, e.Append(nil, &f))
}

// Beat returns a HEARTBEAT of a very old session.
func Beat(t testing.TB, session, next uint64) *frame.Frame {
	return Made(t, frame.Frame{Kind: frame.Heartbeat, Session: session, Time: 1 << 60,
		NextSeq: next, NextOffset: next})
}

// Data returns a frame with one message of the same number.
func Data(t testing.TB, session, seq uint64) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, 300), session, 0, seq, seq, 1<<60)
	b.Add([]byte("x"))
	return Decoded(t, b.Seal(false))
}

// PublisherAddr and SubscriberAddr are the addresses of a publisher and a subscriber.
var (
	PublisherAddr  = netip.MustParseAddrPort("10.77.0.1:5000")
	SubscriberAddr = netip.MustParseAddrPort("10.77.0.2:6000")
)

// Payload returns the i-th message, of n bytes.
func Payload(i, n int) []byte {
	b := make([]byte, n)
	for j := range b {
		b[j] = byte(i*7 + j*13)
	}
	return b
}

// A Forger makes frames out of a fuzzer's bytes: well-formed ones with any numbers in
// them, and frames of a hostile sender with the right checksum.
type Forger struct {
	Data    []byte
	encode  frame.Encoder
	build   frame.Builder
	decode  frame.Decoder
	frame   frame.Frame
	Session uint64
	// Numbers around Near are likely.
	Near uint64
	// Channels, if not 0, has frames of so many channels, and with the properties of topics.
	Channels uint32
	// Topic is the session's, and Base its home group.
	Topic string
	Base  netip.AddrPort
}

// Byte returns the next byte.
func (g *Forger) Byte() byte {
	if len(g.Data) == 0 {
		return 0
	}
	b := g.Data[0]
	g.Data = g.Data[1:]
	return b
}

// Number returns a number that is often close to what the machine expects, and sometimes
// anything.
func (g *Forger) Number() uint64 {
	switch b := g.Byte(); b % 8 {
	case 0:
		return uint64(g.Byte())<<56 | uint64(g.Byte())<<32 | uint64(g.Byte())
	case 1:
		return ^uint64(g.Byte())
	case 2:
		return 1<<63 - 8 + uint64(g.Byte())
	default:
		return g.Near + uint64(b/8) - 4
	}
}

// ID returns mostly the session's id.
func (g *Forger) ID() uint64 {
	if b := g.Byte(); b%4 == 0 {
		return uint64(b)
	}
	return g.Session
}

// Name returns some of the bytes.
func (g *Forger) Name() []byte {
	n := int(g.Byte())
	return g.Data[:min(len(g.Data), n)]
}

// Ranges returns some ranges.
func (g *Forger) Ranges() (list []nack.Range) {
	for range g.Byte() % 6 {
		from := g.Number()
		list = append(list, nack.Range{From: from,
			To: from + uint64(g.Byte())*uint64(g.Byte()) + 1})
	}
	return nack.Normalize(list)
}

// Next returns a frame that decodes, or nil.
func (g *Forger) Next() *frame.Frame {
	b := g.Byte()
	kind := frame.Kind(1 + b%9)
	if b >= 9*26 {
		kind = frame.Digest + frame.Kind(b%2)
	}
	var packet []byte
	switch kind {
	case frame.Digest:
		packet = g.digest()
	case frame.Find:
		packet = g.encode.Append(nil, &frame.Frame{
			Kind: kind, Session: g.ID() * uint64(g.Byte()%2), Subscriber: g.ID(),
			Request: g.Number(), Name: g.Name(),
			Find: &frame.FindBody{What: frame.What(g.Byte() % 7), Value: g.Number()},
		})
	case frame.Data:
		packet = g.dataFrame()
	case frame.Repair:
		packet = g.encode.AppendRepair(nil, g.ID(), 0, g.ID(), g.Number(), g.dataFrame())
	default:
		oldest, old := g.Number(), g.Number()
		packet = g.encode.Append(nil, &frame.Frame{
			Kind: kind, Flags: frame.Flags(g.Byte()), Session: g.ID(),
			Channel: uint32(g.Byte() % 8 / 7),
			Time:    g.Number(), NextSeq: oldest + uint64(g.Byte()),
			NextOffset: old + uint64(g.Byte()),
			OldestSeq:  oldest, OldestOffset: old, Interval: time.Duration(g.Number() >> 1),
			Group: uint32(g.Byte()) << (g.Byte() % 24), RTT: time.Duration(g.Number() >> 1),
			Name: g.Name(), Wall: int64(g.Number() >> 1),
			FirstSeq: g.Number(), FirstOffset: g.Number(), Channels: 1,
			Subscriber: g.ID(), Request: g.Number(), Echo: g.Number(),
			Held:   time.Duration(g.Number() >> 1),
			Ranges: g.Ranges(), Position: g.Number(), Room: g.Number(),
		})
		if g.Channels > 0 && (kind == frame.Session || kind == frame.Status) {
			packet = g.ofTopic(packet)
		}
	}
	for range g.Byte() % 4 { // a hostile hand
		if n := len(packet) - 6; n > 0 {
			packet[int(g.Byte())*7%n] ^= g.Byte()
			binary.BigEndian.PutUint32(packet[n+2:],
				crc32.Checksum(packet[:n], crc32.MakeTable(crc32.Castagnoli)))
		}
	}
	if g.decode.Decode(packet, &g.frame) != nil {
		return nil
	}
	return &g.frame
}

// channel returns a channel, mostly one that there is.
func (g *Forger) channel() uint32 {
	b := uint32(g.Byte())
	switch {
	case g.Channels == 0:
		return b % 8 / 7
	case b >= 250:
		return b<<24 | uint32(g.Byte())
	}
	return b % g.Channels
}

// ofTopic returns a SESSION or STATUS with the properties of a topic: its layout and its feeds, or
// the places in its channels.
func (g *Forger) ofTopic(packet []byte) []byte {
	f := &g.frame
	if g.decode.Decode(packet, f) != nil {
		return packet
	}
	f.Properties, f.Controls, f.Positions = nil, nil, nil
	f.Channels, f.Groups = uint32(g.Byte()), uint32(g.Byte())
	switch b := g.Byte(); b % 8 {
	case 0:
		f.Base = g.Base
	case 1:
		f.Base = netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, b, g.Byte(), g.Byte()}), 7700)
	default:
		f.Channels, f.Groups = g.Channels, 1+uint32(b)%g.Channels
	}
	if f.Topic = []byte(g.Topic); g.Byte()%8 == 0 {
		f.Topic = g.Name()
	}
	for range g.Byte() % 5 {
		f.Controls = append(f.Controls, netip.AddrPortFrom(
			netip.AddrFrom4([4]byte{10, 77, 0, 1 + g.Byte()%12}), 5000))
	}
	f.Recorder, f.Written, f.Synced = g.Byte()%2 == 0, 0, 0
	for range g.Byte() % 9 {
		at := frame.Progress{Channel: g.channel() % frame.MaxChannels, Position: g.Number()}
		f.Positions = append(f.Positions, at)
	}
	return g.encode.Append(nil, f)
}

// digest returns a DIGEST, mostly one whose numbers are in order.
func (g *Forger) digest() []byte {
	oldest, old := g.Number(), g.Number()
	position := oldest + uint64(g.Byte())
	body := &frame.DigestBody{
		Role: frame.Role(g.Byte() % 5), Version: g.Number(), Position: position,
		Written: position, Synced: position - min(position, uint64(g.Byte())),
		At: g.Byte()%2 == 0, AtSeq: g.Number(), AtOffset: g.Number(), Wall: int64(g.Number() >> 1),
		FirstSeq: g.Number(), FirstOffset: g.Number(), Heard: time.Duration(g.Number() >> 1),
		From: oldest, To: position, Replay: uint64(g.Byte() / 200),
	}
	if g.Byte()%2 == 0 {
		body.Prev = &frame.Link{Session: g.ID(), Seq: g.Number(), Offset: g.Number()}
	}
	return g.encode.Append(nil, &frame.Frame{
		Kind: frame.Digest, Flags: frame.Flags(g.Byte()), Session: g.ID(), Responder: g.ID(),
		Request: g.Number(), Time: g.Number() >> 1, OldestSeq: oldest, OldestOffset: old,
		NextSeq: position + uint64(g.Byte()), NextOffset: old + uint64(g.Byte()), Name: g.Name(),
		Ranges: g.Ranges(), Digest: body,
	})
}

func (g *Forger) dataFrame() []byte {
	g.build.Open(make([]byte, 0, 512), g.ID(), g.channel(), g.Number(), g.Number(),
		g.Number())
	message := make([]byte, 2000)
	if g.Byte()%4 == 0 {
		g.build.Continue(message[:int(g.Byte())*7])
	}
	for range g.Byte() % 5 {
		if n := int(g.Byte()); g.build.Fits(n) {
			g.build.Add(message[:n])
		}
	}
	switch g.Byte() % 4 {
	case 0:
		g.build.Skip(g.Number() >> (g.Byte() % 64))
	case 1:
		if !g.build.Fits(2000) && g.build.Left() > 0 {
			g.build.Start(message)
		}
	}
	return g.build.Seal(g.Byte()%2 == 0)
}

// Elsewhere holds the addresses of other nodes.
var Elsewhere = [...]netip.AddrPort{
	netip.MustParseAddrPort("10.77.0.9:5000"), netip.MustParseAddrPort("10.77.0.10:5000"),
}

// Kinds returns the number of events of each kind.
func Kinds(events []reliable.Event) (n [reliable.SessionAmended + 1]int) {
	for i := range events {
		n[events[i].Kind]++
	}
	return n
}
