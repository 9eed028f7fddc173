package team

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// TestUnansweredTeam counts no team whose member never showed a GRANT. Where it began is all that
// stays of it, as long as no other team needs its place.
func TestUnansweredTeam(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a")
	for range 3 {
		a.got = nil
		a.claim()
		r.pass(100 * milli)
	}
	floors := 0
	r.a.Floors(0, func(string, uint64, uint64) { floors++ })
	_, ok := r.a.Floor(0)
	if ok || floors > 0 || r.a.Teams() > 0 || len(r.a.States()) > 0 || len(r.a.Positions()) > 0 ||
		r.a.Has(a.f.Subscriber) {
		t.Fatal("it counts")
	}
	if _, _, ok := r.a.Part(a.f.Subscriber); ok {
		t.Fatal("it has a part")
	}
	r.pass(3 * time.Second)
	r.streams.next[0] = 20
	if list := r.kinds(); len(list) > 0 {
		t.Fatalf("%v is told", list)
	}
	a.join()
	if _, ok = r.a.Floor(0); !ok || r.a.Teams() != 1 || !r.a.Has(a.f.Subscriber) {
		t.Fatal("it doesn't count once it was answered")
	}
	if e := a.entry(0); len(e) == 0 || e[0].From != 0 {
		t.Fatalf("it begins anew: %+v", e)
	}
	a.got = nil
	if r.pass(time.Minute); len(r.a.teams) != 1 || r.a.Teams() != 1 {
		t.Fatal("it doesn't stay")
	}
}

// TestUnansweredTeamMakesRoom has a team that counts for nothing make room for another one, and for
// one of its name that shares in the other way.
func TestUnansweredTeamMakesRoom(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, MaxTeams: 2})
	claim := func(team string, share frame.Share) *sub {
		s := r.sub(team)
		s.c.Team, s.c.Share = []byte(team), share
		s.claim()
		return s
	}
	claim("x", frame.ByPartition)
	claim("y", frame.ByPartition)
	if r.pass(3 * time.Second); len(r.a.teams) != 2 {
		t.Fatalf("%d teams", len(r.a.teams))
	}
	if claim("y", frame.ByMessage).got.Refused != 0 {
		t.Error("a name is taken by a team that nobody has")
	}
	if claim("z", frame.ByPartition).got.Refused != 0 || r.a.team([]byte("x")) != nil {
		t.Error("a team that nobody has takes the place of others")
	}
	if claim("w", frame.ByPartition).got.Refused != frame.TooMany {
		t.Error("a team with a member makes room")
	}
}

// forge sends CLAIMs of members at addresses of their own, and returns the GRANTs that they draw.
func (r *rig) forge(subs []*sub, granted uint64, entries ...frame.ClaimEntry) (n int) {
	for _, s := range subs {
		s.f.Request++
		f, c := s.f, s.c
		c.Granted, c.Entries, f.Claim = granted, entries, &c
		r.a.Claim(r.now, s.from, &f)
		for _, _, ok := r.a.Next(r.now); ok; _, _, ok = r.a.Next(r.now) {
			n++
		}
	}
	return n
}

// TestForgedAddress grants nothing to an address that shows the stamps of another one, and answers
// each CLAIM with one GRANT.
func TestForgedAddress(t *testing.T) {
	for _, share := range []frame.Share{frame.ByPartition, frame.ByMessage} {
		r := newRig(t, 16, Config{Settle: -1, Debounce: -1})
		a, b, c := r.sub("a"), r.sub("b"), r.sub("c")
		for _, s := range []*sub{a, b, c} {
			s.c.Share, s.c.Room = share, maxRoom
		}
		a.claim()
		stamps := []uint64{a.got.Stamp}
		stamps = append(stamps, a.claim().Stamp)
		for channel := range r.streams.next {
			r.streams.next[channel] = 1000
			r.a.Published(r.now, uint32(channel))
		}
		r.drain()
		working := frame.ClaimEntry{Working: []nack.Range{rng(0, 1000)}}
		for range 20 {
			stamps = append(stamps, a.claim().Stamp)
			for _, stamp := range stamps {
				if n := r.forge([]*sub{b, c}, stamp, working); n > 2 {
					t.Fatalf("%v: 2 CLAIMs draw %d GRANTs", share, n)
				}
			}
			r.pass(10 * milli)
		}
		for _, s := range []*sub{b, c} {
			if m := r.a.teams[0].byID[s.f.Subscriber]; m.eligible || m.owns+m.outstanding > 0 {
				t.Fatalf("%v: it is eligible", share)
			}
		}
		if b.got = nil; b.join().got.Stamp == 0 || !r.a.teams[0].byID[b.f.Subscriber].eligible {
			t.Fatalf("%v: the one that is answered isn't eligible", share)
		}
	}
}

// TestForgedMove sends nothing more than answers to an address that a member says it moved to,
// before that has shown one.
func TestForgedMove(t *testing.T) {
	r := newRig(t, 16, Config{Settle: -1, Debounce: -1})
	a := r.sub("a")
	a.c.Share, a.c.Room = frame.ByMessage, maxRoom
	a.join()
	stamp := a.got.Stamp
	a.from = addr(99)
	moved := func() bool { return r.a.stats.Moved > 0 }
	for range 18 {
		if r.pass(100 * milli); moved() {
			break
		}
		r.forge([]*sub{a}, stamp)
	}
	if !moved() {
		t.Fatal("it hasn't moved")
	}
	for channel := range r.streams.next {
		r.streams.next[channel] = 1000
		r.a.Published(r.now, uint32(channel))
	}
	if _, _, ok := r.a.Next(r.now); ok {
		t.Fatal("it is granted something")
	}
	if n := r.forge([]*sub{a}, stamp); n != 1 {
		t.Fatalf("%d GRANTs", n)
	}
	if a.claim(); len(a.got.Entries) > 0 { // it shows what came there
		t.Fatal("it is granted something")
	}
	if a.claim(); len(a.got.Entries) == 0 {
		t.Fatal("it isn't granted anything though it has shown a stamp")
	}
}

// TestLeaverMovesNothing determines no parts anew for one that had none.
func TestLeaverMovesNothing(t *testing.T) {
	r := newRig(t, 4, Config{Settle: -1, Debounce: -1})
	r.sub("a").join()
	one := r.a.teams[0]
	b := r.sub("b")
	b.send()
	one.leave(r.now, one.byID[b.f.Subscriber])
	if one.change != reliable.Never {
		t.Error("parts are determined anew")
	}
}

// TestWideRanges looks at what is in flight within bounds, however wide the ranges of a CLAIM are.
func TestWideRanges(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, WorkTime: 10 * milli, Attempts: 100})
	for i := range 16 {
		s := r.sub(string(rune('a' + i)))
		s.c.Share, s.c.Room = frame.ByMessage, maxRoom
		s.join()
	}
	const messages = 16 * maxRoom
	r.streams.next[0] = messages
	r.a.Published(r.now, 0)
	r.pass(20 * milli) // all were granted, and are granted again
	w := r.a.teams[0].work
	if w.used != messages || r.a.stats.Redelivered < messages {
		t.Fatalf("%d in flight, %+v", w.used, r.a.stats)
	}
	all := []nack.Range{rng(0, 1<<40)}
	if n := w.finished(nil, []frame.ClaimEntry{{Ranges: all}, {Ranges: all}}); n > maxSteps {
		t.Errorf("one CLAIM has looked at %d", n)
	}
	// What is done is no step for the next one.
	if n := w.finished(nil, []frame.ClaimEntry{{Ranges: all}}); n != messages-maxSteps {
		t.Errorf("%d were left", n)
	}
}

// TestWorkingIsTold tells a member that works on one of many messages of that one, and not of all.
func TestWorkingIsTold(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a")
	a.c.Share, a.c.Room = frame.ByMessage, maxRoom
	a.join()
	r.streams.next[0] = 500
	r.a.Published(r.now, 0)
	r.drain()
	a.claim() // shows them
	r.pass(milli)
	a.claim(frame.ClaimEntry{Working: []nack.Range{rng(7, 8)}})
	if e := a.got.Entries; len(e) != 1 || e[0].From != 7 || e[0].To != 8 {
		t.Errorf("it is told of %+v", e)
	}
}

// TestManyPairsRest determines the parts of many members no more often than every so often.
func TestManyPairsRest(t *testing.T) {
	r := newRig(t, 256, Config{Settle: -1, Debounce: -1})
	one := (*team)(nil)
	for i := range 32 {
		r.sub(string(rune('a' + i))).join()
		one = r.a.teams[0]
	}
	if one.change == reliable.Never || one.change != one.rests || one.rests <= r.now {
		t.Errorf("at %v, the next change is at %v", r.now, one.change)
	}
	parts := make([]int, 256)
	list := make([]candidate, 8)
	for i := range list {
		list[i] = candidate{name: string(rune('a' + i)), weight: 1}
	}
	r.a.scores.target(parts, list)
	if n := testing.AllocsPerRun(10, func() { r.a.scores.target(parts, list) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
