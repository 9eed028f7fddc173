package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// speaker is a publisher whose frames a test makes up.
type speaker struct {
	l     *listener
	id    uint64
	from  netip.AddrPort
	title frame.Frame
	next  uint64
	began reliable.Time
	first uint64
}

func (l *listener) speaker(id uint64, host byte, first uint64, prev uint64) *speaker {
	s := &speaker{l: l, id: id, began: l.now, first: first, next: first,
		from: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 1, host}), 5000)}
	s.title = frame.Frame{Kind: frame.Session, Session: id, Channels: 1, Name: []byte("trades"),
		FirstSeq: first, FirstOffset: first, Wall: 1e18 + int64(id)}
	if prev != 0 {
		s.title.Prev = &frame.Link{Session: prev}
	}
	return s
}

// says gives the listener a frame with the speaker's time.
func (s *speaker) says(f frame.Frame) {
	f.Time = uint64(s.l.now.Sub(s.began))
	s.l.from(s.from, rig.Made(s.l.t, f))
	s.l.poll()
}

func (s *speaker) announces() { s.says(s.title) }

// publishes so many messages, each in a frame of its own, and tells how many there are.
func (s *speaker) publishes(n uint64) {
	for range n {
		var b frame.Builder
		b.Open(make([]byte, 0, 300), s.id, 0, s.next, s.next, uint64(s.l.now.Sub(s.began)))
		b.Add([]byte("x"))
		s.l.from(s.from, rig.Decoded(s.l.t, b.Seal(false)))
		s.next++
	}
	s.beats(frame.Heartbeat)
}

func (s *speaker) beats(kind frame.Kind) {
	s.says(frame.Frame{Kind: kind, Session: s.id, NextSeq: s.next, NextOffset: s.next,
		OldestSeq: s.first, OldestOffset: s.first, Interval: 100 * time.Millisecond, Group: 1})
}

// kin returns the events about other sessions.
func (l *listener) kin() (list []reliable.Event) {
	for _, ev := range l.told {
		if ev.Kind == reliable.StreamForked || ev.Kind == reliable.StreamContested {
			list = append(list, ev)
		}
	}
	return list
}

// run lets the speakers go on for some seconds, and returns how many STATUS to each of them
// told that it isn't alone.
func (l *listener) run(seconds int, speakers ...*speaker) map[netip.AddrPort]int {
	contested := map[netip.AddrPort]int{}
	for i := range seconds * 10 {
		end := l.now.Add(100 * time.Millisecond)
		for at := l.Deadline(); at <= end; at = l.Deadline() {
			l.now = max(l.now, at)
			l.Advance(l.now)
			for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
				f := rig.Decoded(l.t, b.Data)
				if f.Kind == frame.Status && f.Flags&frame.Contested != 0 {
					contested[b.To]++
				}
				l.Sent(b)
			}
			l.poll()
		}
		l.now = end
		for _, s := range speakers {
			if i%10 == 0 {
				s.announces()
			}
			s.beats(frame.Heartbeat)
		}
	}
	return contested
}

// Two publishers of one name that both go on are told to the application once, and to both of
// them for as long as it lasts.
func TestTwoPublishersOfOneName(t *testing.T) {
	l := newListener(t, Config{})
	a := l.speaker(0xa, 1, 0, 0)
	a.announces()
	a.publishes(3)
	l.run(1, a)
	b := l.speaker(0xb, 2, 0, 0)
	b.announces()
	b.publishes(2)
	told := l.run(4, a, b)
	list := l.kin()
	if len(list) != 1 || list[0].Kind != reliable.StreamContested || list[0].Session != 0xb ||
		list[0].Other != 0xa {
		t.Fatalf("%+v", list)
	}
	if told[a.from] == 0 || told[b.from] == 0 {
		t.Errorf("told to %v", told)
	}
	if st := l.Stats(); st.Rivals != 1 || st.Forks != 0 {
		t.Errorf("%+v", st)
	}
	b.beats(frame.Bye)
	l.run(4, a)
	if told := l.run(2, a); len(told) != 0 {
		t.Errorf("told to %v after the other had ended", told)
	}
}

// These go on at once, and don't contest each other.
func TestThoseThatMayGoOnAtOnce(t *testing.T) {
	named := func(name string) func(*speaker) {
		return func(s *speaker) { s.title.Name = []byte(name) }
	}
	for what, change := range map[string]func(*speaker){
		"another name": named("quotes"), "no name": named(""),
		"another topic": func(s *speaker) { s.title.Topic = []byte("x") },
		"a replay":      func(s *speaker) { s.title.Replay = 0xa },
	} {
		l := newListener(t, Config{})
		a := l.speaker(0xa, 1, 0, 0)
		if what == "no name" {
			named("")(a)
		}
		a.announces()
		a.publishes(3)
		b := l.speaker(0xb, 2, 0, 0)
		change(b)
		b.announces()
		b.publishes(2)
		l.run(4, a, b)
		if list := l.kin(); len(list) != 0 {
			t.Errorf("%s: %+v", what, list)
		}
	}
}

// A publisher that starts again is no rival of the one that crashed a moment ago, nor of one
// that said BYE and still repairs.
func TestARestartIsNoContest(t *testing.T) {
	for _, bye := range []bool{false, true} {
		l := newListener(t, Config{})
		a := l.speaker(0xa, 1, 0, 0)
		a.announces()
		a.publishes(3)
		l.run(1, a)
		if bye {
			a.beats(frame.Bye)
		}
		b := l.speaker(0xb, 2, 3, 0xa)
		b.announces()
		b.publishes(2)
		for range 4 {
			l.run(1, b)
			if bye {
				a.beats(frame.Bye)
			}
		}
		if list := l.kin(); len(list) != 0 {
			t.Errorf("BYE %v: %+v", bye, list)
		}
	}
}

// A session that goes on with an offset that the one before has used forks the stream. So do
// two that go on from the same one.
func TestAForkIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		first, prev uint64
		want        nack.Range
	}{
		"where it ended":                 {10, 0xa, nack.Range{}},
		"before it ended":                {7, 0xa, nack.Range{From: 7, To: 10}},
		"the same as another":            {10, 0xb, nack.Range{}},
		"before the other one had ended": {11, 0xa, nack.Range{From: 11, To: 14}},
		"without going on":               {0, 0, nack.Range{}},
	} {
		l := newListener(t, Config{})
		a := l.speaker(0xa, 1, 0, 0)
		a.announces()
		a.publishes(10)
		l.run(4)
		if c.first > 10 {
			b := l.speaker(0xb, 2, 10, 0xa)
			b.announces()
			b.publishes(4)
			l.run(4)
		}
		s := l.speaker(0xc, 3, c.first, c.prev)
		s.announces()
		s.publishes(1)
		l.run(3, s)
		list := l.kin()
		if c.want == (nack.Range{}) {
			if len(list) != 0 {
				t.Errorf("%s: %+v", name, list)
			}
			continue
		}
		other := reliable.SessionID(0xa)
		if c.first > 10 {
			other = 0xb
		}
		if len(list) != 1 || list[0].Kind != reliable.StreamForked || list[0].Lost != c.want ||
			list[0].Session != 0xc || list[0].Other != other {
			t.Errorf("%s: %+v", name, list)
		}
		if st := l.session(0xc); st.Delivered != 1 || st.Lost != 0 {
			t.Errorf("%s: its own messages: %+v", name, st)
		}
	}
}

// A crowd of sessions of one name has so many events, and no more.
func TestKinIsBounded(t *testing.T) {
	l := newListener(t, Config{})
	var all []*speaker
	for i := range 30 {
		s := l.speaker(uint64(0x100+i), byte(i), 0, 0)
		s.announces()
		s.publishes(1)
		all = append(all, s)
	}
	l.run(4, all...)
	for _, s := range l.table.list {
		if len(s.kin.rivals) > maxKin || len(s.own.forks) > maxKin {
			t.Fatalf("%d rivals, %d forks", len(s.kin.rivals), len(s.own.forks))
		}
	}
	if n := len(l.kin()); n == 0 || n > 30*maxKin/2 {
		t.Errorf("%d events", n)
	}
}
