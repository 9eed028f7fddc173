package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

var askerAddr = netip.MustParseAddrPort("10.77.2.1:9000")

// finds gives the listener a FIND for the end of a stream.
func (l *listener) finds(asker, request uint64, name string) {
	l.from(askerAddr, rig.Made(l.t, frame.Frame{Kind: frame.Find, Subscriber: asker,
		Request: request, Name: []byte(name), Find: &frame.FindBody{What: frame.FindEnd}}))
}

// digests lets time pass, and returns the DIGESTs that are sent meanwhile, all to the group.
func (l *listener) digests(d time.Duration) (list []*frame.Frame) {
	l.t.Helper()
	end := l.now.Add(d)
	for at := l.now; at <= end; at = l.Deadline() {
		l.now = max(l.now, at)
		l.Advance(l.now)
		for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
			if f := rig.Decoded(l.t, b.Data); f.Kind == frame.Digest {
				if b.To.IsValid() {
					l.t.Errorf("%v goes to %v, and not to the group", f, b.To)
				}
				list = append(list, f)
			}
			l.Sent(b)
		}
		l.poll()
	}
	l.now = end
	return list
}

// told returns a listener that has heard ten messages of a publisher.
func told(t *testing.T) (*listener, *speaker) {
	l := newListener(t, Config{})
	a := l.speaker(0xa, 1, 100, 7)
	a.announces()
	a.publishes(10)
	return l, a
}

// A DIGEST of a partition whose SESSION its sender never heard tells whose it is, and not where it
// begins: others would take that for known.
func TestADigestTellsNoBeginningThatIsUnknown(t *testing.T) {
	l, _ := told(t)
	s := l.Receiver.session(0xa)
	for _, st := range []*stream{&s.own, s.add(l.now, 2)} {
		f := frame.Frame{Digest: new(frame.DigestBody)}
		st.sign(l.now, &f)
		if known := st == &s.own; string(f.Name) != s.title.name() || known != (f.Digest.Wall != 0) ||
			known != (titleIn(&f) != nil) {
			t.Errorf("channel %d: publisher %q, wall %d", st.channel, f.Name, f.Digest.Wall)
		}
	}
}

// A subscriber tells a publisher that starts again what it knows of the one before: whether it
// lives, and where it has come to.
func TestASubscriberTellsTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		pass  time.Duration
		bye   bool
		flags frame.Flags
	}{
		"it lives":  {0, false, frame.Live},
		"it ended":  {0, true, frame.Final | frame.Ended},
		"it's gone": {3 * time.Second, false, frame.Final},
	} {
		l, a := told(t)
		if c.bye {
			a.beats(frame.Bye)
		}
		l.pass(c.pass, false)
		l.finds(50, 1, "trades")
		list := l.digests(100 * time.Millisecond)
		if len(list) != 1 {
			t.Fatalf("%s: %d answers", name, len(list))
		}
		f := list[0]
		if f.Flags != c.flags || f.Session != 0xa || f.NextSeq != 110 || f.NextOffset != 110 ||
			f.Responder != 1 || f.Request != 1 || string(f.Name) != "trades" ||
			f.Digest.Role != frame.Peer || f.Digest.Prev == nil || f.Digest.Prev.Session != 7 ||
			f.Digest.FirstOffset != 100 || f.Digest.Wall != 1e18+0xa || f.Digest.Heard < c.pass ||
			f.OldestSeq != f.Digest.Position {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// It answers nobody who asks for something else, and nothing of a replay.
func TestASubscriberAnswersForItsStreamsOnly(t *testing.T) {
	l, a := told(t)
	l.finds(50, 1, "quotes")
	l.finds(51, 1, "")
	l.finds(l.cfg.ID, 1, "trades")
	for what := frame.FindStreams; what <= frame.FindOldest; what++ {
		l.from(askerAddr, rig.Made(t, frame.Frame{Kind: frame.Find, Subscriber: 52, Request: 1,
			Name: []byte("trades"), Find: &frame.FindBody{What: what}}))
	}
	l.from(askerAddr, rig.Made(t, frame.Frame{Kind: frame.Find, Session: 0xb, Subscriber: 53,
		Request: 1, Name: []byte("trades"), Find: &frame.FindBody{What: frame.FindEnd}}))
	if list := l.digests(time.Second); len(list) != 0 {
		t.Errorf("%v", list)
	}
	a.id, a.title.Session, a.title.Replay = 0xb, 0xb, 3
	a.title.Name = []byte("again")
	a.announces()
	l.finds(54, 1, "again")
	if list := l.digests(time.Second); len(list) != 0 {
		t.Errorf("%v", list)
	}
}

// The word of another that knows as much makes an answer needless; less, or more than there
// can be, doesn't.
func TestAnAnswerIsSuppressed(t *testing.T) {
	for name, c := range map[string]struct {
		next  uint64
		flags frame.Flags
		want  int
	}{
		"as much":                {110, frame.Live, 0},
		"some more":              {115, frame.Live, 0},
		"less":                   {109, frame.Live, 1},
		"that it doesn't live":   {110, 0, 1},
		"more than there can be": {1 << 60, frame.Live, 1},
	} {
		l, a := told(t)
		for range 100 { // a group large enough for a back-off
			a.says(frame.Frame{Kind: frame.Heartbeat, Session: a.id, NextSeq: 110,
				NextOffset: 110, OldestSeq: 100, OldestOffset: 100, Group: 1000,
				RTT: 20 * time.Millisecond, Interval: 100 * time.Millisecond})
			l.now += 1
		}
		l.finds(50, 1, "trades")
		l.from(firstHolder.Addr, rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 0xa,
			Flags: c.flags, Responder: 77, Name: []byte("trades"), OldestSeq: c.next,
			OldestOffset: c.next, NextSeq: c.next, NextOffset: c.next,
			Digest: &frame.DigestBody{Role: frame.Peer, Position: c.next, From: c.next,
				To: c.next}}))
		if n := len(l.digests(500 * time.Millisecond)); n != c.want {
			t.Errorf("another told %s: %d answers, want %d", name, n, c.want)
		}
	}
}

// Where a recorder that knows as much is there, subscribers leave the first question to it,
// and answer the second.
func TestARecorderAnswersFirst(t *testing.T) {
	l, _ := told(t)
	l.from(firstHolder.Addr, rig.Made(t, frame.Frame{Kind: frame.Digest, Flags: frame.Live,
		Session: 0xa, Responder: firstHolder.ID, Name: []byte("trades"), OldestSeq: 100,
		OldestOffset: 100, NextSeq: 110, NextOffset: 110,
		Digest: &frame.DigestBody{Role: frame.Recorder, Position: 110, From: 100, To: 110}}))
	l.finds(50, 1, "trades")
	if n := len(l.digests(100 * time.Millisecond)); n != 0 {
		t.Errorf("%d answers to the first question", n)
	}
	l.finds(50, 2, "trades")
	if n := len(l.digests(100 * time.Millisecond)); n != 1 {
		t.Errorf("%d answers to the second question", n)
	}
	l.now += reliable.Time(20 * time.Second)
	l.finds(51, 1, "trades")
	if n := len(l.digests(100 * time.Millisecond)); n != 1 {
		t.Errorf("%d answers when the recorder was gone", n)
	}
}

// A flood of FINDs draws so many answers, and no more is kept of it.
func TestAFloodOfFindsIsBounded(t *testing.T) {
	l := newListener(t, Config{})
	for i := range 100 {
		s := l.speaker(uint64(0x100+i), byte(i), 0, 0)
		s.announces()
		s.publishes(1)
	}
	answers := 0
	for i := range uint64(2000) {
		l.finds(1000+i, 1, "trades")
		answers += len(l.digests(time.Millisecond))
		if len(l.evidence.list) > maxTestimonies || len(l.evidence.askers) > maxAskers {
			t.Fatalf("%d answers wait, %d askers", len(l.evidence.list), len(l.evidence.askers))
		}
	}
	if answers < 2*evidenceRate || answers > evidenceBurst+3*evidenceRate {
		t.Errorf("%d answers in 2 s", answers)
	}
}
