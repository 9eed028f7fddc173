package receive

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/inquest"
	"crier/reliable/rig"
)

// What is held is what was kept and what waits in the window; the position is the first number that
// is awaited yet.
func TestStock(t *testing.T) {
	b := newBand(t, 1, Config{})
	s := b.list[0]
	check := func(name string, want inquest.Own, absent ...nack.Range) {
		t.Helper()
		var own inquest.Own
		list := s.session0().own.stock(&own, nil)
		own.Position.Offset = want.Position.Offset
		if fmt.Sprint(own) != fmt.Sprint(want) || !slices.Equal(list, absent) {
			t.Errorf("%s: %+v lacks %v; want %+v lacks %v", name, own, list, want, absent)
		}
	}
	at := func(seq uint64) inquest.Place { return inquest.Place{Seq: seq, Offset: seq} }
	b.starts()
	check("nothing", inquest.Own{Position: at(0)})
	b.tells(b.heartbeat(4), 0)
	b.runs(time.Millisecond)
	check("nothing of four", inquest.Own{Oldest: at(4), Next: at(4), Position: at(0)})
	b.publishes(7, 8, 0)
	check("one behind a gap", inquest.Own{Next: at(8), Position: at(0)}, nack.Range{To: 7})
	b.publishes(0, 3, 0)
	b.publishes(5, 6, 0)
	check("more", inquest.Own{Next: at(8), Position: at(3)}, nack.Range{From: 3, To: 5},
		nack.Range{From: 6, To: 7})
	delete(s.kept[1], 0)
	delete(s.kept[1], 1)
	check("the first were overwritten", inquest.Own{Oldest: at(2), Next: at(8), Position: at(3)},
		nack.Range{From: 3, To: 5}, nack.Range{From: 6, To: 7})
	s.session0().own.asked.lose(6, 7, reliable.CauseLate)
	check("one was given up behind the position", inquest.Own{Oldest: at(2), Next: at(8),
		Position: at(3), Full: true}, nack.Range{From: 3, To: 5}, nack.Range{From: 6, To: 7})
	s.session0().own.asked.lose(3, 5, reliable.CauseLate)
	s.poll()
	check("all were", inquest.Own{Oldest: at(2), Next: at(8), Position: at(8)},
		nack.Range{From: 3, To: 5}, nack.Range{From: 6, To: 7})
	if raw := s.Sealed(1, 0, 7); raw != nil {
		t.Error("it is delivered")
	}
	b.publishes(9, 10, 0)
	if raw := s.Sealed(1, 0, 9); !bytes.Equal(raw, rig.Data(t, 1, 9).Raw) ||
		s.Sealed(1, 0, 8) != nil || s.Sealed(1, 1, 9) != nil || s.Sealed(2, 0, 9) != nil {
		t.Errorf("%x waits", raw)
	}
}

// A message whose rest nobody has heard is lost; one whose parts several survivors have comes
// whole.
func TestSpanningMessagesInAnInquest(t *testing.T) {
	b := newBand(t, 2, Config{})
	b.starts()
	message := bytes.Repeat([]byte("0123456789"), 60)
	var raws [][]byte
	var f frame.Builder
	for seq, rest, at := uint64(0), message, uint64(0); seq < 6; seq++ { // three messages in two each
		f.Open(make([]byte, 0, 500), 1, 0, seq, at, 1<<60)
		if seq%2 == 0 {
			rest = message[f.Start(message):]
		} else {
			f.Continue(rest)
			at++
		}
		raws = append(raws, slices.Clone(f.Seal(false)))
	}
	for seq, whom := range [][]int{{0, 1}, {0}, {1}, {0, 1}, {0}} { // nobody hears the last one
		b.tells(rig.Decoded(t, raws[seq]), whom...)
	}
	b.runs(2 * time.Millisecond)
	b.settles(5*time.Second, b.certified)
	for i, s := range b.list {
		st, list := s.session(1), s.events(reliable.Message)
		if st.Delivered != 2 || st.NextOffset != 3 || st.Lost != 1 || len(list) != 2 ||
			!bytes.Equal(list[1].Payload, message) {
			t.Errorf("%d: %+v", i, st)
		}
		c := s.certificate()
		if c.Frames.To != 5 || len(c.Nobody) != 0 || len(c.Lost) != 1 ||
			c.Lost[0] != (nack.Range{From: 2, To: 3}) {
			t.Errorf("%d: %+v", i, c)
		}
		if loss := s.events(reliable.Loss); len(loss) != 1 || loss[0].Cause != reliable.CauseNobody {
			t.Errorf("%d: %+v", i, loss)
		}
	}
}

// A recorder is a survivor whose tape takes what the inquest found, its holes and its end; what
// waits behind a hole serves others meanwhile.
func TestATapeInAnInquest(t *testing.T) {
	reel := &reel{t: t, sent: make(map[uint64][]byte)}
	b := newBand(t, 2, Config{})
	rec := b.list[1]
	rec.role = frame.Recorder
	rec.cfg.Tape = reel
	b.starts()
	b.publishes(0, 2, 0, 1)
	b.publishes(2, 3, 0)
	b.publishes(4, 5, 1) // nobody has 3
	b.settles(5*time.Second, b.certified)
	reel.has("0", "1", "2", "3 nobody has it", "4", "silent 5 5")
	if c := b.list[0].certificate(); c.Members[1].Role != frame.Recorder || c.LostMessages != 1 {
		t.Errorf("%+v", c)
	}
	if st := b.list[0].session(1); st.Delivered != 4 || st.Lost != 1 {
		t.Errorf("%+v", st)
	}
}
