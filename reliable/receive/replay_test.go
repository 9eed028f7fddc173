package receive

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A session that repeats another isn't followed, unless it is wished.
func TestReplaysAreNotFollowed(t *testing.T) {
	title := func(replay uint64) *frame.Frame {
		return rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1, Time: 1e6, Wall: 1e18,
			Channels: 1, Replay: replay})
	}
	for _, c := range []struct {
		replay    uint64
		follows   bool
		delivered int
	}{{0, false, 2}, {7, false, 0}, {7, true, 2}} {
		l := newListener(t, Config{Logs: Logs{Replays: c.follows}})
		for range 2 {
			l.hears(title(c.replay))
			l.hears(rig.Data(t, 1, 0))
			l.hears(rig.Data(t, 1, 1))
			l.pass(time.Second, false)
		}
		if n := rig.Kinds(l.told)[reliable.Message]; n != c.delivered || c.delivered == 0 &&
			len(l.told) > 0 {
			t.Errorf("%+v: %d messages, %v", c, n, rig.Kinds(l.told))
		}
	}
	l := newListener(t, Config{Joined: 5e9})
	l.hears(rig.Data(t, 1, 4)) // it is joined before that is known
	l.hears(title(7))
	l.hears(rig.Data(t, 1, 5))
	l.pass(5*time.Second, false)
	kinds := rig.Kinds(l.told)
	if kinds[reliable.Message] != 1 || kinds[reliable.SessionEnded] != 1 ||
		kinds[reliable.SessionSilent] != 0 {
		t.Errorf("told %v", kinds)
	}
}
