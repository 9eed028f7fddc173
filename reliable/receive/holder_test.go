package receive

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// Two holders, which are asked in this order.
var (
	firstHolder  = Holder{ID: 90, Addr: netip.MustParseAddrPort("10.77.0.90:5000")}
	secondHolder = Holder{ID: 91, Addr: netip.MustParseAddrPort("10.77.0.91:5000")}
)

// helped is a listener with holders that misses [1, 5) of session 1, and has asked its
// publisher for it.
func helped(t *testing.T, holders ...Holder) *listener {
	return gapped(t,
		Config{Holders: holders})
}

// nacks lets time pass, and returns the NACKs that are sent to an address meanwhile.
func (l *listener) nacks(to netip.AddrPort, d time.Duration) (list []*frame.Frame) {
	for end := l.now.Add(d); l.now < end; l.now = l.now.Add(time.Millisecond) {
		l.Advance(l.now)
		for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
			if f := rig.Decoded(l.t, slices.Clone(b.Data)); b.To == to && f.Kind == frame.Nack {
				list = append(list, f)
			}
			l.Sent(b)
		}
		l.poll()
	}
	return list
}

// gone is the word of somebody who lacks [1, 5).
func (l *listener) gone(responder, request, oldest uint64) *frame.Frame {
	return rig.Made(l.t, frame.Frame{
		Kind: frame.Gone, Session: 1, Responder: responder, Request: request, Time: 77,
		OldestSeq: oldest, OldestOffset: oldest, Ranges: []nack.Range{{From: 1, To: 5}},
	})
}

// repairs are the frames [1, 5), repeated by somebody.
func (l *listener) repairs(responder, request uint64) (list []*frame.Frame) {
	for seq := uint64(1); seq < 5; seq++ {
		raw := new(frame.Encoder).AppendRepair(nil, 1, 0, responder, request, rig.Data(l.t, 1,
			seq).Raw)
		list = append(list, rig.Decoded(l.t, raw))
	}
	return list
}

// asks fails unless a NACK for [1, 5) goes to a holder, and returns it.
func (l *listener) asks(h Holder, within time.Duration) *frame.Frame {
	l.t.Helper()
	list := l.nacks(h.Addr, within)
	if len(list) == 0 || !slices.Equal(list[0].Ranges, []nack.Range{{From: 1, To: 5}}) {
		l.t.Fatalf("holder %d was asked %v", h.ID, list)
	}
	return list[0]
}

// publisherGone has the publisher say that it lacks [1, 5).
func (l *listener) publisherGone() { l.hears(l.gone(1, 1<<32|1, 5)) }

// While the publisher answers, nobody else is asked; what it holds no longer is asked of a
// holder, which repairs it. Nothing is lost, and nothing of that speaks for the publisher.
func TestAHolderHasWhatThePublisherLacks(t *testing.T) {
	l := helped(t, firstHolder, secondHolder)
	if n := len(l.nacks(firstHolder.Addr, 100*time.Millisecond)); n != 0 {
		t.Fatalf("%d NACKs went to a holder, though the publisher didn't say that it lacks a frame",
			n)
	}
	l.publisherGone()
	heard := l.table.list[0].heard
	n := l.asks(firstHolder, 50*time.Millisecond)
	if n.Echo != 0 || n.Held != 0 {
		t.Errorf("a time was sent back, %d, that the holder never told", n.Echo)
	}
	for _, f := range l.repairs(firstHolder.ID, n.Request) {
		l.from(firstHolder.Addr, f)
	}
	if st := l.session(1); st.Delivered != 6 || st.Recovered != 4 || st.Lost != 0 || st.Gaps != 0 {
		t.Errorf("%+v", st)
	}
	if s := l.table.list[0]; s.heard != heard || s.source != rig.PublisherAddr {
		t.Error("a holder spoke for the publisher")
	}
	if len(l.nacks(secondHolder.Addr, time.Second)) != 0 {
		t.Error("a second holder was asked")
	}
}

// A publisher that dies leaves gaps open: a holder closes them, and only then it is told
// that the session is silent.
func TestAHolderRepairsADeadPublishersSession(t *testing.T) {
	l := helped(t, firstHolder)
	n := l.asks(firstHolder, 3*time.Second)
	if l.table.list[0].streams[0].phase != silent ||
		rig.Kinds(l.told)[reliable.SessionSilent] != 0 {
		t.Errorf("told %v", rig.Kinds(l.told))
	}
	for _, f := range l.repairs(firstHolder.ID, n.Request) {
		l.from(firstHolder.Addr, f)
	}
	st, kinds := l.session(1), rig.Kinds(l.told)
	if st.Delivered != 6 || st.Lost != 0 || st.Resumed != 0 || kinds[reliable.SessionSilent] != 1 ||
		kinds[reliable.SessionResumed] != 0 {
		t.Errorf("told %v: %+v", kinds, st)
	}
	if last := l.told[len(l.told)-1].Kind; last != reliable.SessionSilent {
		t.Errorf("the last event is %v", last)
	}
	if at := l.Deadline(); at != reliable.Never {
		t.Errorf("it has something to do at %d", at)
	}
}

// A holder's GONE counts for that holder only: the next one is asked, and behind the last
// one the frames are lost. So it is with one that doesn't answer.
func TestHoldersAreAskedInTurn(t *testing.T) {
	for _, silent := range []bool{false, true} {
		l := helped(t, firstHolder, secondHolder)
		l.publisherGone()
		n := l.asks(firstHolder, 50*time.Millisecond)
		wait := 50 * time.Millisecond
		if silent {
			wait = 3 * time.Second
		} else {
			l.from(firstHolder.Addr, l.gone(firstHolder.ID, n.Request, 5))
		}
		for range 3 { // the publisher lives
			l.hears(rig.Made(t, frame.Frame{
				Kind: frame.Heartbeat, Session: 1, Time: 1<<60 + uint64(l.now), NextSeq: 6,
				NextOffset: 6, OldestSeq: 5, OldestOffset: 5,
			}))
			if silent {
				l.nacks(firstHolder.Addr, 700*time.Millisecond)
			}
		}
		if st := l.session(1); st.Lost != 0 || st.Gaps == 0 {
			t.Fatalf("silent %v: one holder's lack ended the gap: %+v", silent, st)
		}
		n = l.asks(secondHolder, wait)
		l.from(secondHolder.Addr, l.gone(secondHolder.ID, n.Request, 5))
		if st := l.session(1); st.Lost != 4 || st.Losses != 1 || st.Delivered != 2 || st.Gaps != 0 {
			t.Errorf("silent %v: %+v", silent, st)
		}
	}
}

// A holder's CONFIRM holds back what is asked of it, and the time that it tells goes back
// to it, and to nobody else.
func TestAHolderConfirms(t *testing.T) {
	l := helped(t, firstHolder, secondHolder)
	l.publisherGone()
	l.asks(firstHolder, 12*time.Millisecond)
	l.from(firstHolder.Addr, rig.Made(t, frame.Frame{
		Kind: frame.Confirm, Session: 1, Responder: firstHolder.ID, Time: 777,
		Ranges: []nack.Range{{From: 1, To: 5}},
	}))
	if n := len(l.nacks(firstHolder.Addr, 15*time.Millisecond)); n != 0 {
		t.Errorf("%d NACKs though the frames are coming", n)
	}
	n := l.asks(firstHolder, 200*time.Millisecond)
	if n.Echo != 777 || n.Held <= 0 {
		t.Errorf("the holder's time, 777, came back as %d, after %v", n.Echo, n.Held)
	}
	l.from(firstHolder.Addr, l.gone(firstHolder.ID, n.Request, 5))
	if n := l.asks(secondHolder, 50*time.Millisecond); n.Echo != 0 {
		t.Errorf("another holder got %d back", n.Echo)
	}
}

// Nobody answers for a holder, and a holder answers nothing but what it was asked for.
func TestWhoMayNotAnswerAsAHolder(t *testing.T) {
	stranger := Holder{ID: 99, Addr: rig.Elsewhere[0]}
	for _, c := range []struct {
		name  string
		as    Holder
		asked bool // the first holder was, since the publisher lacks the frames
	}{
		{"a holder that wasn't admitted", stranger, true},
		{"a stranger under a holder's id", Holder{firstHolder.ID, stranger.Addr}, true},
		{"a holder under another id", Holder{stranger.ID, firstHolder.Addr}, true},
		{"a holder under the publisher's id", Holder{1, firstHolder.Addr}, true},
		{"a holder that wasn't asked yet", secondHolder, true},
		{"a holder while the publisher is asked", firstHolder, false},
	} {
		l := helped(t, firstHolder, secondHolder)
		request := uint64(1<<32 | 1)
		if c.asked {
			l.publisherGone()
			request = l.asks(firstHolder, 12*time.Millisecond).Request
		}
		before := l.session(1)
		answers := append(l.repairs(c.as.ID, request), l.gone(c.as.ID, request, 5), rig.Made(t,
			frame.Frame{
				Kind: frame.Confirm, Session: 1, Responder: c.as.ID, Time: 1 << 61,
				Ranges: []nack.Range{{From: 1, To: 5}},
			}))
		for _, f := range answers {
			l.from(c.as.Addr, f)
		}
		if after := l.session(1); after != before {
			t.Errorf("%s:\n%+v\n%+v", c.name, before, after)
		}
		asked := rig.PublisherAddr
		if c.asked {
			asked = firstHolder.Addr
		}
		if len(l.nacks(asked, 16*time.Millisecond)) == 0 {
			t.Errorf("%s put off a request", c.name)
		}
	}
}

// A holder's REPAIR of a frame that isn't missing any more, or was never known, is refused.
func TestAHolderRepairsNothingElse(t *testing.T) {
	l := helped(t, firstHolder)
	l.publisherGone()
	n := l.asks(firstHolder, 50*time.Millisecond)
	for _, seq := range []uint64{0, 5, 6, 1 << 20} {
		raw := new(frame.Encoder).AppendRepair(nil, 1, 0, firstHolder.ID, n.Request, rig.Data(t, 1,
			seq).Raw)
		l.from(firstHolder.Addr, rig.Decoded(t, raw))
	}
	if st := l.session(1); l.Stats().Aside != 4 || st.Repairs != 0 || st.NextOffset != 6 {
		t.Errorf("%+v; %+v", l.Stats(), st)
	}
}

// However a session ends here while a holder is asked, each message is told once.
func TestASessionEndsWhileAHolderIsAsked(t *testing.T) {
	for name, end := range map[string]func(l *listener){
		"closed": func(l *listener) { l.Close(l.now); l.poll() },
		"silent": func(l *listener) { l.nacks(firstHolder.Addr, 10*time.Second) },
		"BYE": func(l *listener) {
			l.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1, Time: 1<<60 + 9,
				NextSeq: 6, NextOffset: 6}))
			l.nacks(firstHolder.Addr, 10*time.Second)
		},
		"the publisher sends it late": func(l *listener) {
			for seq := uint64(1); seq < 5; seq++ {
				l.hears(rig.Data(t, 1, seq))
			}
			l.nacks(firstHolder.Addr, 10*time.Second)
		},
	} {
		l := helped(t, firstHolder)
		l.publisherGone()
		l.asks(firstHolder, 50*time.Millisecond)
		end(l)
		lost := uint64(4)
		if name == "the publisher sends it late" {
			lost = 0
		}
		if st := l.session(1); st.Lost != lost || st.Delivered != 6-lost || st.Gaps != 0 {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

// A gap's patience counts from when it was found missing, whoever is asked meanwhile.
func TestMaxWaitCountsFromTheStart(t *testing.T) {
	l := gapped(t, Config{Holders: []Holder{firstHolder},
		Recovery: Recovery{MaxWait: 200 * time.Millisecond}})
	l.nacks(firstHolder.Addr, 150*time.Millisecond)
	l.publisherGone()
	if l.session(1).Lost != 0 {
		t.Fatal("it was lost at once")
	}
	l.nacks(firstHolder.Addr, 60*time.Millisecond)
	if st := l.session(1); st.Lost != 4 {
		t.Errorf("after 220 ms, %d are lost", st.Lost)
	}
}

// Holders are admitted once, to sessions that are known, and so many of them.
func TestHoldersAreBounded(t *testing.T) {
	l := helped(t)
	if l.Admit(2, firstHolder) || l.Admit(1, Holder{ID: 1}) || !l.Admit(1, firstHolder) ||
		l.Admit(1, firstHolder) {
		t.Error("who was admitted?")
	}
	for id := range uint64(maxHolders - 1) {
		if !l.Admit(1, Holder{ID: 100 + id}) {
			t.Errorf("holder %d wasn't admitted", id)
		}
	}
	if l.Admit(1, secondHolder) {
		t.Error("one more was admitted")
	}
}
