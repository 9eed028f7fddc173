package receive

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// mail is a frame of one session with whole messages of a byte, from an offset on.
func mail(t testing.TB, seq, offset uint64, messages int) *frame.Frame {
	t.Helper()
	var b frame.Builder
	b.Open(make([]byte, 0, 1100), 1, 0, seq, offset, 1<<60)
	for range messages {
		b.Add([]byte("x"))
	}
	return rig.Decoded(t, b.Seal(false))
}

// state is a HEARTBEAT that says where the session begins to be held, and where it is.
func state(t testing.TB, oldest, oldestOffset, next, nextOffset uint64) *frame.Frame {
	return rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1 << 60,
		Interval:  100 * time.Millisecond,
		OldestSeq: oldest, OldestOffset: oldestOffset, NextSeq: next, NextOffset: nextOffset})
}

// lacks waits for a request, and answers that frames are no longer held, where nothing
// else is said to be.
func (l *listener) lacks(ranges ...nack.Range) {
	l.t.Helper()
	l.pass(time.Millisecond, false)
	l.hears(rig.Made(l.t, frame.Frame{Kind: frame.Gone, Session: 1, Responder: 1,
		Request: 1<<32 | 1, Ranges: ranges}))
}

// wants compares what was told: messages by their offsets, losses with their causes.
func (l *listener) wants(want ...string) {
	l.t.Helper()
	var got []string
	for _, ev := range l.told {
		switch ev.Kind {
		case reliable.Message:
			got = append(got, fmt.Sprint(ev.Offset))
		case reliable.Loss:
			got = append(got, fmt.Sprintf("%v %v", ev.Lost, ev.Cause))
		default:
			got = append(got, ev.Kind.String())
		}
	}
	if !slices.Equal(got, want) {
		l.t.Errorf("told %q, want %q", got, want)
	}
	l.told = nil
}

// A subscriber that begins with the oldest doesn't wait for a frame that only goes on
// with a message of which the start is no longer held: what comes after it counts.
func TestStartDoesntWaitForAnEarlierMessage(t *testing.T) {
	for _, order := range []reliable.Order{reliable.InOrder, reliable.OnArrival} {
		l := newListener(t, Config{Start: reliable.Oldest, Order: order})
		l.hears(mail(t, 9, 4, 2)) // before it is known where to begin
		l.hears(state(t, 7, 4, 11, 7))
		l.wants("new", "4", "5") // frames 7 and 8 go on with message 3
		l.hears(mail(t, 10, 6, 1))
		l.wants("6")
		if first, missing := l.table.list[0].streams[0].req.Gaps().First(); missing {
			t.Errorf("frame %d is still waited for", first)
		}

		l = newListener(t, Config{Start: reliable.Oldest, Order: order})
		l.hears(state(t, 7, 4, 11, 7))
		l.hears(mail(t, 9, 5, 1)) // message 4 is in frame 7 or 8
		l.hears(mail(t, 10, 6, 1))
		if order == reliable.InOrder {
			l.wants("new")
		} else {
			l.wants("new", "5", "6")
		}
		l.hears(mail(t, 7, 4, 1))
		if order == reliable.InOrder {
			l.wants("4") // frame 8 may have properties of its own, and is asked for
		} else {
			l.wants("4")
		}
	}
}

// Once a part of a message is lost, its other parts hold nothing back.
func TestLostMessageHoldsNothingBack(t *testing.T) {
	l := newListener(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	parts := pieces(t, 1, 1, 1, 5000)
	if len(parts) != 5 {
		t.Fatalf("%d parts", len(parts))
	}
	l.hears(parts[0])
	l.hears(mail(t, 6, 2, 1))
	l.wants("new", "0")
	l.lacks(nack.Range{From: 2, To: 3}) // 3 to 5 are still to be had
	l.wants("1 no longer held", "2")
	l.hears(parts[3])
	l.wants()
	if st := l.Sessions()[0]; st.Gaps != 0 || st.Buffered != 0 || st.Duplicates != 1 {
		t.Errorf("%+v", st)
	}

	// Where nothing follows, the publisher's word of it is enough.
	l = newListener(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	l.hears(parts[0])
	l.lacks(nack.Range{From: 2, To: 3})
	l.hears(state(t, 0, 0, 6, 2))
	l.lacks(nack.Range{From: 2, To: 3})
	l.wants("new", "0", "1 no longer held")

	// What may be a message of its own is waited for.
	l = newListener(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	l.hears(parts[0])
	l.hears(mail(t, 7, 3, 1))
	l.lacks(nack.Range{From: 2, To: 3})
	l.wants("new", "0")
	for _, part := range parts[2:] {
		l.hears(part)
	}
	l.wants("1 no longer held")
	l.hears(mail(t, 6, 2, 1))
	l.wants("2", "3")

	// It is waited for no longer once what comes shows that there is none.
	l = newListener(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	l.hears(parts[0])
	l.hears(mail(t, 7, 3, 1))
	l.lacks(nack.Range{From: 2, To: 3})
	l.wants("new", "0")
	l.hears(mail(t, 6, 2, 1))
	l.wants("1 no longer held", "2", "3")
}

// Runs of frames that were lost next to each other, for different causes, are told
// apart where the publisher said which messages lie between; else with the cause of the
// longest.
func TestAdjacentLossesKeepTheirCauses(t *testing.T) {
	unanswered := func(l *listener) {
		for range 40 { // the publisher lives, and doesn't answer
			l.pass(100*time.Millisecond, false)
			l.hears(rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1,
				Time: 1<<60 + uint64(l.now)}))
		}
	}
	l := newListener(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	l.hears(state(t, 0, 0, 3, 5)) // frames 1 and 2 have messages 1 to 4
	unanswered(l)
	l.hears(state(t, 0, 0, 9, 20))
	l.pass(time.Second, false)
	l.lacks(nack.Range{From: 5, To: 6}) // somewhere in 5 to 19
	l.pass(5*time.Second, false)
	l.wants("new", "0", "1-4 unanswered", "5-19 publisher silent", "silent")

	// The same in one gap, of which the publisher says from where on it holds it.
	l = newListener(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	l.hears(state(t, 0, 0, 9, 20))
	l.hears(state(t, 5, 13, 9, 20))
	l.wants("new", "0", "1-12 no longer held") // at once, though no frame follows yet
	l.pass(5*time.Second, false)
	l.wants("13-19 publisher silent", "silent")

	// Here nobody said.
	for _, c := range []struct {
		gone uint64
		want string
	}{{2, "1-19 publisher silent"}, {7, "1-19 no longer held"}} {
		l = newListener(t, Config{})
		l.hears(mail(t, 0, 0, 1))
		l.hears(state(t, 0, 0, 9, 20))
		l.lacks(nack.Range{From: 1, To: c.gone})
		l.pass(5*time.Second, false)
		l.wants("new", "0", c.want, "silent")
	}

	// After BYE a session ends, and isn't silent.
	l = newListener(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1, Time: 1 << 60, NextSeq: 3,
		NextOffset: 5}))
	l.pass(time.Minute, false)
	l.wants("new", "0", "1-4 session ended", "ended")
}

// However many positions a publisher tells, a subscriber remembers a few.
func TestLandmarksAreBounded(t *testing.T) {
	l := newListener(t, Config{})
	l.hears(mail(t, 0, 0, 1))
	e := &l.table.list[0].streams[0].extent
	for i := range uint64(1000) {
		l.hears(state(t, 0, 0, 10+i, 20+3*i))
	}
	if n := len(e.landmarks); n != maxLandmarks || cap(e.landmarks) > 2*maxLandmarks {
		t.Errorf("%d are remembered, with room for %d", n, cap(e.landmarks))
	}
	if at, ok := e.offsetAt(1000); !ok || at != 20+3*990 {
		t.Errorf("before frame 1000 it is %d, %v", at, ok)
	}
	if _, ok := e.offsetAt(500); ok {
		t.Error("an older one was kept")
	}
}

// BenchmarkPassTail is a look at whether delivery, which waits behind a lost message, can go
// on: nothing has changed since the last one. However many pieces the gap there is in, it
// costs the same.
func BenchmarkPassTail(b *testing.B) {
	for _, pieces := range []uint64{1, 100, 8000} {
		b.Run(fmt.Sprint(pieces), func(b *testing.B) {
			r, err := New(Config{ID: 1})
			if err != nil {
				b.Fatal(err)
			}
			r.Handle(1, rig.PublisherAddr, mail(b, 0, 0, 1))
			r.Poll(make([]reliable.Run, 3))
			r.Handle(1, rig.PublisherAddr, mail(b, pieces+1, pieces+1, 1))
			st := r.table.list[0].streams[0]
			for seq := uint64(1); seq <= pieces; seq += 2 {
				st.req.Confirmed(1, nack.Range{From: seq, To: seq + 1})
			}
			st.cursor.tail = true
			if n := st.req.Gaps().Len(); n != int(pieces) {
				b.Fatalf("%d gaps", n)
			}
			for b.Loop() {
				if st.cursor.passTail() {
					b.Fatal("it went on")
				}
			}
		})
	}
}
