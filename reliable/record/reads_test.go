package record

import (
	"bytes"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

// Reads that are out together have memory of their own, also where all of it was used before: each
// repair is the frame that was sealed.
func TestReadsHaveMemoryOfTheirOwn(t *testing.T) {
	const frames = 8000
	d := newDeck(t, Config{Tail: minTail}, journal.Config{})
	d.hears(beat(t, 1, 0, 0))
	for seq := range uint64(frames) {
		d.hears(data(t, 1, seq, 600))
		d.pass(100 * time.Microsecond)
	}
	d.cfg.ServeOnly = true
	d.pass(time.Second)
	d.open()
	d.sent, d.ahead = nil, true
	got := make(map[uint64]bool)
	for from := uint64(0); from < frames; from += 2000 {
		d.asks(9, 1, subscriberAddr, nack.Range{From: from, To: from + 2000})
		d.pass(time.Second)
		for _, l := range d.kinds(frame.Repair) {
			var inner frame.Frame
			if err := new(frame.Decoder).Decode(l.Inner, &inner); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(l.Inner, data(t, 1, inner.Seq, 600).Raw) {
				t.Fatalf("in place of frame %d something else was repeated", inner.Seq)
			}
			got[inner.Seq] = true
		}
	}
	if len(got) != frames {
		t.Errorf("%d of %d frames were repeated", len(got), frames)
	}
}
