package receive

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// Of many sessions that fall silent at once, a few inquests are held at a time, and all in the end.
func TestManyInquests(t *testing.T) {
	const sessions = 11
	b := newBand(t, 2, Config{})
	for id := uint64(1); id <= sessions; id++ {
		b.tells(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: id, Time: 1 << 60,
			Group: 2}), 0, 1)
		b.tells(rig.Data(t, id, 0), 0, 1)
		b.tells(rig.Data(t, id, 1), int(id%2))
		b.tells(rig.Data(t, id, 3), 0, 1)
	}
	b.settles(10*time.Second, func() bool {
		return rig.Kinds(b.list[0].told)[reliable.SessionSilent] == sessions &&
			rig.Kinds(b.list[1].told)[reliable.SessionSilent] == sessions
	})
	for i, s := range b.list {
		for _, st := range s.Sessions() {
			if st.Delivered != 3 || st.Lost != 1 || st.Inquests != 1 || st.Certificates == 0 {
				t.Errorf("%d: %+v", i, st)
			}
		}
		for _, ev := range s.events(reliable.SessionSilent) {
			if c := ev.Certificate; c == nil || len(c.Members) != 2 || !c.Agreed {
				t.Errorf("%d: %+v", i, c)
			}
		}
	}
}

// A session in an inquest isn't over: it gives its place in a full table to none that has no better
// claim. One with a certificate does, and is forgotten by the keeper.
func TestAnInquestKeepsItsPlace(t *testing.T) {
	b := newBand(t, 2, Config{Memory: Memory{MaxSessions: 1}})
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.publishes(12, 13, 0, 1)
	s := b.list[0]
	other := func() {
		s.now = b.now
		s.from(rig.Elsewhere[0], rig.Data(t, 2, 0))
	}
	b.settles(5*time.Second, func() bool { return s.session(1).DigestsHeard > 0 })
	if other(); s.table.byID[2] != nil || s.session(1).Lost != 0 {
		t.Error("it lost its place")
	}
	b.settles(5*time.Second, b.certified)
	if other(); s.table.byID[2] == nil || s.forgot != 1 {
		t.Errorf("it keeps its place, forgot %d", s.forgot)
	}
	if s.Serves(b.now, 1, 0, b.list[1].addr, b.list[1].cfg.ID) {
		t.Error("it is served from what was forgotten")
	}
	b.runs(20 * time.Second)
}

// A publisher that starts again learns from those in an inquest, and after it, where its stream
// ended; their answers disturb no inquest.
func TestEvidenceInAnInquest(t *testing.T) {
	b := newBand(t, 2, Config{})
	b.starts()
	for i := range b.list {
		b.post(-1, rig.PublisherAddr, i, new(frame.Encoder).Append(nil, &frame.Frame{
			Kind: frame.Session, Session: 1, Time: 1<<60 + uint64(b.now), Name: []byte("trades"),
			Wall: 1, Channels: 1}), 0)
	}
	b.publishes(0, 10, 0, 1)
	b.publishes(10, 12, 1)
	var ends []uint64
	b.lost = func(from, to int, f *frame.Frame) bool {
		if f.Kind == frame.Digest && f.Request != 0 && from >= 0 {
			if f.Flags&frame.Live != 0 || string(f.Name) != "trades" {
				t.Errorf("%v", f)
			}
			ends = append(ends, f.NextSeq)
		}
		return false
	}
	asks := func(request uint64) {
		b.says(rig.PublisherAddr, rig.Made(t, frame.Frame{Kind: frame.Find, Subscriber: 9 + request,
			Request: request, Name: []byte("trades"), Find: &frame.FindBody{What: frame.FindEnd}}))
	}
	b.settles(5*time.Second, func() bool {
		return b.list[0].session(1).Inquest && b.list[1].session(1).Inquest
	})
	asks(1)
	b.settles(5*time.Second, b.certified)
	asks(2)
	b.runs(100 * time.Millisecond)
	if len(ends) < 2 || ends[len(ends)-1] != 12 {
		t.Errorf("ends %v", ends)
	}
	for i, s := range b.list {
		if c := s.certificate(); !c.Agreed || c.Frames.To != 12 || s.session(1).Delivered != 12 {
			t.Errorf("%d: %+v", i, c)
		}
	}
}

// A stream that falls silent before it is known where it begins, but where it may begin is, holds
// an inquest too: what came before the first that was heard is a survivor's.
func TestAnInquestAtTheStart(t *testing.T) {
	b := newBand(t, 2, Config{Start: reliable.Oldest})
	b.tells(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1 << 60}), 0)
	for seq := range uint64(6) {
		b.tells(rig.Data(t, 1, seq), 0)
	}
	b.tells(rig.Data(t, 1, 3), 1) // all that the second ever hears
	b.runs(20 * time.Millisecond)
	b.settles(20*time.Second, b.certified)
	for i, s := range b.list {
		st := s.session(1)
		if first := uint64(3 * i); st.FirstOffset != first || st.Delivered != 6-first || st.Lost != 0 {
			t.Errorf("%d: %+v", i, st)
		}
	}
}

// Delivery that ends before the stream ends in an inquest as well.
func TestAnInquestUntil(t *testing.T) {
	b := newBand(t, 2, Config{Until: reliable.UntilOffset(12)})
	b.list[1].cfg.Until = reliable.Until{}
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.publishes(10, 20, 1)
	b.publishes(20, 21, 0, 1)
	b.settles(10*time.Second, func() bool {
		return rig.Kinds(b.list[0].told)[reliable.SessionEnded] == 1
	})
	s := b.list[0]
	if st := s.session(1); st.Delivered != 12 || st.End != reliable.EndUntil || st.Lost != 0 ||
		s.forgot == 0 || s.session0().own.aftermath != nil {
		t.Errorf("%+v", st)
	}
	b.settles(10*time.Second, func() bool { return b.list[1].certificate() != nil })
}
