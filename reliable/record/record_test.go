package record

import (
	"bytes"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// What is heard is in the log, byte for byte, and repeated from memory and from the disk.
func TestRecorderWritesAndServes(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	d.hears(title(t, 1, "news"))
	d.hears(beat(t, 1, 0, 0))
	sealed := make(map[uint64][]byte)
	for seq := range uint64(1000) {
		f := data(t, 1, seq, 100)
		sealed[seq] = f.Raw
		d.hears(f)
	}
	d.pass(2 * time.Millisecond)
	for seq, f := range d.frames(1, nack.Range{To: 1000}) {
		if !bytes.Equal(f, sealed[seq]) {
			t.Fatalf("frame %d: %x, want %x", seq, f, sealed[seq])
		}
		delete(sealed, seq)
	}
	if len(sealed) != 0 {
		t.Errorf("%d frames aren't in the log", len(sealed))
	}
	s := d.Sessions()[0]
	if s.Written.Seq != 1000 || s.Title.Publisher != "news" || !s.Live {
		t.Errorf("%+v", s)
	}
	d.sent = nil
	d.asks(9, 1, rig.SubscriberAddr, nack.Range{From: 3, To: 10})
	if n := len(d.kinds(frame.Repair)); n != 7 {
		t.Errorf("%d repairs", n)
	}

	// Another recorder on the same log.
	if err := d.log.Close(); err != nil {
		t.Fatal(err)
	}
	d.now += 1e9
	d.open()
	d.pass(time.Second)
	d.asks(9, 1, rig.SubscriberAddr, nack.Range{From: 3, To: 800})
	d.pass(time.Second)
	if n := len(d.kinds(frame.Repair)); n != 797 {
		t.Errorf("%d repairs", n)
	}
}
