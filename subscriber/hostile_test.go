package subscriber_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/reliable/frame"
	"crier/subscriber"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// forger makes hostile datagrams of publishers.
type forger struct {
	*rig.Forger
	// sessions are present or former sessions.
	sessions []uint64
	build    frame.Builder
	// large is a message of the greatest size.
	large []byte
}

func newForger(seed uint64, sessions ...uint64) *forger {
	return &forger{
		Forger: rig.NewForger(seed), sessions: sessions, large: make([]byte, frame.MaxMessage),
	}
}

// session returns one of the sessions or, once in anew calls, a new one.
func (f *forger) session(anew int) uint64 {
	if f.Rand.IntN(anew) == 0 {
		return f.Rand.Uint64()
	}
	return f.sessions[f.Rand.IntN(len(f.sessions))]
}

// noise returns random bytes.
func (f *forger) noise() []byte { return f.Bytes(1400) }

// frame returns a well-formed frame of random kind and content.
func (f *forger) frame(session uint64) []byte {
	kinds := frame.Kinds()
	kind := kinds[f.Rand.IntN(len(kinds))]
	switch kind {
	case frame.Data:
		return f.data(session)
	case frame.Repair:
		return f.Encode.AppendRepair(nil, session, 0, f.Number(), f.Number(), f.data(session))
	}
	g := &frame.Frame{
		Kind: kind, Session: session, Time: f.Number() >> 1,
		NextSeq: f.Number(), NextOffset: f.Number(), Interval: time.Duration(f.Number() >> 1),
		Group: uint32(f.Number()), RTT: time.Duration(f.Number() >> 1),
		Name: f.Bytes(frame.MaxName), Wall: int64(f.Number() >> 1),
		FirstSeq: f.Number(), FirstOffset: f.Number(), Channels: 1,
		Control: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 9),
		Request: f.Number(), Subscriber: f.Number(), Echo: f.Number() >> 1,
		Held: time.Duration(f.Number() >> 1), Ranges: f.Ranges(),
		Position: f.Number(), Room: f.Number(),
	}
	g.OldestSeq, g.OldestOffset = min(f.Number(), g.NextSeq), min(f.Number(), g.NextOffset)
	g.Find = &frame.FindBody{What: frame.What(f.Rand.IntN(7)), Value: f.Number()}
	g.Digest = &frame.DigestBody{
		Role: frame.Role(f.Rand.IntN(5)), Version: f.Number(), Position: g.OldestSeq,
		From: g.OldestSeq, To: g.OldestSeq, Wall: int64(f.Number() >> 1),
		FirstOffset: f.Number(), Heard: time.Duration(f.Number() >> 1),
		Prev: &frame.Link{Session: session, Offset: f.Number()},
	}
	g.Announce = &frame.AnnounceBody{
		Partitions: 1 + uint32(f.Rand.IntN(256)), Groups: 1, Host: f.Bytes(100),
		PID: uint32(f.Number()), Bytes: f.Number(), Messages: f.Number(),
	}
	f.team(g)
	if kind == frame.Announce {
		g.Topic = append(f.Bytes(200), 'x')
	}
	if kind == frame.Digest {
		g.Ranges, g.Responder = nil, f.Number()
	}
	return f.Encode.Append(nil, g)
}

// team gives a frame the bodies of a team.
func (f *forger) team(g *frame.Frame) {
	name := append(f.Bytes(10), 't')
	channel := uint32(f.Rand.IntN(frame.MaxChannels))
	g.Claim = &frame.ClaimBody{Team: name, Share: frame.Share(f.Rand.IntN(4)), Weight: 1,
		Granted: f.Number() >> 1, Entries: []frame.ClaimEntry{{Channel: channel,
			Epoch: f.Number(), State: frame.ClaimState(f.Rand.IntN(5)), Done: f.Number(),
			Ranges: f.Ranges()}}}
	from := f.Number() >> 1
	g.Grant = &frame.GrantBody{Team: name, Share: frame.Share(f.Rand.IntN(4)),
		Stamp: f.Number() >> 1, Lease: time.Duration(f.Number() >> 1),
		Refused: frame.Refusal(f.Rand.IntN(7)), Entries: []frame.GrantEntry{{Channel: channel,
			Epoch: f.Number(), State: frame.GrantState(f.Rand.IntN(4)), Seq: f.Number(),
			From: from, To: from + 1 + f.Number()>>1, Attempt: uint32(f.Number())}}}
	g.Team = &frame.TeamBody{Team: name, Parts: 1, Rows: []frame.TeamRow{{Channel: channel,
		Owner: uint32(f.Number()), Done: f.Number()}}}
}

// data returns a DATA frame. A message that starts in it may claim to have up to 16 MiB.
func (f *forger) data(session uint64) []byte {
	f.build.Open(make([]byte, 0, 1200), session, 0, f.Number(), f.Number(), f.Number()>>1)
	switch f.Rand.IntN(3) {
	case 0:
		f.build.Start(f.large[:1+f.Rand.IntN(frame.MaxMessage)])
	case 1:
		f.build.Continue(make([]byte, f.Rand.IntN(5000)))
	default:
		for range f.Rand.IntN(20) {
			f.build.Add(f.Bytes(50))
		}
	}
	return append([]byte(nil), f.build.Seal(false)...)
}

// A subscriber survives floods of noise, of random frames, and of forged sessions. Its
// memory stays bounded, it counts the datagrams that it drops, and it receives from the next
// publisher.
func TestHostileDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const buffer, sessions = 256 << 10, 32
		stack := rig.NewLAN(t, link.Config{}, 1)
		defer stack.Close()
		g := netip.MustParseAddrPort("239.77.1.7:17000")
		s := stack.Subscriber(stack.Host(10), subscriber.Config{
			Groups: []netip.AddrPort{g},
			Memory: subscriber.Memory{Buffer: buffer, MaxSessions: sessions},
		})
		defer s.Close()
		genuine := make(chan publisher.SessionID, 1)
		result := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // fake time
		defer cancel()
		go func() { result <- hearOnly(ctx, s, genuine, 100) }()

		conn, err := stack.Host(66).Socket(multicast.SocketConfig{
			Interface: "eth0", Group: g, TTL: 1, Logger: rig.Quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		f := newForger(1, 11, 12, 13)
		before := rig.Heap()
		count := uint64(rig.HostileCount())
		for _, flood := range []struct {
			name string
			next func() []byte
			want func(subscriber.Stats) bool
		}{
			{"noise", f.noise, func(st subscriber.Stats) bool { return st.Invalid == count }},
			{"mangled", func() []byte { return f.Mangle(f.frame(f.session(100))) },
				func(st subscriber.Stats) bool { return st.Invalid > count && st.Newer > 0 }},
			{"frames", func() []byte { return f.frame(f.session(100)) },
				func(st subscriber.Stats) bool { return st.Unexpected > 0 }},
			{"sessions", func() []byte { return f.frame(f.session(1)) },
				func(st subscriber.Stats) bool { return st.Refused > count/10 }},
		} {
			rig.Attack(t, conn, int(count),
				func() ([]byte, netip.AddrPort) { return flood.next(), g })
			st := s.Stats()
			if !flood.want(st) {
				t.Errorf("%s: %+v", flood.name, st.Stats)
			}
			if n := len(s.Sessions()); n > sessions {
				t.Errorf("%s: %d sessions", flood.name, n)
			}
			if st.Memory > 4*buffer {
				t.Errorf("%s: %d bytes are held, more than %d", flood.name, st.Memory, 4*buffer)
			}
			grown := rig.Heap() - before
			t.Logf("%s: the heap grew by %d KiB; %d invalid, %d newer, %d refused, %d held",
				flood.name, grown>>10, st.Invalid, st.Newer, st.Refused, st.Memory)
			if grown > 16<<20 {
				t.Errorf("%s: the heap grew by %d bytes", flood.name, grown)
			}
		}

		// The forged sessions fall silent and make room.
		p := stack.Publisher(publisher.Config{Group: g})
		genuine <- p.Session()
		for range 100 {
			if _, err := p.Publish(ctx, []byte("genuine")); err != nil {
				t.Fatal(err)
			}
		}
		for len(p.Subscribers()) == 0 && ctx.Err() == nil {
			time.Sleep(time.Second) // fake time
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// hearOnly takes events until the session named by genuine ends, which must be after want
// messages.
func hearOnly(
	ctx context.Context, s *subscriber.Subscriber, genuine <-chan publisher.SessionID, want int,
) error {
	var id subscriber.SessionID
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
				return fmt.Errorf("%d of %d messages of the genuine publisher came", messages, want)
			}
			return nil
		}
	}
	return fmt.Errorf("%d messages of the genuine publisher came, and no end", messages)
}
