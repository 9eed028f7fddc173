package survivor

import (
	"testing"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// A Survivor without a history is a Receiver.
func TestNoHistory(t *testing.T) {
	s, err := New(receive.Config{ID: 5}, History{})
	if err != nil {
		t.Fatal(err)
	}
	s.Handle(0, rig.PublisherAddr, rig.Data(t, 1, 0))
	if s.Memory() != s.Receiver.Memory() {
		t.Errorf("%d bytes", s.Memory())
	}
	s.Handle(0, rig.SubscriberAddr, rig.Made(t, frame.Frame{Kind: frame.Nack, Session: 1,
		Subscriber: 6, Request: 1, Ranges: []nack.Range{{From: 0, To: 1}}}))
	if st := s.Stats(); st.Unexpected != 1 || s.Served() != (Served{}) {
		t.Errorf("%+v", st)
	}
	if _, err := New(receive.Config{ID: 5}, History{Bytes: 1000}); err == nil {
		t.Error("a history of 1000 bytes")
	}
}

// A Survivor keeps what it passed, and what waits can be had of it, too.
func TestKeepsWhatItPassed(t *testing.T) {
	s, err := New(receive.Config{ID: 5, Start: reliable.Latest}, History{Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{0, 1, 2, 4} {
		s.Handle(reliable.Time(seq), rig.PublisherAddr, rig.Data(t, 1, seq))
		for events := make([]reliable.Run, 8); s.Poll(events) > 0; {
		}
	}
	if s.Memory() == 0 || s.Stats().Memory != s.Memory() {
		t.Errorf("%d bytes, %d", s.Memory(), s.Stats().Memory)
	}
	held := s.kept.Absent(1, 0, nack.Range{From: 0, To: 6}, nil)
	if len(held) != 1 || held[0] != (nack.Range{From: 3, To: 6}) {
		t.Errorf("%v are absent", held)
	}
}

// A frame costs one copy, and no garbage once the memory is in use.
func TestKeepingAllocatesNothing(t *testing.T) {
	s, err := New(receive.Config{ID: 5, Runs: true}, History{Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	var dec frame.Decoder
	var f frame.Frame
	events := make([]reliable.Run, 64)
	next := uint64(0)
	var raws [][]byte
	for range 20000 {
		raws = append(raws, rig.Data(t, 1, next).Raw)
		next++
	}
	next = 0
	hear := func() {
		if dec.Decode(raws[next], &f) != nil {
			t.Fatal("a frame doesn't decode")
		}
		next++
		s.Handle(reliable.Time(next*1000), rig.PublisherAddr, &f)
		for s.PollMore(events) > 0 {
		}
	}
	for range 15000 {
		hear()
	}
	if n := testing.AllocsPerRun(4000, hear); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	if n := s.Served().History; n < 1<<19 {
		t.Errorf("%d bytes are kept", n)
	}
}
