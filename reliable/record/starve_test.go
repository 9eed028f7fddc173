package record

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/repair"
	"crier/reliable/rig"
)

// What one host achieves that asks a recorder for everything: it keeps no other from its answer.

var greedy = netip.MustParseAddrPort("10.66.6.6:5000")

func TestOneAskerOfEverythingStarvesNoQuestion(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.plays(1, 0, 3000, 1000)
	d.pass(time.Second)
	for i := range 1000 {
		for port := range uint16(100) {
			d.find(netip.AddrPortFrom(greedy.Addr(), port), 1, frame.FindTime, uint64(i), "")
		}
		if i == 500 {
			d.sent = nil
			d.find(subscriberAddr, 1, frame.FindOffset, 10, "")
		}
		d.pass(time.Millisecond)
	}
	honest := 0
	for _, l := range d.kinds(frame.Digest) {
		if l.to == subscriberAddr {
			honest++
		}
	}
	if st := d.Stats(); honest != 1 || st.Unanswered < 50_000 {
		t.Errorf("%d answers to another; %+v", honest, st)
	}
}

func TestOneAskerOfEverythingLeavesOthersServed(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	const sessions = repair.MaxServed + 10
	for id := uint64(1); id <= sessions; id++ {
		d.hears(beat(t, id, 0, 0))
		d.hears(data(t, id, 0, 10))
	}
	d.pass(10 * time.Millisecond)
	for round := range 30 {
		for id := uint64(1); id < sessions; id++ {
			d.asks(9, id, greedy, nack.Range{From: 0, To: 1})
		}
		if round == 20 {
			d.sent = nil
			d.asks(3, sessions, subscriberAddr, nack.Range{From: 0, To: 1})
		}
		d.pass(100 * time.Millisecond)
	}
	honest := 0
	for _, l := range d.kinds(frame.Repair) {
		if l.Session == sessions {
			honest++
		}
	}
	if honest != 1 || d.serving() != repair.MaxServed {
		t.Errorf("%d repairs for another, %d are served", honest, d.serving())
	}
}

// Of thousands of sessions that were made up, a recorder looks through so many in a second,
// whatever it is asked, and so often for who has its turn.
func TestFindsLookAtSoManySessions(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{Fsync: journal.Fsync{Mode: journal.FsyncNone}})
	for id := uint64(1); id <= 400; id++ {
		d.hears(beat(t, id, 0, 0))
		d.hears(data(t, id, 0, 10))
		d.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: id, Time: 1 << 60, NextSeq: 1,
			NextOffset: 1}))
	}
	d.pass(time.Second)
	if n := len(d.list); n < 300 {
		t.Fatalf("%d tapes", n)
	}
	before, asked := d.Stats().Unanswered, uint64(0)
	for range 100 {
		for range 100 {
			asked++
			d.find(greedy, 0, frame.FindStreams, 0, "nobody")
		}
		d.now = d.now.Add(time.Millisecond)
	}
	looked := (asked - (d.Stats().Unanswered - before)) * uint64(len(d.list))
	if most := uint64(lookRate/10 + lookBurst + 3*len(d.list)); looked > most {
		t.Errorf("%d sessions were looked at in 0.1 s, %d at most", looked, most)
	}
}
