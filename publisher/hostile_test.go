package publisher_test

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/reliable/frame"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// ask returns a NACK or a STATUS of a subscriber, with random content.
func ask(f *rig.Forger, session, subscriber uint64) []byte {
	g := &frame.Frame{
		Kind: frame.Nack, Session: session, Subscriber: subscriber, Request: f.Number(),
		Echo: f.Number() >> 1, Held: time.Duration(f.Number() >> 1), Position: f.Number(),
		Room: f.Number(),
	}
	if f.Rand.IntN(4) == 0 {
		g.Kind, g.Name = frame.Status, f.Bytes(frame.MaxName)
		g.Flags = frame.Flags(f.Rand.IntN(2)) * frame.WantSession
	}
	g.Ranges = f.Ranges()
	return f.Encode.Append(nil, g)
}

// A publisher survives floods of noise, of random requests, and of forged subscribers. Its
// memory and its repairs stay bounded, it counts the datagrams that it drops, and it goes on
// publishing.
func TestHostileDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const floor = 2 << 20 // bytes of repairs a second
		group := netip.MustParseAddrPort("239.77.1.9:17900")
		lan := rig.NewLAN(t, link.Config{}, 1)
		defer lan.Close()
		p := lan.Publisher(publisher.Config{
			Group:     group,
			Retention: publisher.Retention{ResendBuffer: 1 << 20},
			Repair:    publisher.Repair{Floor: 8 * floor},
		})
		defer p.Close()
		for i := range 2000 { // more than the buffer holds
			if _, err := p.Publish(t.Context(), fmt.Appendf(nil, "%01000d", i)); err != nil {
				t.Fatal(err)
			}
		}
		conn, err := lan.Host(66).Socket(multicast.SocketConfig{
			Interface: "eth0", Group: group, TTL: 1, Logger: rig.Quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()

		time.Sleep(10 * time.Second) // fake time, until the data rate is forgotten
		f := rig.NewForger(1)
		before, started := rig.Heap(), time.Now()
		count := uint64(rig.HostileCount())
		for _, flood := range []struct {
			name string
			next func() []byte
			want func(publisher.Stats) bool
		}{
			{"noise", func() []byte { return f.Bytes(1400) },
				func(st publisher.Stats) bool { return st.Invalid == count }},
			{"mangled",
				func() []byte { return f.Mangle(ask(f, uint64(p.Session()), f.Rand.Uint64())) },
				func(st publisher.Stats) bool { return st.Invalid > count && st.Newer > 0 }},
			{"one subscriber", func() []byte { return ask(f, uint64(p.Session()), 5) },
				func(st publisher.Stats) bool { return st.Responder.Gone > 0 && st.Unknown > 0 }},
			{"many subscribers",
				func() []byte { return ask(f, uint64(p.Session()), f.Rand.Uint64()) },
				func(st publisher.Stats) bool { return st.MembersFull > 0 }},
			{"other sessions", func() []byte { return ask(f, f.Rand.Uint64(), 5) },
				func(publisher.Stats) bool { return true }},
		} {
			rig.Attack(t, conn, int(count),
				func() ([]byte, netip.AddrPort) { return flood.next(), p.LocalAddr() })
			st := p.Stats()
			grown := rig.Heap() - before
			t.Logf("%s: the heap grew by %d KiB; "+
				"%d invalid, %d newer, %d NACKs, %d repairs, %d members", flood.name,
				grown>>10, st.Invalid, st.Newer, st.Nacks, st.Repairs, st.Members)
			if !flood.want(st) || st.Socket.KernelDrops > 0 {
				t.Errorf("%s: %+v", flood.name, st)
			}
			if st.Members > 4096 || grown > 16<<20 {
				t.Errorf("%s: %d members, the heap grew by %d bytes", flood.name, st.Members, grown)
			}
			// The budget bounds the repairs, apart from a burst of 256 KiB, and a second
			// budget of the same size those of subscribers that are behind.
			most := 2 * (floor*time.Since(started).Seconds() + 300<<10)
			if float64(st.RepairBytes) > most {
				t.Errorf("%s: %d bytes of repairs, more than %.0f",
					flood.name, st.RepairBytes, most)
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
