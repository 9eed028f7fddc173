package receive

import (
	"math"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// Times that nobody can have don't make a subscriber give up and ask without end.
func TestForgedTimes(t *testing.T) {
	l := newListener(t, Config{})
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, Time: 1<<63 - 1}))
	l.now += reliable.Time(time.Millisecond)
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1, NextSeq: 1 << 40,
		NextOffset: 1 << 40}))
	if n := l.pass(time.Second, false); n > 200 {
		t.Errorf("%d datagrams in a second", n)
	}
}

// A subscriber whose own socket takes nothing still sees that its publisher has
// gone.
func TestSilentThoughTheSocketIsBlocked(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		l := newListener(t, Config{Joined: 5e9})
		l.hears(rig.Beat(t, 1, 0))
		l.pass(2100*time.Millisecond, blocked)
		if last := l.told[len(l.told)-1]; last.Kind != reliable.SessionSilent {
			t.Errorf("blocked %v: the last event is %v", blocked, last.Kind)
		}
	}
}

// A stranger's REPAIR is not believed.
func TestRepairFromElsewhere(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	l.hears(rig.Beat(t, 1, 5))
	l.hears(rig.Data(t, 1, 5))
	raw := new(frame.Encoder).AppendRepair(nil, 1, 0, 1, 7, rig.Data(t, 1, 6).Raw)
	l.Handle(l.now, rig.SubscriberAddr, rig.Decoded(t, raw))
	if st := l.Stats(); st.Foreign != 1 || l.Sessions()[0].NextOffset != 6 {
		t.Errorf("%+v, %+v", st, l.Sessions()[0])
	}
	l.hears(rig.Decoded(t, raw))
	if st := l.Sessions()[0]; st.NextOffset != 7 || st.Delivered != 2 {
		t.Errorf("%+v", st)
	}
}

// A session that left the table to make room goes on where it was, and one that
// ended stays so: nothing is delivered twice.
func TestSessionsThatLeftTheTable(t *testing.T) {
	l := newListener(t, Config{Memory: Memory{MaxSessions: 2}, Start: reliable.Oldest, Joined: 5e9})
	l.hears(rig.Beat(t, 1, 0))
	l.hears(rig.Data(t, 1, 0))
	l.hears(rig.Data(t, 1, 1))
	l.hears(rig.Beat(t, 2, 0))
	l.hears(rig.Data(t, 2, 0))
	bye := frame.Frame{Kind: frame.Bye, Session: 2, Time: 1 << 60, NextSeq: 1, NextOffset: 1}
	l.hears(rig.Made(t, bye))
	l.pass(3*time.Second, false) // 1 is silent
	for id := uint64(3); id < 7; id++ {
		l.hears(rig.Beat(t, id, 0))
		l.hears(rig.Data(t, id, 0))
		l.pass(3*time.Second, false)
	}
	if st := l.Stats(); st.Evicted != 4 {
		t.Errorf("%+v", st)
	}
	l.told = nil
	l.hears(rig.Made(t, bye))
	l.hears(rig.Data(t, 2, 0))
	l.hears(rig.Beat(t, 1, 2))
	l.hears(rig.Data(t, 1, 0))
	l.hears(rig.Data(t, 1, 1))
	l.hears(rig.Data(t, 1, 2))
	if len(l.told) != 2 || l.told[0].Kind != reliable.SessionResumed ||
		l.told[1].Kind != reliable.Message || l.told[1].Offset != 2 {
		t.Errorf("told %+v", l.told)
	}
	for _, st := range l.Sessions() {
		if st.ID == 1 && (st.FirstOffset != 0 || st.NextOffset != 3 || st.Delivered != 3) {
			t.Errorf("%+v", st)
		}
	}
}

// heap is how many bytes are in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// crowd is a frame of as many empty messages as fit the size.
func crowd(t *testing.T, session, seq, offset uint64, size int) *frame.Frame {
	var b frame.Builder
	b.Open(make([]byte, 0, size), session, 0, seq, offset, 1<<60)
	for b.Fits(0) {
		b.Add(nil)
	}
	return rig.Decoded(t, b.Seal(false))
}

// Frames that lie far ahead, and frames of tens of thousands of messages, in as
// many sessions as there may be: what they leave in memory is counted, and stays
// within the bound.
func TestMemoryOfForgedFrames(t *testing.T) {
	if size := unsafe.Sizeof(slot{}); size > slotBytes {
		t.Errorf("a slot has %d bytes, not %d", size, slotBytes)
	}
	for _, order := range []reliable.Order{reliable.InOrder, reliable.OnArrival} {
		l := newListener(t, Config{Order: order, Joined: 5e9,
			Memory: Memory{Buffer: 4 << 20, Total: 16 << 20}})
		before := heap()
		for id := uint64(1); id <= 256; id++ {
			l.Handle(l.now, rig.PublisherAddr, rig.Beat(t, id, 0))
			far := crowd(t, id, 2000, 1<<29, 300)
			l.Handle(l.now, rig.PublisherAddr, far)
			l.Handle(l.now, rig.PublisherAddr, crowd(t, id, 1, 1, 65000))
			l.Keep()
			l.Handle(l.now, rig.PublisherAddr, rig.Data(t, id, 0))
			var events [64]reliable.Run
			for l.Poll(events[:]) == len(events) {
			}
		}
		if grown := heap() - before; grown > 40<<20 || l.Stats().Memory > 20<<20 {
			t.Errorf("order %d: the heap grew by %d KiB, %d are counted", order, grown>>10,
				l.Stats().Memory>>10)
		}
		runtime.KeepAlive(l)
	}
}

// A session that claims to be at the last offset that there is has no delivery to end there.
func TestTheLastOffsetEndsNothing(t *testing.T) {
	l := newListener(t, Config{})
	l.Handle(l.now, rig.PublisherAddr, rig.Made(t, frame.Frame{
		Kind: frame.Heartbeat, Session: 5, Time: 1 << 60, NextSeq: 9, NextOffset: math.MaxUint64,
	}))
	var events [8]reliable.Run
	for round := range 3 {
		n := l.Poll(events[:])
		if n > 1 || n > 0 && (round > 0 || events[0].Kind != reliable.SessionNew) {
			t.Fatalf("round %d: %d events, the first is %v", round, n, events[0].Kind)
		}
	}
}
