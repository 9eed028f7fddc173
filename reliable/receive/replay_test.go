package receive

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// replayed returns the frames of a replay in the order of their coming: DATA is heard before
// SESSION is.
func replayed(t *testing.T) []*frame.Frame {
	b := frame.Builder{Always: frame.Replay}
	data := func(seq uint64) *frame.Frame {
		b.Open(make([]byte, 0, 300), 1, 0, seq, seq, 1<<60)
		b.Add([]byte("x"))
		return rig.Decoded(t, b.Seal(false))
	}
	word := func(f frame.Frame) *frame.Frame {
		f.Session, f.Flags, f.Time = 1, frame.Replay, 1<<60
		return rig.Made(t, f)
	}
	return []*frame.Frame{
		data(4),
		word(frame.Frame{Kind: frame.Heartbeat, NextSeq: 9, NextOffset: 9}),
		word(frame.Frame{Kind: frame.Session, Wall: 1e18, Channels: 1, Replay: 7}),
		data(8), data(9),
		word(frame.Frame{Kind: frame.Bye, NextSeq: 10, NextOffset: 10}),
	}
}

// A Receiver drops each frame of a replay, the first too, unless replays are asked for.
func TestReplaysAreNotFollowed(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	for i, f := range replayed(t) {
		l.hears(f)
		sent := l.pass(5*time.Second, false)
		if len(l.told) > 0 || sent > 0 || len(l.table.list) > 0 || l.mem.used > 0 {
			t.Fatalf("after %v: told %v, %d sessions, %d bytes, %d datagrams sent", f,
				rig.Kinds(l.told), len(l.table.list), l.mem.used, sent)
		}
		if n := l.Stats().Replays; n != uint64(i+1) {
			t.Fatalf("after %v: %d frames are counted", f, n)
		}
	}
	l.hears(rig.Data(t, 2, 0)) // a live session
	if kinds := rig.Kinds(l.told); kinds[reliable.Message] != 1 {
		t.Errorf("of a live session beside it %v is told", kinds)
	}
}

// A Receiver that is asked to follow replays takes one like any session.
func TestReplaysAreFollowed(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9, Logs: Logs{Replays: true}})
	for _, f := range replayed(t) {
		l.hears(f)
	}
	l.pass(5*time.Second, false)
	kinds := rig.Kinds(l.told)
	if kinds[reliable.Message] != 3 || kinds[reliable.Loss] != 1 ||
		kinds[reliable.SessionEnded] != 1 || l.Stats().Replays != 0 {
		t.Errorf("told %v", kinds)
	}
}
