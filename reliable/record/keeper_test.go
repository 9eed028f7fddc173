package record

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
	"crier/reliable/store"
)

// What waits behind a gap is served. What is missing is denied once the publisher is gone: while
// that is heard, it may come.
func TestWhatWaitsBehindAGapIsServed(t *testing.T) {
	d := newDeck(t, Config{NoInquest: true}, journal.Config{})
	d.hears(title(t, 1, "news"))
	d.hears(beat(t, 1, 0, 0))
	d.plays(1, 0, 10, 100)
	d.plays(1, 20, 30, 100)
	other := netip.MustParseAddrPort("10.77.3.1:7300")
	ask := func() (repaired, denied []letter) {
		d.pass(time.Second)
		d.sent = nil
		d.asks(9, 1, rig.SubscriberAddr, nack.Range{From: 12, To: 25})
		d.pass(100 * time.Millisecond)
		for _, l := range d.sent {
			switch l.Kind {
			case frame.Repair:
				repaired = append(repaired, l)
			case frame.Gone:
				denied = append(denied, l)
			}
		}
		return repaired, denied
	}
	if repaired, denied := ask(); len(repaired) != 5 || len(denied) != 0 {
		t.Errorf("while the publisher is heard: repairs %v, denials %v", repaired, denied)
	}
	d.from(other, rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1, Responder: 5,
		Flags: frame.Final, NextSeq: 30, NextOffset: 30, Digest: &frame.DigestBody{
			Role: frame.Recorder, Version: 1, Position: 30, To: 30}}))
	d.pass(time.Second)
	if e, _ := d.receiver.Extent(1, 0); e.Lives || e.Gaps == 0 {
		t.Fatalf("nothing is waited for: %+v", e)
	}
	repaired, denied := ask()
	if len(repaired) != 5 || len(denied) != 1 {
		t.Fatalf("repairs %v, denials %v", repaired, denied)
	}
	for i, l := range repaired {
		if inner := rig.Decoded(t, l.Inner); inner.Seq != uint64(20+i) ||
			string(inner.Raw) != string(d.sealed[inner.Seq]) {
			t.Errorf("repairs %v", inner)
		}
	}
	if want := []nack.Range{{From: 12, To: 20}}; !reflect.DeepEqual(denied[0].Ranges, want) {
		t.Errorf("denies %v", denied[0])
	}
}

// A recorder tells in an inquest what its tapes have, and nothing that it doesn't know any more.
func TestKeeper(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	k := keeper{d.Recorder}
	absent := func(from, to uint64) []nack.Range {
		return k.Absent(1, 0, nack.Range{From: from, To: to}, nil)
	}
	all := []nack.Range{{From: 3, To: 9}}
	if _, _, ok := k.Oldest(1, 0); ok || !reflect.DeepEqual(absent(3, 9), all) {
		t.Errorf("it has %v of a session that it never heard", absent(3, 9))
	}
	tape := d.tape(journal.Key{Session: 1})
	for seq := uint64(5); seq < 30; seq++ {
		if seq == 10 || seq == 20 {
			tape.hole(d.now, nack.Range{From: seq, To: seq + 5}, reliable.CauseGone)
			seq += 5
		}
		tape.frame(d.now, data(t, 1, seq, 100))
	}
	for _, c := range []struct {
		from, to uint64
		want     []nack.Range
	}{
		{0, 40, []nack.Range{{To: 5}, {From: 10, To: 15}, {From: 20, To: 25}, {From: 30, To: 40}}},
		{5, 30, []nack.Range{{From: 10, To: 15}, {From: 20, To: 25}}},
		{12, 22, []nack.Range{{From: 12, To: 15}, {From: 20, To: 22}}},
		{15, 20, nil},
		{35, 36, []nack.Range{{From: 35, To: 36}}},
		{1, 3, []nack.Range{{From: 1, To: 3}}},
	} {
		if got := absent(c.from, c.to); !reflect.DeepEqual(got, c.want) {
			t.Errorf("of %d to %d it lacks %v, want %v", c.from, c.to, got, c.want)
		}
	}
	if seq, offset, ok := k.Oldest(1, 0); seq != 5 || offset != 5 || !ok {
		t.Errorf("it begins at %d/%d", seq, offset)
	}

	// What comes late has no place in the log, and is kept for others.
	k.Keep(1, 0, data(t, 1, 12, 100))
	k.Keep(1, 0, data(t, 1, 16, 100)) // which is on the tape
	if got := absent(10, 20); !reflect.DeepEqual(got,
		[]nack.Range{{From: 10, To: 12}, {From: 13, To: 15}}) {
		t.Errorf("after one that was late it lacks %v", got)
	}
	if _, _, kept := d.late.Oldest(1, 0); !kept || tape.shelf.Look(12) != store.InMemory ||
		tape.shelf.Look(11) != store.Absent || d.late.History(1, 0).Look(16) != store.Absent {
		t.Error("it isn't kept for others")
	}
	k.Forget(1, 0)
	if got := absent(10, 20); !reflect.DeepEqual(got, []nack.Range{{From: 10, To: 15}}) {
		t.Errorf("after all it lacks %v", got)
	}

	// Of more holes than it remembers it tells from the first one on that it does.
	for seq := uint64(100); seq < 100+4*journal.MaxHoles; seq += 2 {
		tape.hole(d.now, nack.Range{From: seq - 1, To: seq}, reliable.CauseGone)
		tape.frame(d.now, data(t, 1, seq, 100))
	}
	seq, _, _ := k.Oldest(1, 0)
	if got := absent(0, seq); seq < 100 || !reflect.DeepEqual(got, []nack.Range{{To: seq}}) {
		t.Errorf("it begins at %d, and lacks %v before", seq, got)
	}
	if got := absent(seq, tape.next.Seq); len(got) != journal.MaxHoles {
		t.Errorf("it lacks %d ranges", len(got))
	}
	d.pass(10 * time.Millisecond)
	for _, l := range d.kinds(frame.Digest) {
		if l.Digest.From != seq {
			t.Errorf("%v tells from %d on", l, l.Digest.From)
		}
	}
}
