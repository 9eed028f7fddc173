package receive

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/inquest"
	"crier/reliable/rig"
)

// A flood of DIGESTs in an inquest, of many ids at many addresses whose claims differ from frame to
// frame, has a survivor look for whom to ask as often as there is time for.
func TestAFloodOfClaims(t *testing.T) {
	b := newBand(t, 1, Config{})
	b.starts()
	b.publishes(0, 10, 0)
	b.publishes(20, 21, 0)
	l := b.list[0].listener
	l.now = b.now
	l.pass(2500*time.Millisecond, false)
	a := l.table.list[0].own.aftermath
	if a == nil {
		t.Fatal("no inquest")
	}
	looks, from, last := 0, l.now, reliable.Time(0)
	for i := uint64(0); i < 10_000; i++ {
		var lacks []nack.Range
		for at := i % 40; at < 2960; at += 50 {
			lacks = append(lacks, nack.Range{From: at, To: at + 1 + i%7})
		}
		l.Handle(l.now, addressOf(i%200), rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1,
			Responder: 1000 + i%2000, Time: i, NextSeq: 4000, NextOffset: 4000, Ranges: lacks,
			Digest: &frame.DigestBody{Role: frame.Peer, Version: i + 1, Position: i % 20, To: 4000,
				Proposal: i}}))
		if i%100 == 0 { // 100,000 a second
			l.now += reliable.Time(time.Millisecond)
			l.Advance(l.now)
			if a.asked != last {
				looks, last = looks+a.looks, a.asked
			}
			for d, ok := l.Next(l.now); ok; d, ok = l.Next(l.now) {
				l.Sent(d)
			}
			l.poll()
		}
	}
	most := int(l.now.Sub(from)/lookCost) + 2*maxLooks*inquest.MaxMembers
	if t.Logf("%d looks, at most %d", looks, most); looks == 0 || looks > most {
		t.Errorf("it looked %d times", looks)
	}
}
