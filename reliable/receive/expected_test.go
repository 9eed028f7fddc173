package receive

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// beat is a HEARTBEAT of session 1, which holds [oldest, next).
func beat(t testing.TB, now reliable.Time, oldest, next uint64) *frame.Frame {
	return rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1<<60 + uint64(now),
		OldestSeq: oldest, OldestOffset: oldest, NextSeq: next, NextOffset: next})
}

// A consumer goes on where it was: what its publisher doesn't hold any more isn't lost before
// holders had time to answer.
func TestAConsumerGoesOnBeforeAHolderIsKnown(t *testing.T) {
	for _, known := range []bool{true, false} {
		l := newListener(t, Config{Joined: 5e9, Logs: Logs{Ask: true},
			Positions: []reliable.Position{{Session: 1, Seq: 1, Offset: 1}}})
		l.hears(beat(t, l.now, 1, 5))
		l.hears(beat(t, l.now+1e6, 5, 6)) // it has moved on
		l.hears(rig.Data(t, 1, 5))
		l.pass(100*time.Millisecond, false)
		if st := l.session(1); st.Lost != 0 || st.Gaps == 0 || st.FirstOffset != 1 {
			t.Fatalf("%+v", st)
		}
		if !known {
			l.pass(600*time.Millisecond, false)
			if st := l.session(1); st.Lost != 4 || st.Losses != 1 || st.Delivered != 1 || st.Gaps != 0 {
				t.Errorf("no holder answered: %+v", st)
			}
			continue
		}
		l.tells(firstHolder, digest(t, firstHolder, 1, 0, 6, frame.Live))
		n := l.asks(firstHolder, 50*time.Millisecond)
		for _, f := range l.repairs(firstHolder.ID, n.Request) {
			l.from(firstHolder.Addr, f)
		}
		l.pass(time.Second, false)
		if st := l.session(1); st.Lost != 0 || st.Delivered != 5 ||
			len(l.table.list[0].own.asked.list) != 3 {
			t.Errorf("%+v", st)
		}
	}
}
