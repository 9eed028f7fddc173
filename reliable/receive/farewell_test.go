package receive

import (
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/send"
	"crier/reliable/topic"
)

// waiting is a HEARTBEAT of a publisher that waits for its subscribers.
func waiting(t *testing.T, session, time uint64) *frame.Frame {
	return rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: session, Time: time, NextSeq: 5,
		NextOffset: 5, Group: 3, Report: 4})
}

// farewells returns the sessions that are told of a leaving, in the order in which they
// are.
func (l *listener) farewells() (told []uint64) {
	for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
		if f := rig.Decoded(l.t, b.Data); f.Kind == frame.Status && f.Flags&frame.Leaving != 0 {
			told = append(told, f.Session)
		}
		l.Sent(b)
	}
	return told
}

// One that closes tells all publishers that wait for it, however many, wherever their
// sessions are: they began just now, go on, or are silent. Each is told several times,
// but not in a row: one burst of loss must not take all.
func TestAllPublishersAreToldOfALeaving(t *testing.T) {
	l := newListener(t, Config{Joined: 5e9})
	const most = 256 // by default
	for id := range uint64(most) {
		switch {
		case id < 200:
			l.hears(waiting(t, id+1, 1<<60))
		default: // it began after this subscriber joined; SESSION is yet to tell where
			l.hears(waiting(t, id+1, 1))
		}
		if id == 99 {
			l.pass(10*time.Second, false) // these fall silent
		}
	}
	if a, b, c := l.table.byID[1].streams[0].phase, l.table.byID[150].streams[0].phase,
		l.table.byID[250].streams[0].phase; a != silent || b != live || c != starting {
		t.Fatalf("phases %d, %d and %d", a, b, c)
	}
	l.farewells() // of nobody, yet
	l.Close(l.now)
	l.Close(l.now)
	told := l.farewells()
	if len(told) != farewells*most {
		t.Fatalf("%d words to %d publishers", len(told), most)
	}
	for round := range farewells {
		heard := map[uint64]bool{}
		for _, id := range told[round*most : (round+1)*most] {
			heard[id] = true
		}
		if len(heard) != most {
			t.Errorf("in round %d %d of %d publishers were told", round, len(heard), most)
		}
	}
}

// In a large group those who have all say so one after the other, as a publisher hears
// them: a thousand a second. One that closes says it at once, and to one that waits for
// nobody a single time.
func TestFarewellsOfManyAreSpread(t *testing.T) {
	const group = 1000
	beat := frame.Frame{
		Kind: frame.Heartbeat, Session: 1, Time: 1 << 60, NextSeq: 3, NextOffset: 3, Group: group,
	}
	ends := func(seed uint64) *listener {
		l := newListener(t, Config{Seed: seed, Joined: 5e9})
		l.hears(rig.Made(t, beat))
		beat := beat
		beat.Kind = frame.Bye
		l.hears(rig.Made(t, beat))
		return l
	}
	var early, told int
	for seed := range uint64(group) {
		l := ends(seed)
		early += len(l.farewells())
		l.now = l.now.Add(100 * time.Millisecond)
		l.Advance(l.now)
		told += len(l.farewells())
	}
	if early > 10 || told < 70 || told > 130 {
		t.Errorf("of %d subscribers %d say at once that they have all, and %d in the first 100 ms",
			group, early, told)
	}
	l := ends(1)
	l.Close(l.now)
	l.poll()
	if n := len(l.farewells()); n != 1 {
		t.Errorf("one that has all and closes says so %d times", n)
	}
	l = newListener(t, Config{Joined: 5e9})
	l.hears(rig.Made(t, beat))
	l.Close(l.now)
	l.poll()
	if n := len(l.farewells()); n != 1 {
		t.Errorf("one that closes says so %d times", n)
	}
}

// Of more partitions than a STATUS holds, a farewell tells all: one that leaves, and one that has
// everything at the end.
func TestFarewellOfManyPartitions(t *testing.T) {
	const partitions = topic.MaxPartitions
	for _, ends := range []bool{false, true} {
		q := newSquare(t)
		h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
		p := q.publisher(send.Config{Topic: "orders", Layout: layout(partitions, 1)})
		for i := range 2 * partitions {
			q.publish(p, uint32(i%partitions), 10)
		}
		q.pass(2 * time.Second)
		h.status = nil
		for i := range partitions {
			q.publish(p, uint32(i), 10)
		}
		if ends {
			p.Close(q.now)
		} else {
			q.pass(time.Millisecond)
			h.Close(q.now)
		}
		q.pass(500 * time.Millisecond)
		q.whole(h, p, upTo(partitions)...)
		rows := p.Departed()
		if len(rows) != 1 || len(p.Members()) != 0 {
			t.Fatalf("ends %v: %d subscribers left, and %d stay", ends, len(rows), len(p.Members()))
		}
		at := rows[0].Partitions
		if len(at) != partitions || slices.ContainsFunc(at,
			func(m reliable.MemberPartition) bool { return m.Position != 3 }) {
			t.Errorf("ends %v: the row is at %+v", ends, at)
		}
		said, leaves := 0, 0
		for _, f := range h.status {
			if said++; f.Flags&frame.Leaving != 0 {
				leaves++
			}
		}
		if leaves == 0 || said < 3*leaves {
			t.Errorf("ends %v: %d STATUS, of which %d say that it leaves", ends, said, leaves)
		}
	}
}
