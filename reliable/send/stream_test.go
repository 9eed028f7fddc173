package send

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/topic"
)

// Streams of a session have sequence numbers and an end of their own, and take turns.
func TestStreamsTakeTurns(t *testing.T) {
	const frames = 200
	s, err := New(Config{Session: 1, Layout: topic.Layout{Partitions: 2},
		Retention: Retention{ResendBuffer: 2 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	for channel := range uint32(2) {
		for range frames {
			message := make([]byte, frame.DataRoom(reliable.DefaultDatagram)-3)
			if _, err := s.Stream(channel).Publish(0, message); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.Close(0)
	var dec frame.Decoder
	var f frame.Frame
	var next [2]uint64 // the next sequence number
	var byes [2]int
	var turns []uint32 // the channels of the batches of DATA
	now := reliable.Time(0)
	for !s.Finished(now) {
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			for i := range b.Datagrams() {
				if err := dec.Decode(b.Datagram(i), &f); err != nil {
					t.Fatal(err)
				}
				switch f.Kind {
				case frame.Data:
					if f.Seq != next[f.Channel] {
						t.Fatalf("frame %d of channel %d, want %d", f.Seq, f.Channel,
							next[f.Channel])
					}
					next[f.Channel]++
				case frame.Bye:
					byes[f.Channel]++
				}
			}
			if f.Kind == frame.Data {
				turns = append(turns, f.Channel)
			}
			s.Sent(b)
		}
		now = s.Deadline(now)
		s.Advance(now)
	}
	for channel := range next {
		if next[channel] != frames || byes[channel] == 0 {
			t.Errorf("channel %d: %d frames and %d BYEs", channel, next[channel], byes[channel])
		}
	}
	for i, channel := range turns {
		if i > 0 && channel == turns[i-1] {
			t.Errorf("the batches of data are of channels %v", turns)
			break
		}
	}
	if linger := now.Sub(0); linger < defaultLinger || linger > defaultLinger+time.Second {
		t.Errorf("the session ended after %v", linger)
	}
}

// A frame for a channel that the session doesn't have is ignored.
func TestNoSuchChannel(t *testing.T) {
	s, err := New(Config{Session: 1})
	if err != nil {
		t.Fatal(err)
	}
	if st := s.Stream(7); st != nil {
		t.Error("there is a stream of channel 7")
	}
	s.Handle(0, rig.SubscriberAddr, rig.Made(t, frame.Frame{Kind: frame.Status, Session: 1,
		Channel: 7, Subscriber: 5}))
	if n := s.Stats().Members; n != 0 {
		t.Errorf("%d subscribers are known", n)
	}
}
