package record

import (
	"math"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// Frames with the last numbers there are can be recorded and read, and keep no others from the
// log.
func TestFramesAtTheEndOfAllNumbers(t *testing.T) {
	for _, first := range []uint64{math.MaxUint64 - 1, math.MaxUint64 - 300} {
		d := begun(t, Config{}, journal.Config{})
		d.plays(1, 0, 10, 100)
		d.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 2, Time: 1,
			Interval: 100 * time.Millisecond, OldestSeq: first,
			NextSeq: first, NextOffset: 0}))
		for seq := first; seq < math.MaxUint64; seq++ {
			var b frame.Builder
			b.Open(make([]byte, 0, 200), 2, 0, seq, seq-first, 1)
			b.Add(make([]byte, 100))
			d.hears(rig.Decoded(t, b.Seal(false)))
		}
		d.pass(time.Second)
		d.plays(1, 10, 20, 100)
		d.pass(3 * time.Second)
		d.has(20, 0)
		span := nack.Range{From: first, To: math.MaxUint64}
		if got := d.frames(2, span); uint64(len(got)) != span.Len() || d.Stats().Failures > 0 {
			t.Errorf("%d frames of %d are in the log; %+v", len(got), span.Len(), d.Stats())
		}
	}
}
