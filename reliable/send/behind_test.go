package send

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// BenchmarkCatchUpNack is a NACK for single frames that were sent long ago, of one of
// so many subscribers that are behind: 400 other frames wait for each. The time must
// grow with the ranges of the NACK and what waits for its asker, and not with the
// number of others that are behind.
func BenchmarkCatchUpNack(b *testing.B) {
	const frames, apart = 40_000, 100
	for _, subscribers := range []int{1, 10, 100} {
		for _, ranges := range []int{50, 400} {
			b.Run(fmt.Sprintf("behind=%d/ranges=%d", subscribers, ranges), func(b *testing.B) {
				s := behindSender(b, frames)
				now := s.clock.now
				f := frame.Frame{Kind: frame.Nack, Session: 0xabc}
				ask := func(who, ranges int) {
					now = now.Add(2 * time.Millisecond)
					f.Subscriber, f.Echo = uint64(100+who), s.clock.wire(now)
					f.Ranges = f.Ranges[:0]
					f.Request++
					for i := range ranges {
						from := uint64(i*apart + who)
						f.Ranges = append(f.Ranges, nack.Range{From: from, To: from + 1})
					}
					s.Handle(now, netip.AddrPortFrom(rig.SubscriberAddr.Addr(), uint16(1000+who)),
						&f)
				}
				for who := range subscribers {
					ask(who, frames/apart)
				}
				if n := s.Owed(); n != uint64(subscribers*frames/apart) {
					b.Fatalf("%d frames wait", n)
				}
				who := 0
				b.ReportAllocs()
				for b.Loop() {
					ask(who%subscribers, ranges)
					who++
				}
				if m := s.streams[0].audience.rows[0]; m.Waiting() != frames/apart {
					b.Fatalf("%d frames wait", m.Waiting())
				}
			})
		}
	}
}

// behindSender is a Sender that sent so many frames long ago, and holds them.
func behindSender(tb testing.TB, frames int) *Sender {
	tb.Helper()
	s, err := New(Config{Session: 0xabc, Retention: Retention{ResendBuffer: (frames + 100) * 1401}})
	if err != nil {
		tb.Fatal(err)
	}
	drain := func(now reliable.Time) {
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			s.Sent(b)
		}
	}
	message := make([]byte, 1300)
	for range frames {
		if _, err := s.Stream(0).Publish(0, message); err != nil {
			tb.Fatal(err)
		}
		drain(0)
	}
	now := reliable.Time(0)
	for range 3 {
		now = now.Add(time.Second)
		s.Advance(now)
		drain(now)
	}
	return s
}

// A frame that a subscriber has passed since it asked is no loss when it leaves the ring,
// and isn't repaired.
func TestPassedIsNoLongerWanted(t *testing.T) {
	s := behindSender(t, 100)
	now := s.clock.now
	hear := func(f frame.Frame) {
		f.Session, f.Subscriber, f.Echo, f.Room = 0xabc, 5, s.clock.wire(now), 1<<20
		s.Handle(now, rig.SubscriberAddr, rig.Made(t, f))
	}
	hear(frame.Frame{Kind: frame.Nack, Request: 1, Ranges: []nack.Range{{From: 3, To: 50}}})
	hear(frame.Frame{Kind: frame.Status, Position: 40})
	if n := s.Owed(); n != 10 {
		t.Fatalf("%d repairs are owed", n)
	}
	hear(frame.Frame{Kind: frame.Status, Position: 60})
	if n := s.Owed(); n != 0 {
		t.Errorf("it has passed all of it, and %d repairs are owed", n)
	}
	for range 1000 { // all leave the ring
		if _, err := s.Stream(0).Publish(now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			s.Sent(b)
		}
	}
	if st := s.Stats(); st.Responder.Gone != 0 || st.Repairs != 0 {
		t.Errorf("%d gone, %d repairs", st.Responder.Gone, st.Repairs)
	}
}

// A frame that two subscribers lack is repaired once, to the group, if the first is
// behind: whether the second asks before the first repair is out, or the first waits for
// more than that frame; and also if the second has no row, and so gets all repairs with
// the group.
func TestSharedLossGoesToTheGroup(t *testing.T) {
	for _, rows := range []int{2, 1} {
		s := behindSender(t, 200)
		s.members.max = rows
		now := s.clock.now
		other := netip.AddrPortFrom(rig.SubscriberAddr.Addr(), 6001)
		asks := func(id uint64, from netip.AddrPort, lacks nack.Range) {
			s.Handle(now, from, rig.Made(t, frame.Frame{
				Kind: frame.Nack, Session: 0xabc, Subscriber: id, Request: id,
				Echo: s.clock.wire(now), Ranges: []nack.Range{lacks},
			}))
		}
		asks(5, rig.SubscriberAddr, nack.Range{From: 10, To: 60})
		asks(6, other, nack.Range{From: 40, To: 90})
		alone, group := map[uint64]netip.AddrPort{}, map[uint64]int{}
		for range 1000 {
			for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
				for i := range b.Datagrams() {
					f := rig.Decoded(t, b.Datagram(i))
					if f.Kind != frame.Repair {
						continue
					}
					if seq := rig.Decoded(t, f.Inner).Seq; b.To.IsValid() {
						if to, twice := alone[seq]; twice {
							t.Errorf("frame %d goes to %v, and went to %v", seq, b.To, to)
						}
						alone[seq] = b.To
					} else {
						group[seq]++
					}
				}
				s.Sent(b)
			}
			now = now.Add(time.Millisecond)
			s.Advance(now)
		}
		for seq := uint64(0); seq < 200; seq++ {
			var to netip.AddrPort
			copies := 0
			switch {
			case seq >= 40 && seq < 60, rows == 1 && seq >= 60 && seq < 90:
				copies = 1
			case seq >= 10 && seq < 40:
				to = rig.SubscriberAddr
			case seq >= 60 && seq < 90:
				to = other
			}
			if group[seq] != copies || alone[seq] != to {
				t.Errorf("%d rows: frame %d goes to the group %d times, and to %v alone", rows,
					seq, group[seq], alone[seq])
			}
		}
	}
}

// A request that the network has copied and delayed brings nothing twice, however much went
// to its subscriber meanwhile; one that was sent later brings it again.
func TestADelayedCopyBringsNothingTwice(t *testing.T) {
	const first, second = 1024, 100
	s := behindSender(t, 2*(first+second))
	now := s.clock.now
	asks := func(request, from, n uint64) *frame.Frame {
		f := frame.Frame{Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: request,
			Echo: s.clock.wire(now)}
		for i := range n {
			f.Ranges = append(f.Ranges, nack.Range{From: 2 * (from + i), To: 2*(from+i) + 1})
		}
		return rig.Made(t, f)
	}
	brings := func(f *frame.Frame) int {
		before := s.Stats().Responder.CaughtUp
		s.Handle(now, rig.SubscriberAddr, f)
		for range 1000 {
			for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
				s.Sent(b)
			}
			now = now.Add(time.Millisecond)
			s.Advance(now)
		}
		return int(s.Stats().Responder.CaughtUp - before)
	}
	request := asks(1, 0, first)
	if n := brings(request); n != first {
		t.Fatalf("%d repairs, want %d", n, first)
	}
	if n := brings(asks(2, first, second)); n != second {
		t.Fatalf("%d repairs, want %d", n, second)
	}
	if n := brings(request); n != 0 {
		t.Errorf("a copy brings %d repairs", n)
	}
	if n := brings(asks(3, 0, second)); n != second {
		t.Errorf("%d repairs for a new request, want %d", n, second)
	}
}
