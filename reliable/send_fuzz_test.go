package reliable

import (
	"net/netip"
	"testing"
	"time"
)

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
