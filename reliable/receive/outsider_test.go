package receive

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// What an outsider without keys achieves, who has an address of its own, or many, and
// hears all that the group hears.

// addressOf is one of many addresses.
func addressOf(n uint64) netip.AddrPort {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 10<<24|9<<16|uint32(n))
	return netip.AddrPortFrom(netip.AddrFrom4(b), 5000)
}

// from gives the Receiver a frame from an address.
func (l *listener) from(a netip.AddrPort, f *frame.Frame) {
	l.Handle(l.now, a, f)
	l.poll()
}

// session returns what is known of a session.
func (l *listener) session(id uint64) SessionStats {
	for _, st := range l.Sessions() {
		if uint64(st.ID) == id {
			return st
		}
	}
	return SessionStats{}
}

// young is a HEARTBEAT, or BYE, of a session that began a moment ago.
func (l *listener) young(kind frame.Kind, id, next uint64) *frame.Frame {
	return rig.Made(l.t, frame.Frame{
		Kind: kind, Session: id, Time: 1e6, NextSeq: next, NextOffset: next, Interval: time.Hour,
	})
}

// An outsider fills the table of sessions, by words or by data, and new publishers are
// heard all the same; hundreds on one host go on beside it.
func TestAFullTable(t *testing.T) {
	const honest = 300
	for _, lies := range []string{"words", "data"} {
		l := newListener(t, Config{Joined: 5e9})
		host := func(id uint64) netip.AddrPort {
			return netip.AddrPortFrom(rig.PublisherAddr.Addr(),
				uint16(id))
		}
		forge := func(id uint64) {
			l.from(rig.Elsewhere[0], l.young(frame.Heartbeat, id, 0))
			if lies == "data" {
				l.from(rig.Elsewhere[0], rig.Data(t, id, 0))
			}
		}
		sent := uint64(0)
		round := func() {
			for id := uint64(1); id <= honest; id++ {
				l.from(host(id), rig.Data(t, id, sent))
			}
			sent++
			l.now = l.now.Add(100 * time.Millisecond)
		}
		for id := uint64(1); id <= honest; id++ {
			l.from(host(id), rig.Beat(t, id, 0))
		}
		round()
		for id := uint64(1000); id < 4000; id++ {
			if forge(id); id%300 == 0 {
				round()
			}
		}
		for id := uint64(1); id <= honest; id++ {
			if st := l.session(id); st.Delivered != sent || st.Resumed != 0 {
				t.Fatalf("%s: of session %d, one of %d on a host, %d of %d messages came: %+v",
					lies, id, honest, st.Delivered, sent, st)
			}
		}
		news := addressOf(1)
		for seq := range uint64(20) { // somebody new
			l.from(news, rig.Data(t, 500, seq))
			forge(5000 + seq)
		}
		if st := l.session(500); st.Delivered < 19 {
			t.Errorf("%s: of a new publisher's 20 messages, %d came: %+v; %+v", lies, st.Delivered,
				st, l.Stats())
		}
		if n := len(l.table.list); n > defaultSessions {
			t.Errorf("%d places", n)
		}
	}
}

// Whoever takes a session's id first, and has no data, loses it to who has; and that
// there are two is told. A lie that the data goes on from is believed to be the
// publisher's: what lies between is waited for. One that it contradicts costs the data of
// three intervals.
func TestASquatter(t *testing.T) {
	for _, c := range []struct{ lie, lost, missed uint64 }{{0, 5, 0}, {5, 0, 0}, {1 << 60, 0, 30}} {
		l := newListener(t, Config{Joined: 5e9})
		l.from(rig.Elsewhere[0], rig.Beat(t, 1, c.lie))
		l.pass(300*time.Millisecond, false)
		for seq := range uint64(50) {
			l.now = l.now.Add(10 * time.Millisecond)
			l.hears(rig.Data(t, 1, 5+seq))
			l.from(rig.Elsewhere[0], rig.Beat(t, 1, c.lie))
		}
		l.pass(5*time.Second, false)
		st := l.session(1)
		if st.Source != rig.PublisherAddr || st.Delivered != 50-c.missed || st.Lost != c.lost ||
			rig.Kinds(l.told)[reliable.SessionContested] == 0 {
			t.Errorf("it says %d: told %v: %+v", c.lie, rig.Kinds(l.told), st)
		}
	}
}

// Two datagrams draw a few requests to who sent them, and none to anybody else.
func TestNacksAtOthers(t *testing.T) {
	third := netip.MustParseAddrPort("10.77.0.99:53")
	l := newListener(t, Config{})
	l.from(rig.Elsewhere[0], rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1,
		Control: third, Channels: 1}))
	l.from(rig.Elsewhere[0], rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1,
		NextSeq: 1000, NextOffset: 1000, Interval: time.Hour}))
	to, nacks, at := map[netip.AddrPort]int{}, 0, reliable.Time(0)
	for end := l.now.Add(10 * time.Second); l.now < end; l.now = max(l.now, min(l.Deadline(),
		end)) {
		if l.now == at {
			l.now++
		}
		at = l.now
		l.Advance(l.now)
		for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
			to[b.To]++
			if rig.Decoded(t, b.Data).Kind == frame.Nack {
				nacks++
			}
			l.Sent(b)
		}
		l.poll()
	}
	t.Logf("%d NACKs in all, %d datagrams to a third party", nacks, to[third])
	if to[third] != 0 || nacks > coldNacks+10 {
		t.Errorf("datagrams to %v, %d of them NACKs", to, nacks)
	}
}

// More sessions than are remembered are forged, with data, from as many addresses. A true
// one that is silent meanwhile is forgotten; when it wakes nothing of it is delivered
// twice, whatever of it is heard first, and whatever comes new is delivered.
func TestForgottenAndHeardAgain(t *testing.T) {
	for _, from := range []string{"many addresses", "one address"} {
		for _, first := range []string{"HEARTBEAT", "SESSION", "DATA"} {
			for _, start := range []reliable.Start{reliable.Latest, reliable.Oldest} {
				if from == "one address" && (first != "DATA" || start == reliable.Latest) {
					continue // it is remembered, and it was never new
				}
				l := newListener(t, Config{Joined: 5e9, Start: start})
				began := l.now
				age := func() uint64 { return uint64(l.now.Sub(began)) }
				say := func(f frame.Frame) {
					f.Session, f.Time = 1, age()
					l.hears(rig.Made(t, f))
				}
				old := func(seq uint64) *frame.Frame { // accepted at once
					var b frame.Builder
					b.Open(make([]byte, 0, 300), 1, 0, seq, seq, 1)
					b.Add([]byte("x"))
					return rig.Decoded(t, b.Seal(false))
				}
				say(frame.Frame{Kind: frame.Session, Channels: 1})
				for seq := range uint64(100) {
					l.hears(old(seq))
				}
				l.pass(3*time.Second, false) // it is silent
				for id := uint64(10); id < 10+5*defaultSessions+200; id++ {
					a := rig.Elsewhere[0]
					if from == "many addresses" {
						a = addressOf(id)
					}
					l.from(a, rig.Made(t, frame.Frame{Kind: frame.Session, Session: id, Time: 1e6,
						Channels: 1}))
					l.from(a, rig.Data(t, id, 0))
					l.from(a, l.young(frame.Bye, id, 1))
					l.now++
				}
				l.pass(3*time.Second, false)
				l.told = nil
				switch first {
				case "HEARTBEAT":
					say(frame.Frame{Kind: frame.Heartbeat, NextSeq: 100, NextOffset: 100})
				case "SESSION":
					say(frame.Frame{Kind: frame.Session, Channels: 1})
				}
				for seq := uint64(100); seq < 200; seq++ {
					l.hears(old(seq)) // it was accepted long ago, and waited
				}
				say(frame.Frame{Kind: frame.Session, Channels: 1})
				say(frame.Frame{Kind: frame.Heartbeat, NextSeq: 200, NextOffset: 200})
				for seq := range uint64(200) { // whatever is repeated
					raw := new(frame.Encoder).AppendRepair(nil, 1, 0, 1, 7, old(seq).Raw)
					l.hears(rig.Decoded(t, raw))
				}
				forgotten := from == "many addresses"
				if l.Stats().Forgotten == 0 {
					t.Fatalf("%s: nothing was forgotten: %+v", from, l.Stats())
				}
				delivered := 0
				for _, ev := range l.told {
					if ev.Session == 1 && ev.Kind == reliable.Message {
						if delivered++; ev.Offset < 100 {
							t.Fatalf("%s, %s first, start %d: offset %d is delivered twice", from,
								first, start, ev.Offset)
						}
					}
				}
				if st := l.session(1); delivered != 100 || st.Lost != 0 ||
					(st.Resumed == 1) == forgotten ||
					forgotten && (st.FirstOffset != 100 || st.BeforeStart != 100) {
					t.Errorf("%s, %s first, start %d: %d of 100 new messages came: %+v; %+v", from,
						first, start, delivered, st, l.Stats())
				}
			}
		}
	}
}

// What there can't be by now isn't believed, whoever says it; once it can, it is.
func TestMoreThanTimeAllows(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	l.hears(rig.Beat(t, 1, 0))
	l.hears(rig.Data(t, 1, 0))
	for _, f := range []*frame.Frame{
		rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1<<60 + 1,
			NextSeq: 1 << 50, NextOffset: 1 << 50}),
		rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1, Time: 1<<60 + 2, NextSeq: 1,
			NextOffset: 1 << 50}),
		rig.Data(t, 1, 1<<50),
	} {
		l.hears(f)
	}
	if st := l.session(1); st.NextOffset != 1 || st.Gaps != 0 || st.Beyond < 3 ||
		st.End == reliable.EndBye {
		t.Errorf("%+v", st)
	}
	l.pass(1500*time.Millisecond, false)
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1<<60 + 3,
		NextSeq: 50e6, NextOffset: 50e6}))
	if st := l.session(1); st.NextOffset != 50e6 {
		t.Errorf("%+v", st)
	}
}

// What is repeated, by whomever, keeps no session alive, and resumes none.
func TestRepeatedFramesResumeNothing(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	repeated := []*frame.Frame{
		rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1, Time: 1 << 60, Channels: 1}),
		rig.Beat(t, 1, 0), rig.Data(t, 1, 0), rig.Data(t, 1, 1), rig.Beat(t, 1, 2),
		rig.Made(t, frame.Frame{Kind: frame.Confirm, Session: 1, Responder: 1, Time: 1 << 59,
			Ranges: []nack.Range{{From: 0, To: 1}}}),
		rig.Made(t, frame.Frame{Kind: frame.Gone, Session: 1, Responder: 1, Request: 1<<32 | 1,
			Time: 1 << 61, OldestSeq: 9, OldestOffset: 9}),
		rig.Decoded(t, new(frame.Encoder).AppendRepair(nil, 1, 0, 1, 7, rig.Data(t, 1, 1).Raw)),
	}
	for range 100 {
		for _, f := range repeated {
			l.hears(f)
		}
		l.pass(100*time.Millisecond, false)
	}
	if n := rig.Kinds(l.told); n[reliable.SessionSilent] != 1 || n[reliable.SessionResumed] != 0 ||
		n[reliable.Message] != 2 || n[reliable.Loss] != 0 {
		t.Errorf("told %v", n)
	}
	l.hears(rig.Data(t, 1, 2))
	if n := rig.Kinds(l.told); n[reliable.SessionResumed] != 1 || n[reliable.Message] != 3 {
		t.Errorf("told %v", n)
	}
}

// A GONE that answers no request of this subscriber's, or comes from somebody else than
// the publisher, ends no gap.
func TestGoneThatNobodyAskedFor(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	l.hears(rig.Beat(t, 1, 0))
	l.hears(rig.Data(t, 1, 0))
	l.hears(rig.Data(t, 1, 5))
	l.pass(10*time.Millisecond, false)
	gone := frame.Frame{
		Kind: frame.Gone, Session: 1, Responder: 1, Request: 1<<32 | 1, Time: 1<<60 + 1,
		OldestSeq: 5, OldestOffset: 5, Ranges: []nack.Range{{From: 1, To: 5}},
	}
	for _, forge := range []func(f *frame.Frame){
		func(f *frame.Frame) { f.Request = 0 },
		func(f *frame.Frame) { f.Request += 1000 },
		func(f *frame.Frame) { f.Request += 1 << 32 },
		func(f *frame.Frame) { f.Responder = 2 },
	} {
		f := gone
		forge(&f)
		l.hears(rig.Made(t, f))
	}
	if st := l.session(1); st.Gaps != 1 || st.Lost != 0 || l.Stats().Unexpected != 4 {
		t.Fatalf("%+v; %+v", st, l.Stats())
	}
	l.hears(rig.Made(t, gone))
	if st := l.session(1); st.Gaps != 0 || st.Lost != 4 || st.Delivered != 2 {
		t.Errorf("%+v", st)
	}
}

// However long an interval is announced, silence is noticed.
func TestIntervalsHaveABound(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	l.hears(l.young(frame.Heartbeat, 1, 0))
	l.pass(silenceIntervals*maxInterval+time.Second, false)
	if n := rig.Kinds(l.told); n[reliable.SessionSilent] != 1 {
		t.Errorf("told %v", n)
	}
}
