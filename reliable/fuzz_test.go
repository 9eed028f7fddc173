package reliable

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

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

const fuzzMemory = 256 << 10

// FuzzReceiver: whatever comes, a Receiver neither panics nor hangs, holds no
// more than its bound, and keeps the promise's sum.
func FuzzReceiver(f *testing.F) {
	f.Add([]byte{}, uint8(0), uint16(0))
	for options := range uint8(16) {
		f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"), options, uint16(options)*uint16(options))
	}
	f.Fuzz(func(t *testing.T, data []byte, options uint8, wait uint16) {
		cfg := ReceiverConfig{ID: 7, Buffer: 64 << 10, MaxMemory: fuzzMemory, MaxSessions: 8}
		if options&1 != 0 {
			cfg.Order = OnArrival
		}
		if options&2 != 0 {
			cfg.Start = Oldest
		}
		cfg.NoRecovery = options&4 != 0
		if options&8 != 0 {
			cfg.MaxWait = time.Duration(wait) * 10 * time.Microsecond
		}
		if options&16 != 0 { // how old a session says it is decides whether all of it counts
			cfg.Joined = Time(wait) * 100
		}
		r, err := NewReceiver(cfg)
		if err != nil {
			t.Fatal(err)
		}
		g := &forger{data: data, session: 0x1000, near: 100}
		from := netip.MustParseAddrPort("10.77.0.1:5000")
		now := cfg.Joined
		var events [8]Event
		accounted := make(map[uint64]uint64)
		poll := func() {
			for {
				n := r.Poll(events[:])
				for _, ev := range events[:n] {
					switch ev.Kind {
					case Message:
						accounted[ev.Session]++
					case Loss:
						accounted[ev.Session] += ev.Lost.Len()
					}
				}
				if n < len(events) {
					return
				}
			}
		}
		for len(g.data) > 0 {
			now = now.Add(time.Duration(g.byte()) * time.Duration(g.byte()) * 100 * time.Microsecond)
			if f := g.next(); f != nil {
				r.Handle(now, from, f)
			}
			if g.byte()%4 != 0 {
				poll()
			} else {
				r.Hold()
			}
			r.Advance(now)
			for i := 0; ; i++ {
				b, ok := r.Next(now)
				if !ok {
					break
				}
				if len(b.Data) > DefaultDatagram || i > 10000 {
					t.Fatalf("datagram %d of %d bytes", i, len(b.Data))
				}
				r.Sent(b)
			}
			if m := r.Stats().Memory; m > fuzzMemory+8*frame.MaxDatagram {
				t.Fatalf("%d bytes are held", m)
			}
			if d := r.Deadline(); d <= now {
				r.Advance(now)
				for b, ok := r.Next(now); ok; b, ok = r.Next(now) {
					r.Sent(b)
				}
				if d := r.Deadline(); d <= now {
					t.Fatalf("the deadline %v doesn't move beyond %v", d, now)
				}
			}
		}
		r.Close(now)
		poll()
		for _, s := range r.Sessions() {
			if s.Delivered+s.Lost != s.NextOffset-s.FirstOffset || s.Delivered+s.Lost != accounted[s.ID] {
				t.Fatalf("the sum is wrong: %+v; accounted for %d", s, accounted[s.ID])
			}
		}
	})
}

// FuzzSender: whatever comes, a Sender neither panics nor hangs, and what it sends
// is bounded by its budget.
func FuzzSender(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const floor = 1 << 20
		s, err := NewSender(SenderConfig{
			Session: 0x1000, FirstSeq: 90, FirstOffset: 90, ResendBuffer: 64 << 10, MaxMembers: 4, RepairFloor: floor,
		})
		if err != nil {
			t.Fatal(err)
		}
		g := &forger{data: data, session: 0x1000, near: 100}
		from := netip.MustParseAddrPort("10.77.0.2:6000")
		now := Time(0)
		drain := func() {
			for i := 0; ; i++ {
				b, ok := s.Next(now)
				if !ok {
					return
				}
				if b.Segment > DefaultDatagram || i > 10000 {
					t.Fatalf("batch %d with datagrams of %d bytes", i, b.Segment)
				}
				s.Sent(b)
			}
		}
		for len(g.data) > 0 {
			now = now.Add(time.Duration(g.byte()) * time.Duration(g.byte()) * 10 * time.Microsecond)
			if g.byte()%4 == 0 {
				_, _ = s.Publish(now, make([]byte, int(g.byte())*20)) // ErrFull can't be: all is drained
			}
			if f := g.next(); f != nil {
				s.Handle(now, from, f)
			}
			s.Advance(now)
			drain()
			if d := s.Deadline(now); d <= now {
				s.Advance(now)
				drain()
				if d := s.Deadline(now); d <= now {
					t.Fatalf("the deadline %v doesn't move beyond %v", d, now)
				}
			}
		}
		st := s.Stats()
		if most := 256<<10 + uint64(now.Sub(0).Seconds()*float64(max(floor, st.Bytes))) + 64*DefaultDatagram; st.RepairBytes > most {
			t.Fatalf("%d bytes of repairs in %v", st.RepairBytes, now.Sub(0))
		}
		if st.Members > 4 {
			t.Fatalf("%d rows", st.Members)
		}
	})
}
