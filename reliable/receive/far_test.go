package receive

import (
	"fmt"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A publisher, or a liar in its place, tells of frames without measure, of which a holder has
// none: they are given up at once, not window by window, and not block by block.
func TestFramesWithoutMeasure(t *testing.T) {
	for i := range 8 {
		inquest, end := i&1 != 0, ^uint64(0)-uint64(i&2*3)
		oldest := uint64(0)
		if i&4 != 0 {
			oldest = end
		}
		t.Run(fmt.Sprintf("inquest %v, [%d, %d)", inquest, oldest, end), func(t *testing.T) {
			l := newBand(t, 1, Config{Start: reliable.Oldest}).list[0].listener
			l.cfg.Inquest = inquest
			beat := func(oldest uint64) {
				l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1 << 60,
					OldestSeq: oldest, OldestOffset: oldest, NextSeq: end, NextOffset: end,
					Interval: 100 * time.Millisecond}))
			}
			beat(0)
			l.hears(rig.Data(t, 1, 0))
			l.tells(firstHolder, digest(t, firstHolder, 1, 0, 1, 0))
			beat(oldest)
			l.pass(time.Minute, false)
			st, silent := l.session(1), rig.Kinds(l.told)[reliable.SessionSilent]
			if st.Delivered != 1 || st.Lost != end-1 || silent != 1 {
				t.Errorf("%d lost, told %v", st.Lost, rig.Kinds(l.told))
			}
		})
	}
}
