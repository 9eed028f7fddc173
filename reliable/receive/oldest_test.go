package receive

import (
	"testing"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A publisher says in each HEARTBEAT what it holds: what is older and missing is lost at
// once, by name, and isn't asked for any more. What it still holds goes on being asked for.
func TestHeartbeatTellsWhatIsGone(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	l.hears(rig.Beat(t, 1, 0))
	l.hears(rig.Data(t, 1, 0))
	l.hears(rig.Data(t, 1, 6))
	oldest := func(seq uint64) {
		l.told = nil
		l.hears(rig.Made(t, frame.Frame{
			Kind: frame.Heartbeat, Session: 1, Time: 1 << 60, NextSeq: 7, NextOffset: 7,
			OldestSeq: seq, OldestOffset: seq,
		}))
	}
	oldest(1)
	if st := l.Sessions()[0]; st.Gaps != 1 || len(l.told) != 0 {
		t.Fatalf("all is held, and %+v was told: %+v", l.told, st)
	}
	oldest(4)
	l.hears(rig.Data(t, 1, 4))
	if len(l.told) != 2 || l.told[0].Kind != reliable.Loss ||
		l.told[0].Cause != reliable.CauseGone ||
		l.told[0].Lost != (nack.Range{From: 1, To: 4}) || l.told[1].Offset != 4 {
		t.Fatalf("1 to 3 are no longer held, and it was told %+v", l.told)
	}
	oldest(6)
	if len(l.told) != 2 || l.told[0].Kind != reliable.Loss ||
		l.told[0].Cause != reliable.CauseGone ||
		l.told[0].Lost != (nack.Range{From: 5, To: 6}) || l.told[1].Offset != 6 {
		t.Fatalf("nor is 5, and it was told %+v", l.told)
	}
	if st := l.Sessions()[0]; st.Gaps != 0 || st.Lost != 4 || st.Lag != 0 {
		t.Errorf("%+v", st)
	}
}
