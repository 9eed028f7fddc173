package subscriber_test

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/nack"
	"crier/publisher"
	"crier/reliable/frame"
	"crier/subscriber"
	"crier/testnet"
)

var hostileCount = flag.Int("hostile.count", 5000, "send so many hostile `DATAGRAMS` of each kind")

// forger makes hostile datagrams, the same for a seed.
type forger struct {
	rand     *rand.Rand
	sessions []uint64 // that exist, or did
	encode   frame.Encoder
	build    frame.Builder
	large    []byte // the largest message
}

func newForger(seed uint64, sessions ...uint64) *forger {
	return &forger{rand: rand.New(rand.NewPCG(seed, 1)), sessions: sessions, large: make([]byte, frame.MaxMessage)}
}

// number is one that a machine may stumble over.
func (f *forger) number() uint64 {
	switch f.rand.IntN(6) {
	case 0:
		return f.rand.Uint64()
	case 1:
		return ^uint64(0) - f.rand.Uint64N(3)
	case 2:
		return 1<<63 - 2 + f.rand.Uint64N(4)
	case 3:
		return f.rand.Uint64N(1 << 40)
	}
	return f.rand.Uint64N(3000)
}

// session is one that exists, or, one time in so many, a new one.
func (f *forger) session(anew int) uint64 {
	if f.rand.IntN(anew) == 0 {
		return f.rand.Uint64()
	}
	return f.sessions[f.rand.IntN(len(f.sessions))]
}

func (f *forger) ranges() []nack.Range {
	var list []nack.Range
	at := f.rand.Uint64N(1000)
	for range f.rand.IntN(30) {
		from := at + f.rand.Uint64N(100)
		at = from + 1 + f.rand.Uint64N(1+f.number()>>20)
		list = append(list, nack.Range{From: from, To: at})
	}
	return list
}

func (f *forger) bytes(most int) []byte {
	b := make([]byte, f.rand.IntN(most))
	for i := range b {
		b[i] = byte(f.rand.Uint32())
	}
	return b
}

// noise is random bytes.
func (f *forger) noise() []byte { return f.bytes(1400) }

// frame is a well-formed frame with anything in it.
func (f *forger) frame(session uint64) []byte {
	kind := frame.Kind(1 + f.rand.IntN(9))
	switch kind {
	case frame.Data:
		return f.data(session)
	case frame.Repair:
		return f.encode.AppendRepair(nil, session, 0, f.number(), f.number(), f.data(session))
	}
	g := &frame.Frame{
		Kind: kind, Session: session, Time: f.number() >> 1, NextSeq: f.number(), NextOffset: f.number(),
		Interval: time.Duration(f.number() >> 1), Group: uint32(f.number()), RTT: time.Duration(f.number() >> 1),
		Name: f.bytes(frame.MaxName), Wall: int64(f.number() >> 1), FirstSeq: f.number(), FirstOffset: f.number(),
		Control: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 9), Channels: 1, Request: f.number(),
		Subscriber: f.number(), Echo: f.number() >> 1, Held: time.Duration(f.number() >> 1), Ranges: f.ranges(),
		Position: f.number(), Room: f.number(),
	}
	g.OldestSeq, g.OldestOffset = min(f.number(), g.NextSeq), min(f.number(), g.NextOffset)
	return f.encode.Append(nil, g)
}

// data is a DATA frame; the message that it begins may claim to be of 16 MiB.
func (f *forger) data(session uint64) []byte {
	f.build.Open(make([]byte, 0, 1200), session, 0, f.number(), f.number(), f.number()>>1)
	switch f.rand.IntN(3) {
	case 0:
		f.build.Start(f.large[:1+f.rand.IntN(frame.MaxMessage)])
	case 1:
		f.build.Continue(make([]byte, f.rand.IntN(5000)))
	default:
		for range f.rand.IntN(20) {
			f.build.Add(f.bytes(50))
		}
	}
	return append([]byte(nil), f.build.Seal(false)...)
}

// mangled is a frame with a few other bytes, and the tag that fits them.
func (f *forger) mangled(session uint64) []byte {
	b := f.frame(session)
	body := b[:len(b)-6] // the tag is a bin of 4 bytes
	for range 1 + f.rand.IntN(3) {
		body[f.rand.IntN(len(body))] = byte(f.rand.Uint32())
	}
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// attack sends datagrams from conn, a flight at a time, and has each flight taken
// before the next leaves. It runs in a bubble.
func attack(t *testing.T, conn multicast.Conn, count int, next func() ([]byte, netip.AddrPort)) {
	t.Helper()
	const flight = 100 // datagrams, which the network's queues hold
	for i := range count {
		b, to := next()
		if len(b) == 0 {
			b = []byte{0}
		}
		if _, err := conn.Write(to, b, len(b)); err != nil {
			t.Fatal(err)
		}
		if i%flight == flight-1 || i == count-1 {
			time.Sleep(time.Millisecond) // of the bubble's time: the network has none
			synctest.Wait()
		}
	}
}

// heap is how many bytes of memory are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A subscriber stands floods of noise, of frames that say anything, and of forged
// sessions: its memory stays bounded, it counts what it drops, and it hears the
// next publisher.
func TestHostileDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const buffer, sessions = 256 << 10, 32
		stack := newStack(t, testnet.LinkConfig{}, 1)
		defer stack.close()
		g := netip.MustParseAddrPort("239.77.1.7:17000")
		s := stack.subscriber(stack.host(10), subscriber.Config{Groups: []netip.AddrPort{g}, Buffer: buffer, MaxSessions: sessions})
		defer s.Close()
		genuine := make(chan uint64, 1)
		result := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's time
		defer cancel()
		go func() { result <- hearOnly(ctx, s, genuine, 100) }()

		conn, err := stack.host(66).Socket(multicast.SocketConfig{Interface: "eth0", Group: g, TTL: 1, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		f := newForger(1, 11, 12, 13)
		before := heap()
		count := uint64(*hostileCount)
		for _, flood := range []struct {
			name string
			next func() []byte
			want func(subscriber.Stats) bool
		}{
			{"noise", f.noise, func(st subscriber.Stats) bool { return st.Invalid == count }},
			{"mangled", func() []byte { return f.mangled(f.session(100)) }, func(st subscriber.Stats) bool { return st.Invalid > count && st.Newer > 0 }},
			{"frames", func() []byte { return f.frame(f.session(100)) }, func(st subscriber.Stats) bool { return st.Unexpected > 0 }},
			{"sessions", func() []byte { return f.frame(f.session(1)) }, func(st subscriber.Stats) bool { return st.Refused > count/10 }},
		} {
			attack(t, conn, int(count), func() ([]byte, netip.AddrPort) { return flood.next(), g })
			st := s.Stats()
			if !flood.want(st) {
				t.Errorf("%s: %+v", flood.name, st.ReceiverStats)
			}
			if n := len(s.Sessions()); n > sessions {
				t.Errorf("%s: %d sessions", flood.name, n)
			}
			if st.Memory > 4*buffer {
				t.Errorf("%s: %d bytes are held, and may be %d", flood.name, st.Memory, 4*buffer)
			}
			grown := heap() - before
			t.Logf("%s: the heap grew by %d KiB; %d invalid, %d newer, %d refused, %d held", flood.name, grown>>10, st.Invalid, st.Newer, st.Refused, st.Memory)
			if grown > 16<<20 {
				t.Errorf("%s: the heap grew by %d bytes", flood.name, grown)
			}
		}

		// The forged sessions fall silent and make room.
		p := stack.publisher(publisher.Config{Group: g})
		genuine <- p.Session()
		for range 100 {
			if _, err := p.Publish(ctx, []byte("genuine")); err != nil {
				t.Fatal(err)
			}
		}
		for len(p.Subscribers()) == 0 && ctx.Err() == nil {
			time.Sleep(time.Second) // of the bubble's time
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// hearOnly takes what comes, until a session that it is told of has ended after so
// many messages.
func hearOnly(ctx context.Context, s *subscriber.Subscriber, genuine <-chan uint64, want int) error {
	var id uint64
	messages := 0
	for ev := range s.Messages(ctx) {
		select {
		case id = <-genuine:
		default:
		}
		if id == 0 || ev.Session != id {
			continue
		}
		switch ev.Kind {
		case subscriber.Message:
			messages++
		case subscriber.SessionEnded:
			if messages != want {
				return fmt.Errorf("of the genuine publisher came %d messages of %d", messages, want)
			}
			return nil
		}
	}
	return fmt.Errorf("of the genuine publisher came %d messages, and no end", messages)
}
