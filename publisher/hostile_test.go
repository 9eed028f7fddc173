package publisher_test

import (
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
	"crier/testnet"
)

var hostileCount = flag.Int("hostile.count", 5000, "send so many hostile `DATAGRAMS` of each kind")

// forger makes hostile datagrams, the same for a seed.
type forger struct {
	rand   *rand.Rand
	encode frame.Encoder
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

func (f *forger) bytes(most int) []byte {
	b := make([]byte, f.rand.IntN(most))
	for i := range b {
		b[i] = byte(f.rand.Uint32())
	}
	return b
}

// ask is a NACK or a STATUS of a subscriber, for anything.
func (f *forger) ask(session, subscriber uint64) []byte {
	g := &frame.Frame{
		Kind: frame.Nack, Session: session, Subscriber: subscriber, Request: f.number(),
		Echo: f.number() >> 1, Held: time.Duration(f.number() >> 1), Position: f.number(), Room: f.number(),
	}
	if f.rand.IntN(4) == 0 {
		g.Kind, g.Name = frame.Status, f.bytes(frame.MaxName)
		g.Flags = frame.Flags(f.rand.IntN(2)) * frame.WantSession
	}
	at := f.rand.Uint64N(1000)
	for range f.rand.IntN(30) {
		from := at + f.rand.Uint64N(100)
		at = from + 1 + f.rand.Uint64N(1+f.number()>>20)
		g.Ranges = append(g.Ranges, nack.Range{From: from, To: at})
	}
	return f.encode.Append(nil, g)
}

// mangled is a frame with a few other bytes, and the tag that fits them.
func (f *forger) mangled(session uint64) []byte {
	b := f.ask(session, f.rand.Uint64())
	body := b[:len(b)-6] // the tag is a bin of 4 bytes
	for range 1 + f.rand.IntN(3) {
		body[f.rand.IntN(len(body))] = byte(f.rand.Uint32())
	}
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// heap is how many bytes of memory are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A publisher stands floods of noise, of requests for anything, and of forged
// subscribers: its memory and its repairs stay bounded, it counts what it drops,
// and it goes on publishing.
func TestHostileDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const floor = 2 << 20 // bytes of repairs a second
		group := netip.MustParseAddrPort("239.77.1.9:17900")
		lan, err := testnet.NewLAN(testnet.LANConfig{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer lan.Close()
		host := func(address string) *testnet.Host {
			h, err := lan.Host(address)
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		p, err := publisher.New(publisher.Config{
			Group: group, Interface: "eth0", Network: host("10.77.0.1"), ResendBuffer: 1 << 20, RepairFloor: floor, Logger: quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for i := range 2000 { // more than are held
			if _, err := p.Publish(t.Context(), fmt.Appendf(nil, "%01000d", i)); err != nil {
				t.Fatal(err)
			}
		}
		conn, err := host("10.77.0.66").Socket(multicast.SocketConfig{Interface: "eth0", Group: group, TTL: 1, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()

		time.Sleep(10 * time.Second) // of the bubble's time: the data rate is forgotten
		f := &forger{rand: rand.New(rand.NewPCG(1, 1))}
		before, started := heap(), time.Now()
		count := uint64(*hostileCount)
		for _, flood := range []struct {
			name string
			next func() []byte
			want func(publisher.Stats) bool
		}{
			{"noise", func() []byte { return append(f.bytes(1400), 0) }, func(st publisher.Stats) bool { return st.Invalid == count }},
			{"mangled", func() []byte { return f.mangled(p.Session()) }, func(st publisher.Stats) bool { return st.Invalid > count && st.Newer > 0 }},
			{"one subscriber", func() []byte { return f.ask(p.Session(), 5) }, func(st publisher.Stats) bool { return st.Responder.Gone > 0 && st.Unknown > 0 }},
			{"many subscribers", func() []byte { return f.ask(p.Session(), f.rand.Uint64()) }, func(st publisher.Stats) bool { return st.MembersFull > 0 }},
			{"other sessions", func() []byte { return f.ask(f.rand.Uint64(), 5) }, func(publisher.Stats) bool { return true }},
		} {
			for i := range count {
				b := flood.next()
				if _, err := conn.Write(p.LocalAddr(), b, len(b)); err != nil {
					t.Fatal(err)
				}
				if i%100 == 99 { // what the network's queues hold
					time.Sleep(time.Millisecond) // of the bubble's time: the network has none
					synctest.Wait()
				}
			}
			st := p.Stats()
			grown := heap() - before
			t.Logf("%s: the heap grew by %d KiB; %d invalid, %d newer, %d NACKs, %d repairs, %d members", flood.name, grown>>10,
				st.Invalid, st.Newer, st.Nacks, st.Repairs, st.Members)
			if !flood.want(st) || st.Socket.KernelDrops > 0 {
				t.Errorf("%s: %+v", flood.name, st)
			}
			if st.Members > 4096 || grown > 16<<20 {
				t.Errorf("%s: %d members, the heap grew by %d bytes", flood.name, st.Members, grown)
			}
			// Repairs never leave faster than their budget, and a burst of 256 KiB; and as
			// much again goes to those that are behind.
			if most := 2 * (floor*time.Since(started).Seconds() + 300<<10); float64(st.RepairBytes) > most {
				t.Errorf("%s: %d bytes of repairs, more than %.0f", flood.name, st.RepairBytes, most)
			}
			if _, err := p.Publish(t.Context(), []byte("still there")); err != nil {
				t.Error(err)
			}
			if err := p.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}
