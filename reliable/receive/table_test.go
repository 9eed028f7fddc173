package receive

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// Of the sessions that have ended or are silent, the one that was heard longest ago makes
// room, whatever the order in which they were first heard, and never one that lives.
func TestTheLongestSilentMakesRoom(t *testing.T) {
	l := newListener(t, Config{Memory: Memory{MaxSessions: 4}, Joined: 5e9})
	next := map[uint64]uint64{}
	speaks := func(ids ...uint64) {
		for _, id := range ids {
			if next[id] == 0 {
				l.hears(rig.Beat(t, id, 0))
			}
			l.hears(rig.Data(t, id, next[id]))
			next[id]++
		}
	}
	passes := func(n int, live ...uint64) {
		for range n {
			l.pass(500*time.Millisecond, false)
			speaks(live...)
		}
	}
	speaks(1, 2, 3, 4)
	passes(1, 1, 2, 3, 4)
	passes(1, 1, 2, 4)
	passes(1, 1, 2)
	passes(1, 1, 4)
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 4, Time: 1 << 60, NextSeq: next[4],
		NextOffset: next[4]}))
	live := []uint64{1}
	passes(8, live...)
	for _, step := range []struct {
		comes uint64
		want  []uint64
	}{
		{5, []uint64{1, 2, 4, 5}}, // 3 has been silent for longest
		{6, []uint64{1, 4, 5, 6}},
		{7, []uint64{1, 5, 6, 7}},
		{8, []uint64{1, 5, 6, 7}}, // all of them live
	} {
		speaks(step.comes)
		var ids []uint64
		for _, st := range l.Sessions() {
			ids = append(ids, uint64(st.ID))
		}
		if slices.Sort(ids); !slices.Equal(ids, step.want) {
			t.Errorf("when %d came, %v are followed, want %v", step.comes, ids, step.want)
		}
		if slices.Contains(ids, step.comes) {
			live = append(live, step.comes)
		}
		passes(1, live...)
	}
	if st := l.Stats(); st.Evicted != 3 {
		t.Errorf("%+v", st)
	}
	for _, st := range l.Sessions() {
		if st.Lost != 0 || st.Delivered != next[uint64(st.ID)] {
			t.Errorf("%+v, and it sent %d", st, next[uint64(st.ID)])
		}
	}
}

// A table that was found full is not looked through again for each further newcomer, but
// soon: places that get free meanwhile are given away.
func TestFullTableIsLookedThroughNowAndThen(t *testing.T) {
	l := newListener(t, Config{Memory: Memory{MaxSessions: 4}, Joined: 5e9})
	for id := range uint64(4) {
		l.hears(rig.Data(t, 1+id, 0))
	}
	l.hears(rig.Data(t, 5, 0))
	looked := l.table.full
	l.now = l.now.Add(fullTime / 2)
	l.hears(rig.Data(t, 6, 0))
	if l.table.full != looked || l.Stats().Refused != 2 {
		t.Errorf("it was looked through again: %+v", l.table.full)
	}
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1, Time: 1 << 60, NextSeq: 1,
		NextOffset: 1}))
	l.pass(fullTime, false)
	l.hears(rig.Data(t, 7, 0))
	if l.table.byID[7] == nil {
		t.Errorf("one that has ended gave its place to nobody: %+v", l.Stats())
	}
}

// BenchmarkFullTable is a frame of a session for which the table has no place.
func BenchmarkFullTable(b *testing.B) {
	r, err := New(Config{ID: 1, Joined: 5e9})
	if err != nil {
		b.Fatal(err)
	}
	f := *rig.Data(b, 1, 0)
	now := reliable.Time(6e9)
	b.ReportAllocs()
	for i := range uint64(defaultSessions + b.N) {
		if i == defaultSessions {
			b.ResetTimer()
		}
		now += reliable.Time(time.Microsecond)
		f.Session = 1 + i
		r.Handle(now, rig.PublisherAddr, &f)
	}
	if len(r.table.list) != defaultSessions {
		b.Fatalf("%d places are taken", len(r.table.list))
	}
}

// A publisher that moves to another port of its address has one place there, as before.
func TestAnotherPortIsNoOtherPlace(t *testing.T) {
	a := newAttacked(t)
	there := netip.AddrPortFrom(rig.PublisherAddr.Addr(), rig.PublisherAddr.Port()+1)
	for range 30 {
		a.says(there, a.beat())
		a.wait(100 * time.Millisecond)
	}
	a.wantSource("another port", there, true, false)
	if h := a.table.hosts[rig.PublisherAddr.Addr()]; h == nil || h.places != 1 || h.past != 0 {
		t.Errorf("its address has %+v", h)
	}
}
