package record

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// A recorder keeps the sessions of two publishers of one name, and tells that they fork and
// contest their stream.
func TestForksAndContestsAreTold(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	says := func(id uint64, title frame.Frame, first uint64) {
		title.Kind, title.Session, title.Name, title.Channels = frame.Session, id, []byte("x"), 1
		title.Time, title.FirstSeq, title.FirstOffset = uint64(d.now), first, first
		d.hears(rig.Made(t, title))
		d.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: id, Time: uint64(d.now) + 1,
			NextSeq: 10, NextOffset: 10, OldestSeq: first, OldestOffset: first}))
	}
	for range 4 {
		says(1, frame.Frame{Wall: 1}, 0)
		says(2, frame.Frame{Wall: 2, Prev: &frame.Link{Session: 1}}, 7)
		d.pass(time.Second)
	}
	forks, contests := 0, 0
	for _, e := range d.told {
		switch {
		case e.Kind == Forked && e.Key.Session == 2 && e.Other == 1 &&
			e.Offsets == nack.Range{From: 7, To: 10}:
			forks++
		case e.Kind == Contested && e.Key.Session == 2 && e.Other == 1:
			contests++
		}
	}
	if forks != 1 || contests != 1 {
		t.Errorf("%d forks, %d contests: %+v", forks, contests, d.told)
	}
}
