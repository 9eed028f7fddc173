package send

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

// FuzzPartitions: whatever subscribers of several partitions say, from whatever addresses, a Sender
// neither panics nor hangs, and keeps its bounds: of rows, and of SESSION and DIGEST to those that
// ask.
func FuzzPartitions(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const channels = 5
		cfg := Config{Session: 0x1000, FirstSeq: 90, FirstOffset: 90, MaxMembers: 4, Topic: "orders",
			Layout: topic.Layout{Partitions: channels, Groups: 2}, Seed: 1,
			Retention: Retention{ResendBuffer: channels * 64 << 10}}
		if len(data)%2 == 1 {
			cfg.Flow.Pace = reliable.Slowest()
		}
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.members.most = 12
		g := &rig.Forger{Data: data, Session: 0x1000, Near: 100, Channels: channels + 1,
			Topic: "orders"}
		now, drawn, finds := reliable.Time(0), 0, 0
		var dec frame.Decoder
		var out frame.Frame
		drain := func() {
			for i := 0; ; i++ {
				b, ok := s.Next(now)
				if !ok {
					return
				}
				if b.Segment > reliable.DefaultDatagram || i > 10000 || b.Group > 2 {
					t.Fatalf("batch %d with datagrams of %d bytes for group %d", i, b.Segment, b.Group)
				}
				if b.To.IsValid() && dec.Decode(b.Datagram(0), &out) == nil {
					switch out.Kind {
					case frame.Session, frame.Heartbeat, frame.Bye:
						drawn += len(b.Data)
					case frame.Digest:
						finds++
					}
				}
				s.Sent(b)
			}
		}
		for len(g.Data) > 0 {
			now = now.Add(time.Duration(g.Byte()) * time.Duration(g.Byte()) * 10 * time.Microsecond)
			if b := g.Byte(); b%4 == 0 { // ErrFull may be, where the pace counts
				_, _ = s.Stream(uint32(b)%channels).Publish(now, make([]byte, int(g.Byte())*20))
			}
			if f := g.Next(); f != nil {
				b := g.Byte()
				f.Feed = int(b % 5)
				s.Handle(now, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 0, b % 8}), 6000), f)
			}
			s.Advance(now)
			drain()
			if s.Deadline(now) <= now {
				s.Advance(now)
				drain()
				if d := s.Deadline(now); d <= now {
					t.Fatalf("the deadline %v doesn't move beyond %v", d, now)
				}
			}
		}
		rows := 0
		for _, st := range s.streams {
			rows += len(st.audience.rows)
		}
		if st := s.Stats(); st.Members > 4 || rows > 12 || rows != s.members.progresses {
			t.Fatalf("%d subscribers with %d places, counted %d", st.Members, rows, s.members.progresses)
		}
		seconds := now.Sub(0).Seconds()
		if most := welcomeBurst + 4<<10 + seconds*welcomeRate; float64(drawn) > most {
			t.Fatalf("%d bytes are drawn in %v s", drawn, seconds)
		}
		if most := 2*maxFinds + 1 + seconds*findRate*maxFinds; float64(finds) > most {
			t.Fatalf("%d DIGEST are drawn in %v s", finds, seconds)
		}
	})
}
