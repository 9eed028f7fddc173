package team

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// worker returns a subscriber of a team that shares by message.
func (r *rig) worker(name string, room uint32) *sub {
	s := r.sub(name)
	s.c.Share, s.c.Room = frame.ByMessage, room
	return s.join()
}

// publish has n messages sent.
func (r *rig) publish(channel uint32, n uint64) {
	r.streams.next[channel] += n
	r.a.Published(r.now, channel)
	r.drain()
}

// did returns the entry of a CLAIM by which messages are done.
func did(channel uint32, offsets ...uint64) (e frame.ClaimEntry) {
	e.Channel = channel
	for _, o := range offsets {
		e.Ranges = append(e.Ranges, rng(o, o+1))
	}
	return e
}

func freed(channel uint32, offset uint64) (e frame.ClaimEntry) {
	e.Channel = channel
	e.Freed = append(e.Freed, rng(offset, offset+1))
	return e
}

func working(channel uint32, offset uint64) (e frame.ClaimEntry) {
	e.Channel = channel
	e.Working = append(e.Working, rng(offset, offset+1))
	return e
}

// mine returns what a member works on, as the Arbiter sees it.
func (s *sub) mine() (list []string) {
	for _, t := range s.r.a.teams {
		m := t.byID[s.f.Subscriber]
		if m == nil || t.work == nil {
			continue
		}
		for i := m.mine.first; i != 0; i = t.work.items[i-1].links[inMember].next {
			one := &t.work.items[i-1]
			list = append(list, fmt.Sprintf("%d/%d*%d", one.channel, one.offset, one.attempt))
		}
	}
	slices.Sort(list)
	return list
}

func (s *sub) check(want ...string) {
	s.r.Helper()
	if got := s.mine(); !slices.Equal(got, want) {
		s.r.Fatalf("%s works on %v, not %v", s.f.Name, got, want)
	}
}

// TestByMessage gives each message to the member with the least to do.
func TestByMessage(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a, b := r.worker("a", 2), r.worker("b", 4)
	r.publish(0, 3)
	a.check("0/1*1")
	b.check("0/0*1", "0/2*1")
	r.publish(0, 10) // for which there is room for three
	a.check("0/1*1", "0/3*1")
	b.check("0/0*1", "0/2*1", "0/4*1", "0/5*1")
	a.claim(did(0, 3))
	a.check("0/1*1", "0/6*1")
	if _, floor := r.a.teams[0].floor(0); floor != 0 {
		t.Errorf("a floor of %d", floor)
	}
	b.claim(did(0, 0, 2))
	a.claim(did(0, 1))
	if _, floor := r.a.teams[0].floor(0); floor != 4 {
		t.Errorf("a floor of %d", floor)
	}
	if got := r.a.Positions()[0]; got.Offset != 4 || got.Granted != 10 {
		t.Errorf("the position %+v", got)
	}
}

// TestTurns grants messages of all channels, also where one has more than there is room for.
func TestTurns(t *testing.T) {
	r := newRig(t, 3, Config{Settle: -1, Debounce: -1})
	a := r.worker("a", 4)
	r.publish(0, 100)
	r.publish(1, 100)
	r.publish(2, 100)
	seen := map[uint32]int{}
	for range 15 {
		done := []frame.ClaimEntry{{Channel: 0}, {Channel: 1}, {Channel: 2}}
		for i := r.a.teams[0].members[0].mine.first; i != 0; {
			one := &r.a.teams[0].work.items[i-1]
			seen[one.channel]++
			done[one.channel].Ranges = append(done[one.channel].Ranges,
				rng(one.offset, one.offset+1))
			i = one.links[inMember].next
		}
		a.claim(done...)
	}
	for channel := range uint32(3) {
		if n := seen[channel]; n < 16 {
			t.Errorf("%d of 60 are of channel %d", n, channel)
		}
	}
}

// TestNoRoom grants nothing to a member that takes nothing.
func TestNoRoom(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.worker("a", 0)
	r.publish(0, 3)
	a.check()
	a.c.Room = 2
	a.claim()
	a.check("0/0*1", "0/1*1")
}

// TestWeight gives a member of three times the weight three times the work.
func TestWeight(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a")
	a.c.Weight = 3
	r.worker("a", 100)
	r.worker("b", 100)
	r.publish(0, 40)
	if n := len(a.mine()); n != 30 {
		t.Errorf("it has %d of 40", n)
	}
}

// TestGrantsOfMessages holds what a member is told.
func TestGrantsOfMessages(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a, b := r.worker("a", 8), r.worker("b", 8)
	r.pass(10 * milli)
	r.publish(0, 4)
	epoch := firstEpoch
	want := []frame.GrantEntry{{Epoch: epoch, From: 1, To: 2, Attempt: 1},
		{Epoch: epoch, From: 3, To: 4, Attempt: 1}}
	if !slices.Equal(a.got.Entries, want) ||
		!slices.Equal(a.got.Passed, []frame.ChannelOffset{{From: 0, Offset: 4}}) {
		t.Fatalf("a gets %+v", a.got)
	}
	// What it hasn't shown is told again, with what is new.
	r.publish(0, 2)
	if got := a.got.Entries; len(got) != 3 || got[0].From != 1 || got[2].From != 5 {
		t.Fatalf("a gets %+v", a.got)
	}
	// What it has shown isn't.
	a.claim()
	if len(a.got.Entries) != 0 || len(a.got.Passed) != 0 {
		t.Fatalf("a gets %+v", a.got)
	}
	r.pass(milli)
	r.publish(0, 2)
	if !slices.Equal(a.got.Entries, []frame.GrantEntry{{Epoch: epoch, Seq: 6, From: 7, To: 8,
		Attempt: 1}}) || !slices.Equal(a.got.Passed, []frame.ChannelOffset{{From: 6, Offset: 8}}) {
		t.Fatalf("a gets %+v", a.got)
	}
	// All of it is told again each L/8.
	a.claim()
	r.pass(300 * milli)
	a.claim()
	if got := a.got; len(got.Entries) != 4 || len(got.Passed) != 1 || got.Passed[0].From != 0 {
		t.Fatalf("a gets %+v", a.got)
	}
	_ = b
}

// TestPassedIsTold tells a member that has no room what the others were granted.
func TestPassedIsTold(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a, b := r.worker("a", 1), r.worker("b", 1)
	r.publish(0, 1)
	if len(a.mine()) == 0 {
		a, b = b, a
	}
	n := a.gots
	for range 3 * passedEvery {
		r.publish(0, 1)
		if m := b.mine(); len(m) == 1 {
			var offset uint64
			fmt.Sscanf(m[0], "0/%d*", &offset)
			b.claim(did(0, offset))
		}
	}
	if more := a.gots - n; more < 2 || more > 4 {
		t.Errorf("it was told %d times", more)
	}
	if p := a.got.Passed; len(p) != 1 || p[0].From > 1 || p[0].Offset < 3*passedEvery/2 {
		t.Errorf("it was told %+v", p)
	}
}

// TestRedelivery grants a message anew that its member frees, works on for too long, or leaves
// behind, and gives it up in the end.
func TestRedelivery(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, WorkTime: 10 * time.Second, Attempts: 4})
	a, b := r.worker("a", 1), r.worker("b", 1)
	r.publish(0, 2)
	if len(a.mine()) > 0 && a.mine()[0] != "0/0*1" {
		a, b = b, a
	}
	a.check("0/0*1")
	b.claim(did(0, 1))
	a.claim(freed(0, 0)) // which redelivers at once, to whoever it is
	r.kinds()
	if len(b.mine()) == 0 {
		a, b = b, a
	}
	b.check("0/0*2")
	e := b.entry(0)
	if len(e) != 1 || e[0].Attempt != 2 || e[0].Epoch != firstEpoch+1 {
		t.Fatalf("%+v", e)
	}
	// The time for it goes on while its member says that it works.
	since := r.now
	for r.now.Sub(since) < 15*time.Second {
		r.pass(400 * milli)
		a.claim()
		if r.now.Sub(since) < 9*time.Second {
			b.claim(working(0, 0))
		} else {
			b.claim()
		}
	}
	b.check("0/0*2")
	for r.now.Sub(since) < 20*time.Second {
		r.pass(400 * milli)
		a.claim()
		b.claim()
	}
	if len(a.mine()) == 0 {
		a, b = b, a
	}
	a.check("0/0*3")
	a.f.Flags = frame.Leaving
	a.claim()
	b.check("0/0*4")
	b.claim(freed(0, 0))
	b.check()
	if _, floor := r.a.teams[0].floor(0); floor != 2 || r.a.stats.GivenUp != 1 ||
		r.a.stats.Redelivered != 3 {
		t.Errorf("a floor of %d, %+v", floor, r.a.stats)
	}
	if kinds := r.kinds(); !slices.Contains(kinds, reliable.MessageGivenUp) {
		t.Errorf("events %v", kinds)
	}
}

// TestWorkerDies grants what a dead member had at once as its lease runs out, and no sooner.
func TestWorkerDies(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a, b := r.worker("a", 4), r.worker("b", 4)
	r.publish(0, 2)
	a.claim()
	since := r.now
	for len(b.mine()) < 2 {
		r.pass(25 * milli)
		b.claim()
		if r.now.Sub(since) > 3*time.Second {
			t.Fatal("never")
		}
	}
	if after := r.now.Sub(since); after < 2125*milli || after > 2175*milli {
		t.Errorf("after %v", after)
	}
}

// TestDeafWorker grants what a member has that claims, but hears no GRANT, as its lease runs out.
func TestDeafWorker(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a, b := r.worker("a", 4), r.worker("b", 4)
	r.publish(0, 2)
	a.claim()
	stale, since := *a.got, r.now
	for r.now.Sub(since) < 5*time.Second && len(a.mine()) > 0 {
		r.pass(100 * milli)
		a.got = &stale
		a.claim()
		b.claim()
	}
	if after := r.now.Sub(since); len(b.mine()) != 2 || after < 2100*milli || after > 4300*milli {
		t.Errorf("after %v, the other one has %v", after, b.mine())
	}
}

// TestStamps never gives two GRANTs the same stamp: a CLAIM shows which one has come.
func TestStamps(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.worker("a", 8)
	last := a.got.Stamp
	for range 5 {
		if r.publish(0, 1); a.got.Stamp <= last {
			t.Fatalf("stamp %d after %d", a.got.Stamp, last)
		}
		last = a.got.Stamp
	}
}

// TestWorkTime waits for a sixteenth more than the time for a message, and counts it from the last
// GRANT that a member may have taken it from: until it says that it works on it.
func TestWorkTime(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, WorkTime: 800 * milli})
	a, b := r.worker("a", 1), r.worker("b", 1)
	r.publish(0, 1)
	if len(a.mine()) == 0 {
		a, b = b, a
	}
	a.claim() // it isn't repeated
	r.pass(500 * milli)
	b.claim()
	a.claim() // all that it holds is listed again
	r.pass(500 * milli)
	a.check("0/0*1")
	a.claim(working(0, 0))
	for range 2 {
		r.pass(400 * milli)
		a.claim() // from now on listing it prolongs nothing
		b.claim()
	}
	a.check("0/0*1")
	r.pass(51 * milli)
	if got := append(a.mine(), b.mine()...); !slices.Equal(got, []string{"0/0*2"}) {
		r.Fatalf("they work on %v; redelivered %d", got, r.a.stats.Redelivered)
	}
}

// TestLateDone counts what a member did after its time, or its lease, had run out.
func TestLateDone(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, WorkTime: 100 * milli})
	a, b := r.worker("a", 1), r.worker("b", 1)
	r.publish(0, 1)
	if len(a.mine()) == 0 {
		a, b = b, a
	}
	r.pass(107 * milli)
	if len(b.mine()) == 0 {
		a, b = b, a
		r.pass(107 * milli)
	}
	b.check("0/0*2")
	a.claim(did(0, 0))
	b.check()
	if _, floor := r.a.teams[0].floor(0); floor != 1 {
		t.Errorf("a floor of %d", floor)
	}
}

// TestDoneOfOneThatLeft counts what a member did that has left, or whose name another one has, once
// it is heard of.
func TestDoneOfOneThatLeft(t *testing.T) {
	for _, leaves := range []bool{true, false} {
		r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
		a, b := r.worker("a", 1), r.worker("b", 0)
		r.publish(0, 1)
		a.check("0/0*1")
		for range 30 {
			r.pass(100 * milli)
			b.claim()
		}
		if !leaves {
			r.worker("a", 0)
		} else {
			a.f.Flags |= frame.Leaving
		}
		a.claim(did(0, 0))
		if _, floor := r.a.teams[0].floor(0); floor != 1 {
			t.Errorf("leaves %v: a floor of %d", leaves, floor)
		}
	}
}

// TestManyMessages tells more than a datagram holds, in parts that stand alone.
func TestManyMessages(t *testing.T) {
	r := newRig(t, 3, Config{Settle: -1, Debounce: -1})
	a := r.worker("a", 1024)
	r.worker("b", 1024)
	for i := range 300 {
		r.streams.next[i%3]++
		r.a.Published(r.now, uint32(i%3))
	}
	known, mine := [3]uint64{}, 0
	for {
		to, f, ok := r.a.Next(r.now)
		if !ok {
			break
		}
		if to != a.from {
			continue
		}
		if len(f.Grant.Entries)+len(f.Grant.Passed) > maxUnits {
			t.Fatalf("%d entries", len(f.Grant.Entries))
		}
		mine += len(f.Grant.Entries)
		for _, p := range f.Grant.Passed {
			if p.From > known[p.Channel] {
				t.Fatalf("what lies before %+v is left out", p)
			}
			known[p.Channel] = p.Offset
		}
		for _, e := range f.Grant.Entries { // each in a span of its frame
			if !slices.ContainsFunc(f.Grant.Passed, func(p frame.ChannelOffset) bool {
				return p.Channel == e.Channel && p.From <= e.From && e.To <= p.Offset
			}) {
				t.Fatalf("%+v isn't in %+v", e, f.Grant.Passed)
			}
		}
	}
	if known != [3]uint64{100, 100, 100} || mine != 150 {
		t.Errorf("it knows all below %d, and %d entries", known, mine)
	}
}

// TestFlightBound holds back what would be too much in flight.
func TestFlightBound(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	for i := range 70 {
		s := r.sub(fmt.Sprint(i))
		s.c.Share, s.c.Room = frame.ByMessage, 5000
		s.join()
	}
	r.streams.next[0] = 80_000
	r.a.Published(r.now, 0)
	if used := r.a.teams[0].work.used; used != maxFlight || r.a.stats.Overflowed == 0 {
		t.Errorf("%d in flight, %+v", used, r.a.stats)
	}
}

// BenchmarkByMessage is the cost of a message of a team of eight.
func BenchmarkByMessage(b *testing.B) {
	cfg, _ := Config{Settle: -1, Debounce: -1}.Complete()
	s := &fakeStreams{next: make([]uint64, 1), oldest: make([]uint64, 1)}
	a := New(cfg, Session{ID: 77, Wall: wall}, s)
	now := reliable.Time(time.Second)
	type worker struct {
		f frame.Frame
		c frame.ClaimBody
	}
	workers := make([]worker, 8)
	var buf [256]reliable.TeamEvent
	next := func() {
		for to, f, ok := a.Next(now); ok; to, f, ok = a.Next(now) {
			_ = to
			w := &workers[f.Subscriber-1]
			w.c.Granted = f.Grant.Stamp
			e := &w.c.Entries[0]
			for _, g := range f.Grant.Entries {
				e.Ranges = append(e.Ranges, rng(g.From, g.To))
			}
		}
	}
	claim := func(i int) {
		w := &workers[i]
		w.f.Request++
		w.f.Claim = &w.c
		a.Claim(now, addr(i), &w.f)
		w.c.Entries[0].Ranges = w.c.Entries[0].Ranges[:0]
	}
	for i := range workers {
		workers[i].f = frame.Frame{Kind: frame.Claim, Subscriber: uint64(i + 1),
			Name: []byte{byte(i)}}
		workers[i].c = frame.ClaimBody{Team: []byte("risk"), Share: frame.ByMessage, Room: 8,
			Entries: make([]frame.ClaimEntry, 1)}
		for range 2 {
			claim(i)
			next()
		}
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		now = now.Add(6 * time.Microsecond)
		s.next[0]++
		a.Published(now, 0)
		next()
		if n%2 == 1 { // each CLAIM reports two
			claim(n / 2 % 8)
			next()
		}
		if now >= a.Deadline() {
			a.Advance(now)
		}
		a.Poll(buf[:])
	}
	if _, floor := a.teams[0].floor(0); s.next[0]-floor > 100 {
		b.Fatalf("%d of %d are done", floor, s.next[0])
	}
}

// TestManyGivenUp names all messages that are given up, however many others were granted again.
func TestManyGivenUp(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, Attempts: 2})
	var subs []*sub
	for i := range 6 {
		subs = append(subs, r.worker(fmt.Sprint("w", i), maxRoom))
	}
	for range 2 {
		r.publish(0, 6*maxRoom)
		for range 6 { // all die, and begin anew
			r.pass(500 * milli)
		}
		for i := range subs {
			subs[i] = r.worker(fmt.Sprint("w", i), maxRoom)
		}
	}
	r.pass(3 * time.Second)
	named := 0
	for _, kind := range r.kinds() {
		if kind == reliable.MessageGivenUp {
			named++
		}
	}
	if st := r.a.stats; st.GivenUp <= maxEvents || named != int(st.GivenUp) {
		t.Errorf("%d of %d given up messages are named", named, st.GivenUp)
	}
}
