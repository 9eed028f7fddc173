package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// What a stranger gains who says that it is a holder. While the publisher lives and holds the
// frames that are missing: nothing.

// impostor is a stranger whose DIGEST was taken.
var impostor = Holder{ID: 666, Addr: netip.MustParseAddrPort("10.66.6.6:5000")}

// gainsNothing fails unless a stranger's frames leave a listener as it was, which misses
// [1, 5) and has asked its publisher: nobody else is asked, and the publisher's repairs count.
func gainsNothing(t *testing.T, frames func(l *listener) []*frame.Frame) {
	t.Helper()
	l := helped(t)
	before := l.session(1)
	for _, f := range frames(l) {
		l.from(impostor.Addr, f)
	}
	after := l.session(1)
	if after.NextOffset != before.NextOffset || after.Gaps != before.Gaps || after.Lost != 0 ||
		after.Delivered != before.Delivered || after.End != reliable.EndOpen {
		t.Errorf("%+v\nwas\n%+v", after, before)
	}
	if n := l.nacks(impostor.Addr, 100*time.Millisecond); len(n) != 0 {
		t.Errorf("the stranger is asked for %v", n[0].Ranges)
	}
	for _, f := range l.repairs(1, 1<<32|1) {
		l.hears(f)
	}
	if st := l.session(1); st.Delivered != 6 || st.Lost != 0 {
		t.Errorf("%+v", st)
	}
}

func TestAStrangersDigestGainsNothing(t *testing.T) {
	for _, flags := range []frame.Flags{0, frame.Live, frame.Final, frame.Final | frame.Ended} {
		gainsNothing(t, func(l *listener) []*frame.Frame {
			return []*frame.Frame{digest(t, impostor, 1, 0, 1<<40, flags),
				digest(t, impostor, 2, 1<<39, 1<<40, flags)}
		})
	}
}

func TestAStrangersAnswerToAFindGainsNothing(t *testing.T) {
	gainsNothing(t, func(l *listener) []*frame.Frame {
		f := digest(t, impostor, 1, 0, 1<<40, frame.Live)
		f.Request, f.Digest.At, f.Digest.AtSeq, f.Digest.AtOffset = 1, true, 1<<39, 1<<39
		as := *f.Digest
		as.Role = frame.Publisher // under the publisher's id, from elsewhere
		g := *f
		g.Responder, g.Digest = 1, &as
		return []*frame.Frame{f, &g}
	})
}

func TestAStrangersRepairGainsNothing(t *testing.T) {
	gainsNothing(t, func(l *listener) []*frame.Frame {
		return append(l.repairs(impostor.ID, 1<<32|1), append([]*frame.Frame{
			digest(t, impostor, 1, 0, 6, frame.Live)}, l.repairs(impostor.ID, 1<<32|1)...)...)
	})
}

func TestAStrangersGoneGainsNothing(t *testing.T) {
	gainsNothing(t, func(l *listener) []*frame.Frame {
		return []*frame.Frame{digest(t, impostor, 1, 0, 6, frame.Live),
			l.gone(impostor.ID, 1<<32|1, 5), l.gone(1, 1<<32|1, 5)}
	})
}

func TestAStrangersConfirmGainsNothing(t *testing.T) {
	l := helped(t)
	l.from(impostor.Addr, digest(t, impostor, 1, 0, 6, frame.Live))
	l.from(impostor.Addr, rig.Made(t, frame.Frame{Kind: frame.Confirm, Session: 1,
		Responder: impostor.ID, Time: 1 << 61, Ranges: []nack.Range{{From: 1, To: 5}}}))
	if len(l.nacks(rig.PublisherAddr, 16*time.Millisecond)) == 0 {
		t.Error("a stranger put off a request")
	}
}

// A stranger may fill the table of holders, but a holder at an address of its own gets a
// place.
func TestAFloodOfDigestsLeavesRoom(t *testing.T) {
	l := helped(t)
	for id := range uint64(1000) {
		h := Holder{1000 + id, impostor.Addr}
		l.tells(h, digest(t, h, 1, 0, 6, frame.Live))
	}
	if n := len(l.table.list[0].own.asked.list); n != 1+maxHolders {
		t.Errorf("%d answerers", n)
	}
	if n := l.Stats().Foreign; n < 900 {
		t.Errorf("%d counted", n)
	}
	l.tells(firstHolder, digest(t, firstHolder, 1, 0, 6, frame.Live))
	if l.table.list[0].own.asked.holder(firstHolder.ID) == nil {
		t.Fatal("a holder at another address has no place")
	}
	l.publisherGone()
	for end := l.now.Add(20 * time.Second); l.now < end && l.session(1).Gaps > 0; {
		for _, n := range l.nacks(firstHolder.Addr, 100*time.Millisecond) {
			for _, f := range l.repairs(firstHolder.ID, n.Request) {
				l.from(firstHolder.Addr, f)
			}
		}
		l.hears(beat(t, l.now, 5, 6))
	}
	if st := l.session(1); st.Lost != 0 || st.Delivered != 6 {
		t.Errorf("%+v", st)
	}
}

// Restricted to addresses, a subscriber believes no other holder.
func TestRecordersAreRestricted(t *testing.T) {
	l := gapped(t, Config{Logs: Logs{Recorders: []netip.Addr{firstHolder.Addr.Addr()}}})
	l.tells(impostor, digest(t, impostor, 1, 0, 6, frame.Live))
	l.tells(firstHolder, digest(t, firstHolder, 1, 0, 6, frame.Live))
	l.publisherGone()
	l.asks(firstHolder, 50*time.Millisecond)
	if n := len(l.table.list[0].own.asked.list); n != 2 || l.Stats().Foreign != 1 {
		t.Errorf("%d answerers, %d refused", n, l.Stats().Foreign)
	}
}

// A stranger may invent sessions that are over: so many, and each draws few NACKs. A session
// that it says lives isn't believed to be over, nor opened on its word.
func TestInventedSessionsAreBounded(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9, Start: reliable.Oldest,
		Logs: Logs{Ask: true}})
	for id := range uint64(5000) {
		l.tells(impostor, over(t, impostor, 1000+id, 0, 1<<40, int64(1e18+id), nil, 0, -1))
		f := over(t, impostor, 100_000+id, 0, 1<<40, int64(1e18+id), nil, 0, -1)
		f.Flags = frame.Live
		l.tells(impostor, f)
	}
	if n := l.revived(nil); n > maxRevived || l.Stats().Refused < 4900 {
		t.Errorf("%d sessions, %d refused", n, l.Stats().Refused)
	}
	sent := l.pass(3*time.Second, false)
	if most := maxRevived*(coldNacks+4) + maxQuests*3*2; sent > most {
		t.Errorf("%d datagrams to a stranger and the group, %d at most", sent, most)
	}
	if l.Memory() > 4<<20 {
		t.Errorf("%d bytes are in use", l.Memory())
	}
}

// A stranger's answer may put a late joiner's window in a wrong place of a session that lives:
// what is passed over is named, and what was published is delivered as it was.
func TestAFalsePlaceIsNamed(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9, Start: reliable.AtOffset(2),
		Logs: Logs{Ask: true}})
	l.hears(beat(t, l.now, 0, 6))
	f := digest(t, impostor, 1, 0, 6, frame.Live)
	f.Request, f.Digest.At, f.Digest.AtSeq, f.Digest.AtOffset = 1, true, 5, 2
	l.from(impostor.Addr, f)
	l.hears(rig.Data(t, 1, 5))
	l.hears(rig.Data(t, 1, 6))
	if st := l.session(1); st.FirstOffset != 2 || st.Delivered != 2 || st.Lost != 3 ||
		st.NextOffset != 7 {
		t.Errorf("%+v", st)
	}
}

// DIGESTs that extend a silent session count as far as the holder may have frames itself.
func TestEvidenceIsBounded(t *testing.T) {
	for next, counts := range map[uint64]bool{100: true, 6 + maxEvidence + 1: false} {
		l := helped(t)
		l.nacks(impostor.Addr, 3*time.Second) // the publisher falls silent
		f := digest(t, impostor, 1, 0, next, 0)
		l.from(impostor.Addr, f)
		if st := l.session(1); (st.NextOffset == next) != counts {
			t.Errorf("up to %d: %+v", next, st)
		}
	}
	l := helped(t)
	l.nacks(impostor.Addr, 3*time.Second)
	f := digest(t, impostor, 1, 0, 6+nearEvidence+9, 0)
	f.Digest.Position, f.Digest.To = 6, 6 // it has nothing near
	l.from(impostor.Addr, f)
	if st := l.session(1); st.NextOffset != 6 {
		t.Errorf("%+v", st)
	}
}
