package send

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A refused frame has left once it is repeated; a refused BYE was not sent.
func TestKernelRefusals(t *testing.T) {
	p := newPaced(t, Config{})
	refuse := true
	sends := func() {
		for b, ok := p.Next(p.now); ok; b, ok = p.Next(p.now) {
			if refuse {
				b.Refused, b.RefusedBytes = uint64(b.Datagrams()), uint64(len(b.Data))
			}
			p.Sent(b)
		}
	}
	for range 10 {
		if _, err := p.Publish(p.now, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
	}
	sends()
	p.now = p.now.Add(time.Millisecond)
	if n := p.Stats().NeverLeft; n != 10 {
		t.Fatalf("%d frames never left, want 10", n)
	}
	first := p.store.Sent() - 10
	asks := func() {
		p.Handle(p.now, rig.SubscriberAddr, rig.Made(t, frame.Frame{
			Kind: frame.Nack, Session: 0xabc, Subscriber: 5, Request: 1, Echo: p.clock.wire(p.now),
			Ranges: []nack.Range{{From: first, To: first + 4}},
		}))
	}
	asks()
	if n := p.Owed(); n != 4 {
		t.Errorf("%d repairs are owed, want 4", n)
	}
	sends()
	if n := p.Stats().NeverLeft; n != 10 {
		t.Errorf("%d frames never left, after their repairs were refused too", n)
	}
	repaired := func() uint64 { return p.Sender.Members()[0].Repaired }
	if n := p.Stats().Refused; n != 14 {
		t.Errorf("%d frames were refused, want 10 and 4 repairs: heartbeats have none", n)
	}
	if n := repaired(); n != 0 {
		t.Errorf("%d frames were repaired for the subscriber, though the kernel refused them", n)
	}
	refuse, p.now = false, p.now.Add(time.Second)
	asks()
	sends()
	if n := p.Stats().NeverLeft; n != 6 || p.Owed() != 0 {
		t.Errorf("%d frames never left, want 6; %d repairs are owed", n, p.Owed())
	}
	if n := repaired(); n != 4 {
		t.Errorf("%d frames were repaired for the subscriber, want 4", n)
	}
	refuse = true
	p.Close(p.now)
	sends()
	if p.Stats().EndLeft {
		t.Error("a refused BYE counts as said")
	}
	refuse, p.now = false, p.now.Add(10*time.Millisecond)
	if sends(); !p.Stats().EndLeft {
		t.Error("BYE was said")
	}
}

// However many batches in a row the kernel refused, as while a link was down, they have
// left once they are repeated, in whatever order.
func TestALongRefusalIsMadeUpFor(t *testing.T) {
	var u unsent
	const n = 3 * maxUnsent
	for seq := range uint64(n) {
		u.note(&outgoing{Batch: reliable.Batch{Refused: 1}, frames: 1}, seq, nil)
	}
	if u.frames != n || len(u.runs) != 1 {
		t.Fatalf("%d frames never left, in %d runs; want %d in one", u.frames, len(u.runs), n)
	}
	for seq := uint64(100); seq < 200; seq++ {
		u.repeated(seq)
	}
	u.note(&outgoing{Batch: reliable.Batch{Refused: 2}, frames: 2}, n, nil)
	if u.frames != n-98 || len(u.runs) != 2 {
		t.Errorf("%d frames never left, in %d runs; want %d in 2", u.frames, len(u.runs), n-98)
	}
	for seq := range uint64(n + 2) {
		u.repeated(seq)
	}
	if u.frames != 0 || len(u.runs) != 0 {
		t.Errorf("%d frames never left, in %d runs, after all were repeated", u.frames, len(u.runs))
	}
}
