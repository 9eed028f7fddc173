package receive

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A publisher, or a liar in its place, tells of frames without measure, of which a holder has
// none: they are given up at once, not window by window.
func TestFramesWithoutMeasure(t *testing.T) {
	const end = ^uint64(0) - 5
	for name, oldest := range map[string]uint64{"denied": end, "unanswered": 0} {
		t.Run(name, func(t *testing.T) {
			l := newListener(t, Config{Joined: 5e9, Start: reliable.Oldest})
			l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1 << 60,
				NextSeq: end, NextOffset: end, Interval: 100 * time.Millisecond}))
			l.hears(rig.Data(t, 1, 0))
			l.from(firstHolder.Addr, rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1,
				Responder: firstHolder.ID, NextSeq: 1, NextOffset: 1,
				Digest: &frame.DigestBody{Role: frame.Recorder, Version: 1, Position: 1, To: 1}}))
			l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1 << 60,
				OldestSeq: oldest, OldestOffset: oldest, NextSeq: end, NextOffset: end,
				Interval: 100 * time.Millisecond}))
			l.pass(time.Minute, false)
			st := l.session(1)
			if st.Lost != end-1 || rig.Kinds(l.told)[reliable.SessionSilent] != 1 {
				t.Errorf("%+v: %d lost, told %v", st, st.Lost, rig.Kinds(l.told))
			}
		})
	}
}
