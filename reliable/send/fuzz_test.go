package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/rig"
)

// FuzzSender: whatever comes, a Sender neither panics nor hangs, and what it sends
// is bounded by its budget.
func FuzzSender(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const floor = 1 << 20
		s, err := New(Config{
			Session: 0x1000, FirstSeq: 90, FirstOffset: 90,
			Retention:  Retention{ResendBuffer: 64 << 10},
			MaxMembers: 4,
			Repair:     Repair{Floor: 8 * floor},
		})
		if err != nil {
			t.Fatal(err)
		}
		g := &rig.Forger{Data: data, Session: 0x1000, Near: 100}
		from := netip.MustParseAddrPort("10.77.0.2:6000")
		now := reliable.Time(0)
		drain := func() {
			for i := 0; ; i++ {
				b, ok := s.Next(now)
				if !ok {
					return
				}
				if b.Segment > reliable.DefaultDatagram || i > 10000 {
					t.Fatalf("batch %d with datagrams of %d bytes", i, b.Segment)
				}
				s.Sent(b)
			}
		}
		for len(g.Data) > 0 {
			now = now.Add(time.Duration(g.Byte()) * time.Duration(g.Byte()) * 10 * time.Microsecond)
			if g.Byte()%4 == 0 {
				// ErrFull can't be: all is drained
				_, _ = s.Stream(0).Publish(now, make([]byte, int(g.Byte())*20))
			}
			if f := g.Next(); f != nil {
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
		if most := 256<<10 + uint64(now.Sub(0).Seconds()*float64(max(floor,
			st.Bytes))) + 64*reliable.DefaultDatagram; st.RepairBytes > most {
			t.Fatalf("%d bytes of repairs in %v", st.RepairBytes, now.Sub(0))
		}
		if st.Members > 4 {
			t.Fatalf("%d rows", st.Members)
		}
	})
}
