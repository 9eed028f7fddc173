package receive

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// BYE says where a session ends. What comes from beyond that, in whatever frame, is not
// delivered, not waited for, and moves no end; what is missing below is still taken.
func TestNothingIsBeyondTheEnd(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	l.hears(rig.Beat(t, 1, 0))
	l.hears(rig.Data(t, 1, 0))
	l.hears(rig.Data(t, 1, 2))
	bye := frame.Frame{Kind: frame.Bye, Session: 1, Time: 1 << 60, NextSeq: 3, NextOffset: 3}
	l.hears(rig.Made(t, bye))
	beyond := bye
	beyond.NextSeq, beyond.NextOffset = 9, 9
	for _, f := range []*frame.Frame{rig.Data(t, 1, 3), rig.Data(t, 1, 5), rig.Beat(t, 1, 9),
		rig.Made(t, beyond), rig.Made(t, bye)} {
		l.hears(f)
		if st := l.Sessions()[0]; st.NextOffset != 3 || st.Gaps != 1 || st.Buffered != 1 {
			t.Errorf("after %v: %+v", f, st)
		}
	}
	l.told = nil
	l.hears(rig.Data(t, 1, 1))
	if len(l.told) != 3 || l.told[0].Offset != 1 || l.told[1].Offset != 2 ||
		l.told[2].Kind != reliable.SessionEnded ||
		l.told[2].Cause != reliable.CauseEnded {
		t.Errorf("told %+v", l.told)
	}
	l.hears(rig.Data(t, 1, 3))
	if st := l.Sessions()[0]; st.Delivered != 3 || st.Lost != 0 || st.End != reliable.EndBye ||
		st.Late != 3 || len(l.told) != 3 {
		t.Errorf("%+v", st)
	}
}

// A publisher that has ended and still repairs is no reason to give up a start in the past: what
// it holds is delivered, though holders are asked first.
func TestByeWhileTheStartIsLookedFor(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9, Start: reliable.Oldest,
		Logs: Logs{Ask: true}})
	bye := frame.Frame{Kind: frame.Bye, Session: 1, Time: 9e9, NextSeq: 3, NextOffset: 3,
		Interval: 1e8}
	for range 20 {
		bye.Time += 1e8
		l.hears(rig.Made(t, bye))
		l.pass(100*time.Millisecond, false)
		for seq := range uint64(3) {
			if len(l.told) > 0 {
				l.hears(rig.Data(t, 1, seq))
			}
		}
	}
	if st := l.Sessions()[0]; st.Delivered != 3 || st.End != reliable.EndBye {
		t.Errorf("%+v, told %+v", st, l.told)
	}
}

// A session that was over before this subscriber began to listen stays so, though a BYE of it
// waits while the process stands still, and comes late.
func TestByeThatWaits(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	bye := frame.Frame{Kind: frame.Bye, Session: 1, NextSeq: 3, NextOffset: 3, Interval: 1e8}
	bye.Time = uint64(l.now.Sub(5e9)) + 1e8
	l.hears(rig.Made(t, bye))
	l.pass(time.Second, false)
	for range 20 { // it looks younger than this subscriber now
		l.hears(rig.Made(t, bye))
		l.pass(100*time.Millisecond, false)
	}
	if n := len(l.Sessions()); n != 0 || len(l.told) > 0 || l.Stats().Unexpected != 21 {
		t.Errorf("%d sessions, told %+v, %d unexpected", n, l.told, l.Stats().Unexpected)
	}
	bye.Session = 2 // this one did begin later
	l.hears(rig.Made(t, bye))
	if n := l.Stats().Unexpected; n != 21 {
		t.Errorf("%d unexpected", n)
	}
}

// BYE of a partition that is over tells that the publisher lives, while that of another is missing.
func TestByeOfOthersIsNoSilence(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9, Topics: []Topic{{Name: "orders"}}})
	says := func(kind frame.Kind, channel uint32) {
		l.hears(rig.Made(t, frame.Frame{Kind: kind, Session: 1, Channel: channel,
			Time: 1<<60 + uint64(l.now), NextSeq: 3, NextOffset: 3, Interval: 1e8}))
	}
	l.hears(sessionOf(t, 1, 0, "orders", layout(2, 1)))
	says(frame.Heartbeat, 0)
	says(frame.Heartbeat, 1)
	says(frame.Bye, 1)
	for i := range 30 {
		if l.pass(100*time.Millisecond, false); i == 15 {
			says(frame.Bye, 1)
		}
		if n := len(l.told); n != 3 || l.told[2].Kind != reliable.SessionEnded {
			t.Fatalf("after %d ms, told %+v", 100*i, l.told)
		}
	}
	l.pass(time.Second, false)
	if n := len(l.told); n != 4 || l.told[3].Kind != reliable.SessionSilent {
		t.Errorf("at last %+v is told", l.told)
	}
}
