package record

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/repair"
	"crier/reliable/rig"
)

// find gives it a FIND from an address.
func (d *deck) find(from netip.AddrPort, session uint64, what frame.What, value uint64,
	name string) {
	d.t.Helper()
	d.from(from, rig.Made(d.t, frame.Frame{Kind: frame.Find, Session: session, Subscriber: 9,
		Request: 7, Name: []byte(name), Find: &frame.FindBody{What: what, Value: value}}))
}

// answers waits a moment, and returns the DIGESTs to an address.
func (d *deck) digests(to netip.AddrPort) (list []*frame.Frame) {
	d.pass(time.Millisecond)
	for _, l := range d.kinds(frame.Digest) {
		if l.to == to {
			list = append(list, l.Frame)
		}
	}
	return list
}

// A recorder tells the group what it has: when it begins, each second while the publisher lives,
// and each 5 s when it is over.
func TestAnnounces(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	group := netip.AddrPort{}
	if n := len(d.digests(group)); n != 0 {
		t.Errorf("%d words about nothing", n)
	}
	d.plays(1, 0, 11, 100)
	d.hears(beat(t, 1, 0, 12))
	d.pass(20 * time.Millisecond)
	list := d.digests(group)
	if len(list) != 1 {
		t.Fatalf("%d words at its begin", len(list))
	}
	f := list[0]
	if b := f.Digest; f.OldestSeq != 0 || b.Position != 11 || f.NextSeq != 12 ||
		f.NextOffset != 12 || b.Role != frame.Recorder || string(f.Name) != "news" ||
		b.Wall != epoch.UnixNano() || f.Flags != frame.Live || f.Responder != 77 {
		t.Errorf("%v %+v", f, b)
	}
	d.plays(1, 11, 12, 100)
	for range 30 { // the publisher lives
		d.hears(beat(t, 1, 0, 12+uint64(d.now)))
		d.pass(100 * time.Millisecond)
	}
	if n := len(d.kinds(frame.Digest)); n != 3 {
		t.Errorf("%d words in 3 s", n)
	}
	d.pass(5 * time.Second) // it dies
	list = nil
	d.sent = nil
	d.pass(20 * time.Second)
	for _, l := range d.kinds(frame.Digest) {
		list = append(list, l.Frame)
	}
	if len(list) != 6 { // 4, and 2 to the other survivors
		t.Fatalf("%d words in 20 s", len(list))
	}
	f = list[5]
	if b := f.Digest; f.Flags != frame.Final || b.Proposal == 0 || b.Written != 12 ||
		b.Synced != 12 || f.NextSeq < 12 || b.Heard < 20*time.Second {
		t.Errorf("%v %+v", f, b)
	}
}

// However many sessions there are, 20 words a second are said about them, in turn.
func TestAnnouncesInTurn(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	const sessions = 200
	for id := uint64(1); id <= sessions; id++ {
		d.hears(beat(t, id, 0, 0))
		d.hears(data(t, id, 0, 10))
		d.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: id, Time: 9, NextSeq: 1,
			NextOffset: 1}))
	}
	d.pass(time.Millisecond)
	d.sent = nil
	d.pass(10 * time.Second)
	of := map[uint64]int{}
	list := d.kinds(frame.Digest)
	for _, l := range list {
		of[l.Session]++
	}
	if len(of) != sessions || len(list) > 10*20+1 {
		t.Errorf("%d words about %d sessions", len(list), len(of))
	}
}

// Holes are named in a DIGEST, and frames in them are GONE.
func TestTellsOfHoles(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.plays(1, 0, 10, 100)
	d.plays(1, 15, 20, 100)
	d.hears(beat(t, 1, 15, 20)) // 10 to 14 are gone
	d.pass(50 * time.Millisecond)
	d.sent = nil
	d.pass(time.Second)
	list := d.kinds(frame.Digest)
	if len(list) == 0 || len(list[0].Ranges) != 1 ||
		list[0].Ranges[0] != (nack.Range{From: 10, To: 15}) {
		t.Fatalf("%v", list)
	}
	for range 2 { // the second time by one that was started again
		d.asks(9, 1, subscriberAddr, nack.Range{From: 8, To: 17})
		d.pass(10 * time.Millisecond)
		var gone []nack.Range
		repairs := 0
		for _, l := range d.sent {
			if l.Kind == frame.Repair {
				repairs++
			}
			if l.Kind == frame.Gone {
				gone = append(gone, l.Ranges...)
			}
		}
		if repairs != 4 || len(gone) != 1 || gone[0] != (nack.Range{From: 10, To: 15}) {
			t.Errorf("%d repairs, and %v are gone", repairs, gone)
		}
		d.open()
		d.pass(time.Millisecond)
		d.sent = nil
	}
}

// FIND is answered to whoever asked: out of memory, and out of the log.
func TestFind(t *testing.T) {
	d := begun(t, Config{}, journal.Config{})
	d.plays(1, 0, 2000, 100) // one message each, a microsecond apart
	d.pass(10 * time.Millisecond)
	wall := func(seq uint64) uint64 { return uint64(epoch.UnixNano()) + 1000*seq }
	for round := range 2 {
		exact := uint64(0)
		if round == 1 { // it knows blocks of the log only
			exact = 256
		}
		for _, c := range []struct {
			what  frame.What
			value uint64
			seq   uint64
		}{
			{frame.FindOldest, 0, 0}, {frame.FindEnd, 0, 2000}, {frame.FindOffset, 0, 0},
			{frame.FindOffset, 1000, 1000}, {frame.FindOffset, 1999, 1999},
			{frame.FindOffset, 2000, 2000}, {frame.FindOffset, 1 << 60, 2000},
			{frame.FindTime, wall(0), 0}, {frame.FindTime, wall(700), 700},
			{frame.FindTime, 1, 0}, {frame.FindTime, wall(5000), 2000},
		} {
			d.pass(100 * time.Millisecond)
			d.sent = nil
			d.find(subscriberAddr, 1, c.what, c.value, "")
			list := d.digests(subscriberAddr)
			if len(list) != 1 {
				t.Errorf("%v %d: %d answers", c.what, c.value, len(list))
				continue
			}
			b := list[0].Digest
			if !b.At || b.AtSeq > c.seq || b.AtSeq+exact < c.seq || b.AtOffset != b.AtSeq ||
				list[0].Request != 7 {
				t.Errorf("round %d, %v %d: %v %+v, want %d", round, c.what, c.value, list[0], b,
					c.seq)
			}
		}
		d.open()
	}
}

// A FIND for any session is answered for those of the stream that it names, the newest first.
func TestFindStreams(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	for id := uint64(1); id <= 30; id++ {
		name := "odd"
		if id%2 == 0 {
			name = "even"
		}
		d.hears(rig.Made(t, frame.Frame{Kind: frame.Session, Session: id, Time: 1,
			Name: []byte(name), Wall: epoch.UnixNano() + int64(id%10), Channels: 1}))
		d.hears(beat(t, id, 0, 0))
		d.hears(data(t, id, 0, 10))
	}
	d.pass(3 * time.Second)
	d.sent = nil
	count := func(session uint64, what frame.What, name string) (ids []uint64) {
		d.find(subscriberAddr, session, what, 0, name)
		d.pass(400 * time.Millisecond)
		for _, l := range d.kinds(frame.Digest) {
			if l.to == subscriberAddr {
				ids = append(ids, l.Session)
			}
		}
		return ids
	}
	if got := count(0, frame.FindStreams, ""); len(got) != 16 || got[0]%10 != 9 {
		t.Errorf("%d sessions: %v", len(got), got)
	}
	if got := count(0, frame.FindStreams, "even"); len(got) != 15 || got[0]%10 != 8 {
		t.Errorf("%d sessions: %v", len(got), got)
	}
	if got := count(0, frame.FindEnd, "odd"); len(got) != 15 || got[0]%10 != 9 {
		t.Errorf("%v", got)
	}
	if got := count(99, frame.FindOldest, ""); len(got) != 0 {
		t.Errorf("it answers for a session that it never heard: %v", got)
	}
	if got := count(0, frame.FindStreams, "other"); len(got) != 0 {
		t.Errorf("it answers for a stream that it never heard: %v", got)
	}
}

// However much is asked, answers stay within their rate, and repairs in theirs; memory is bounded.
func TestAFloodOfQuestions(t *testing.T) {
	const rate = 1 << 21
	d := begun(t, Config{ServeRate: rate}, journal.Config{})
	d.plays(1, 0, 3000, 1000)
	d.pass(time.Second)
	d.sent = nil
	from := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), 1000)
	}
	for i := range 600 {
		d.find(from(i), 0, frame.FindTime, uint64(i), "")
		d.asks(uint64(100+i), 1, from(i), nack.Range{From: uint64(i), To: uint64(i) + 2000})
		d.pass(time.Millisecond)
	}
	answers, repairs := 0, 0
	for _, l := range d.sent {
		switch l.Kind {
		case frame.Digest:
			answers += len(l.Raw)
		case frame.Repair:
			repairs += len(l.Raw)
		}
	}
	if most := answerRate*6/10 + answerBurst + 2000; answers > most || answers < answerRate/2 {
		t.Errorf("%d bytes of answers in 0.6 s", answers)
	}
	if most := rate*6/10 + 2*256<<10; repairs > most || repairs < rate/2 {
		t.Errorf("%d bytes of repairs in 0.6 s", repairs)
	}
	if n := len(d.Askers()); n != 600 {
		t.Errorf("%d askers have rows", n)
	}
	if st := d.Stats(); st.Unanswered == 0 {
		t.Errorf("%+v", st)
	}
}

// serving returns how many tapes are served.
func (d *deck) serving() (n int) {
	for _, t := range d.list {
		if d.service.Serves(t.key) {
			n++
		}
	}
	return n
}

// Of many sessions that are asked for at once, some are served: one that rests makes room.
func TestServesSoManySessions(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	const sessions = repair.MaxServed + 10
	for id := uint64(1); id <= sessions; id++ {
		d.hears(beat(t, id, 0, 0))
		d.hears(data(t, id, 0, 10))
	}
	d.pass(10 * time.Millisecond)
	d.sent = nil
	for id := uint64(1); id <= sessions; id++ {
		d.asks(9, id, subscriberAddr, nack.Range{From: 0, To: 1})
	}
	d.asks(9, 1000, subscriberAddr, nack.Range{From: 0, To: 1})
	d.pass(10 * time.Millisecond)
	if n := len(d.kinds(frame.Repair)); n != repair.MaxServed {
		t.Errorf("%d repairs", n)
	}
	if st := d.Stats(); st.Unserved != sessions-repair.MaxServed || st.Unknown != 1 {
		t.Errorf("%d unserved, %d unknown", st.Unserved, st.Unknown)
	}
	d.pass(2 * time.Second)
	d.sent = nil
	d.asks(9, sessions, subscriberAddr, nack.Range{From: 0, To: 1})
	d.pass(10 * time.Millisecond)
	if st := d.Stats(); len(d.kinds(frame.Repair)) != 1 || d.serving() != repair.MaxServed ||
		st.Served.Repairs != repair.MaxServed+1 {
		t.Errorf("%d are served; %+v", d.serving(), st.Served)
	}
	d.pass(time.Minute)
	if n := d.serving(); n != 0 {
		t.Errorf("%d are still served", n)
	}
}

// A Recorder that only serves follows nothing, and leaves out what it is told to.
func TestServeOnly(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	for id := uint64(1); id <= 2; id++ {
		d.hears(beat(t, id, 0, 0))
		d.hears(data(t, id, 0, 10))
	}
	d.pass(10 * time.Millisecond)
	d.cfg.ServeOnly, d.cfg.Except = true, []reliable.SessionID{2}
	d.open()
	d.sent = nil
	d.hears(data(t, 1, 1, 10))
	d.hears(beat(t, 1, 0, 9))
	d.asks(9, 1, subscriberAddr, nack.Range{From: 0, To: 1})
	d.asks(9, 2, subscriberAddr, nack.Range{From: 0, To: 1})
	d.pass(6 * time.Second)
	kinds := map[string]int{}
	for _, l := range d.sent {
		kinds[fmt.Sprint(l.Kind, " ", l.Session)]++
	}
	if len(kinds) > 3 || kinds["REPAIR 1"] != 1 || kinds["DIGEST 1"] != 2 {
		t.Errorf("%v", kinds)
	}
	if n := len(d.Sessions()); n != 1 {
		t.Errorf("%d sessions", n)
	}
}
