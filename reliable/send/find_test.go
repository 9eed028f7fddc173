package send

import (
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A publisher tells in which frame a message is, or which frame is the first of a time, within
// what it holds.
func TestAPublisherTellsWhereMessagesAre(t *testing.T) {
	s, err := New(Config{Session: 9, Name: "trades", Wall: 1e18, FirstOffset: 100})
	if err != nil {
		t.Fatal(err)
	}
	st := s.Stream(0)
	for i := range 40 {
		if _, err := st.Publish(reliable.Time(i)*1e6, make([]byte, 600)); err != nil {
			t.Fatal(err)
		}
		for b, ok := s.Next(reliable.Time(i) * 1e6); ok; b, ok = s.Next(reliable.Time(i) * 1e6) {
			s.Sent(b)
		}
	}
	now := reliable.Time(50e6)
	for _, c := range []struct {
		what      frame.What
		value     uint64
		seq, from uint64
	}{
		{frame.FindOffset, 100, 0, 100}, {frame.FindOffset, 117, 17, 117},
		{frame.FindOffset, 3, 0, 100}, {frame.FindOffset, 140, 40, 140},
		{frame.FindOffset, 1e9, 40, 140}, {frame.FindTime, 1e18 + 5e6, 5, 105},
		{frame.FindTime, 1e18 + 5e6 + 1, 6, 106}, {frame.FindTime, 0, 0, 100},
		{frame.FindTime, 2e18, 40, 140}, {frame.FindOldest, 0, 0, 100},
	} {
		s.Handle(now, rig.SubscriberAddr, rig.Made(t, frame.Frame{Kind: frame.Find, Session: 9,
			Subscriber: 7, Request: 3, Find: &frame.FindBody{What: c.what, Value: c.value}}))
		var got *frame.Frame
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			if f := rig.Decoded(t, b.Data); f.Kind == frame.Digest && b.To == rig.SubscriberAddr {
				got = f
			}
			s.Sent(b)
		}
		if got == nil {
			t.Fatalf("%v %d is not answered", c.what, c.value)
		}
		d := got.Digest
		if !d.At || d.AtSeq != c.seq || d.AtOffset != c.from || got.Request != 3 ||
			d.Role != frame.Publisher || got.NextSeq != 40 || got.NextOffset != 140 ||
			d.FirstOffset != 100 {
			t.Errorf("%v %d: %+v, %+v", c.what, c.value, d, got)
		}
	}
	for range 1000 {
		s.Handle(now, rig.SubscriberAddr, rig.Made(t, frame.Frame{Kind: frame.Find, Session: 9,
			Subscriber: 7, Request: 3, Find: &frame.FindBody{What: frame.FindOldest}}))
	}
	sent := 0
	for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
		sent++
		s.Sent(b)
	}
	if sent > maxFinds || s.Stats().Unanswered < 900 {
		t.Errorf("%d answers to a flood, %d unanswered", sent, s.Stats().Unanswered)
	}
}
