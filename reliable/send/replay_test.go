package send

import (
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A replay's publisher marks all its own frames but the answers, and no other does.
func TestReplayIsMarked(t *testing.T) {
	for _, replay := range []reliable.SessionID{0, 7} {
		s, err := New(Config{Session: 9, Replay: replay, Wall: 1e18})
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[frame.Kind]int{}
		look := func(now reliable.Time) {
			s.Advance(now)
			for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
				for data := b.Data; len(data) > 0; {
					n := min(len(data), b.Segment)
					f := rig.Decoded(t, data[:n])
					data = data[n:]
					kinds[f.Kind]++
					marked := replay != 0 && f.Kind != frame.Digest
					if f.Flags&frame.Replay != 0 != marked {
						t.Errorf("a replay of %v has %v", replay, f)
					}
				}
				s.Sent(b)
			}
		}
		look(0)
		if _, err := s.Stream(0).Publish(1e6, make([]byte, 9000)); err != nil {
			t.Fatal(err)
		}
		look(1e6)
		s.Handle(2e6, rig.SubscriberAddr, rig.Made(t, frame.Frame{Kind: frame.Status, Session: 9,
			Subscriber: 7, Flags: frame.WantSession}))
		s.Handle(2e6, rig.SubscriberAddr, rig.Made(t, frame.Frame{Kind: frame.Find, Session: 9,
			Subscriber: 7, Request: 3, Find: &frame.FindBody{What: frame.FindOldest}}))
		look(3e6)
		s.Close(4e6)
		look(5e6)
		for _, k := range []frame.Kind{frame.Data, frame.Heartbeat, frame.Session, frame.Digest,
			frame.Bye} {
			if kinds[k] == 0 {
				t.Errorf("no %v was sent: %v", k, kinds)
			}
		}
	}
}
