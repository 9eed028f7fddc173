package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// answers are one of each kind to the first request of a listener that misses [1, 5) of
// session 1.
func answers(t *testing.T, responder uint64) map[frame.Kind]*frame.Frame {
	missing := []nack.Range{{From: 1, To: 5}}
	raw := new(frame.Encoder).AppendRepair(nil, 1, 0, responder, 1<<32|1, rig.Data(t, 1, 1).Raw)
	return map[frame.Kind]*frame.Frame{
		frame.Repair: rig.Decoded(t, raw),
		frame.Gone: rig.Made(t, frame.Frame{
			Kind: frame.Gone, Session: 1, Responder: responder, Request: 1<<32 | 1, Time: 1<<60 + 1,
			OldestSeq: 5, OldestOffset: 5, Ranges: missing,
		}),
		frame.Confirm: rig.Made(t, frame.Frame{
			Kind: frame.Confirm, Session: 1, Responder: responder, Time: 1<<60 + 1, Ranges: missing,
		}),
	}
}

// gapped is a listener that misses [1, 5) of session 1, and has asked for it.
func gapped(t *testing.T, cfg Config) *listener {
	cfg.Joined = 5e9
	l := newListener(t, cfg)
	l.hears(rig.Beat(t, 1, 0))
	l.hears(rig.Data(t, 1, 0))
	l.hears(rig.Data(t, 1, 5))
	l.pass(12*time.Millisecond, false) // it asks again after 15 ms and more
	if st := l.session(1); st.Nacks != 1 || st.Gaps != 1 {
		t.Fatalf("%+v", st)
	}
	return l
}

// asksAgain lets time pass until what is missing is asked for again, a second at most, and
// returns how long that took.
func asksAgain(l *listener) (took time.Duration) {
	before := l.session(1).Nacks
	for ; l.session(1).Nacks == before && took < time.Second; took += time.Millisecond {
		l.pass(time.Millisecond, false)
	}
	return took
}

// An answer counts from the publisher's source and control addresses, and from nobody
// else: there it changes nothing, neither what is missing nor when it is asked for again,
// and speaks for nobody.
func TestAnswersAreThePublishers(t *testing.T) {
	control := netip.MustParseAddrPort("10.77.0.1:7000")
	port := netip.AddrPortFrom(rig.PublisherAddr.Addr(), 1)
	all := []frame.Kind{frame.Repair, frame.Gone, frame.Confirm}
	unanswered := asksAgain(gapped(t, Config{}))
	for _, c := range []struct {
		name      string
		from      netip.AddrPort
		responder uint64
		kinds     []frame.Kind
		counts    bool
	}{
		{"the source", rig.PublisherAddr, 1, all, true},
		{"the control address", control, 1, all, true},
		{"a stranger", rig.Elsewhere[0], 1, all, false},
		{"a stranger as itself", rig.Elsewhere[0], 9, all, false},
		{"another port of the source's", port, 1, all, false},
		{"the source, for somebody else", rig.PublisherAddr, 9, all[1:], false},
	} {
		for _, kind := range c.kinds {
			l := gapped(t, Config{})
			l.hears(rig.Made(t, frame.Frame{
				Kind: frame.Session, Session: 1, Time: 1 << 60, Control: control, Channels: 1,
			}))
			before, to := l.session(1), l.table.list[0].to()
			l.from(c.from, answers(t, c.responder)[kind])
			after := l.session(1)
			refused := l.Stats().Foreign + l.Stats().Unexpected + l.Stats().Aside
			counts := after != before || asksAgain(l) != unanswered
			if counts != c.counts || (refused == 1) == c.counts {
				t.Errorf("%v from %s: counts %v, %d refused:\n%+v\n%+v", kind, c.name, counts,
					refused, before, after)
			}
			if now := l.table.list[0].to(); now != to && !(c.counts && c.from == control) {
				t.Errorf("%v from %s: requests go to %v, not %v", kind, c.name, now, to)
			}
		}
	}
}

// A stranger's answers keep no session alive, resume none, and begin none.
func TestAnswersOfAStrangerSayNothingOfThePublisher(t *testing.T) {
	l := gapped(t, Config{})
	for range 40 {
		l.pass(100*time.Millisecond, false)
		for _, f := range answers(t, 1) {
			l.from(rig.Elsewhere[0], f)
		}
	}
	if st := l.session(1); st.Lost != 4 || st.Resumed != 0 ||
		l.table.list[0].streams[0].phase != silent {
		t.Errorf("phase %d: %+v", l.table.list[0].streams[0].phase, st)
	}
	l = newListener(t, Config{Joined: 5e9})
	for _, f := range answers(t, 1) {
		l.hears(f)
	}
	if st := l.Stats(); st.Aside != 3 || st.Unexpected != 0 || len(l.table.list) != 0 {
		t.Errorf("%d aside, %d unexpected, %d sessions", st.Aside, st.Unexpected, len(l.table.list))
	}
}

// NACKs that stay unanswered are counted until an answer comes, of whatever kind.
func TestUnansweredNacks(t *testing.T) {
	for kind, answer := range answers(t, 1) {
		l := gapped(t, Config{})
		beat := frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1<<60 + 1, NextSeq: 6,
			NextOffset: 6, Group: 3}
		for range 10 { // it lives
			l.pass(100*time.Millisecond, false)
			beat.Time++
			l.hears(rig.Made(t, beat))
		}
		st := l.session(1)
		if st.Unanswered != st.Nacks || st.Nacks < 3 || st.Answers != 0 ||
			st.Announced != 3 || st.Heartbeats != 11 || st.Control != rig.PublisherAddr {
			t.Errorf("%v: before: %+v", kind, st)
		}
		l.hears(answer)
		if st := l.session(1); st.Unanswered != 0 || st.Answers != 1 {
			t.Errorf("%v: after: %+v", kind, st)
		}
	}
}
