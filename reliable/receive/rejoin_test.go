package receive

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A recorder that comes back takes part for a session of its log only, and a stranger that tells of
// frames without measure doesn't have it say so too.
func TestRejoinsByForgedWords(t *testing.T) {
	for oldest, from := range map[uint64]uint64{20: 20, 1 << 60: 10, ^uint64(0) - 1: 10} {
		at := reliable.Position{Session: 1, Seq: 10, Offset: 10}
		b := newBand(t, 1, Config{Positions: []reliable.Position{at}})
		b.list[0].role = frame.Recorder
		l := b.list[0].listener
		l.now = 6e9
		for id := uint64(1); id <= 50; id++ {
			l.from(rig.Elsewhere[0], rig.Made(t, frame.Frame{Kind: frame.Digest, Session: id,
				Responder: 666, Time: 1, OldestSeq: oldest, OldestOffset: oldest,
				NextSeq: oldest + 1, NextOffset: oldest + 1,
				Digest: &frame.DigestBody{Role: frame.Peer, Version: 1,
					Position: oldest + 1, From: oldest, To: oldest + 1}}))
		}
		if n := len(l.table.list); n != 1 {
			t.Fatalf("it takes part in %d sessions", n)
		}
		l.pass(time.Minute, false)
		c := b.list[0].certificate()
		if c == nil || c.Frames.From != from || c.Frames.To > from+1 {
			t.Errorf("from %d: %+v", oldest, c)
		}
	}
}
