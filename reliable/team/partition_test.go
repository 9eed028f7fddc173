package team

import (
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// TestFirstGrant holds the way from a first CLAIM to what is granted: nothing before the member
// has shown that it hears GRANTs, and nothing before the team has settled.
func TestFirstGrant(t *testing.T) {
	r := newRig(t, 2, Config{})
	r.streams.next = []uint64{5, 7}
	a := r.sub("a")
	if g := a.claim(); g == nil || len(g.Entries) > 0 || g.Stamp == 0 || g.Refused != 0 ||
		g.Lease != 2*time.Second || g.Members != 1 || a.answered != 1 {
		t.Fatalf("the first CLAIM is answered by %+v", g)
	}
	r.pass(100 * milli)
	if a.claim(); len(a.got.Entries) > 0 {
		t.Fatalf("before the team has settled: %+v", a.got)
	}
	r.pass(399 * milli)
	if len(a.has(frame.Hold)) > 0 {
		t.Fatalf("before the team has settled: %+v", a.got)
	}
	r.pass(2 * milli)
	want := []frame.GrantEntry{
		{Channel: 0, Epoch: firstEpoch, Seq: 5, From: 5, Attempt: 1},
		{Channel: 1, Epoch: firstEpoch, Seq: 7, From: 7, Attempt: 1}}
	if !slices.Equal(a.got.Entries, want) || a.answered != 2 {
		t.Fatalf("it is granted %+v for %d", a.got, a.answered)
	}
	if got, want := r.kinds(), []reliable.TeamEventKind{reliable.TeamNew, reliable.MemberJoined,
		reliable.PartitionGranted, reliable.PartitionGranted}; !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
}

// TestOldestStart lets a new team begin with what is held.
func TestOldestStart(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	r.streams.next[0], r.streams.oldest[0] = 9, 4
	a := r.sub("a")
	a.c.Oldest = true
	a.join()
	if e := a.entry(0); len(e) != 1 || e[0].From != 4 {
		t.Fatalf("%+v", e)
	}
}

// TestStaleIsNotExtended: a member that hears no GRANT holds its partition no longer than it can
// have heard of.
func TestStaleIsNotExtended(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a, b := r.sub("a").join(), r.sub("b")
	held := a.holds()
	if len(held) != 1 {
		t.Fatalf("%+v", a.got)
	}
	b.join()
	stale := *a.got
	since := r.now
	for range 60 { // GRANTs to it are lost from now on
		r.pass(100 * milli)
		a.got = &stale
		a.claim(held...)
		answer := *a.got
		if r.now.Sub(since) >= 2*time.Second+50*milli && len(answer.Entries) > 0 {
			t.Fatalf("after %v it is answered %+v", r.now.Sub(since), answer)
		}
		b.claim(b.holds()...)
		if len(b.has(frame.Hold)) > 0 {
			if after := r.now.Sub(since); after > 2*2*time.Second+400*milli {
				t.Errorf("the other one has it after %v", after)
			}
			return
		}
	}
	t.Fatal("the other one never gets it")
}

// TestLapse grants anew what a dead member had, no sooner than 17/16 of the lease and no later,
// in two entries: what it may have handed out is marked.
func TestLapse(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1})
	r.streams.next[0] = 10
	a := r.sub("a").join()
	r.pass(300 * milli)
	b := r.sub("b").join()
	a.claim(done(0, firstEpoch, 10)) // b's name may be the better one
	if len(a.has(frame.Hold)) != 1 {
		t.Fatalf("%+v", a.got)
	}
	r.streams.next[0] = 25
	last := r.now
	a.claim(done(0, firstEpoch, 12))
	for len(b.has(frame.Hold)) == 0 {
		r.pass(milli)
		if r.now.Sub(last)%(100*milli) == 0 {
			b.claim()
		}
		if r.now.Sub(last) > 3*time.Second {
			t.Fatal("never granted anew")
		}
	}
	if after := r.now.Sub(last); after < 2125*milli || after > 2127*milli {
		t.Errorf("granted anew after %v", after)
	}
	want := []frame.GrantEntry{
		{Epoch: firstEpoch + 1, Seq: 12, From: 12, To: 25, Attempt: 2},
		{Epoch: firstEpoch + 1, Seq: 12, From: 25, Attempt: 1}}
	if !slices.Equal(b.got.Entries, want) {
		t.Errorf("granted %+v", b.got.Entries)
	}
}

// TestAttemptsEnd counts attempts for what was granted in vain alone.
func TestAttemptsEnd(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	attempt := uint32(1)
	for i, name := range []string{"a", "b", "c", "d"} {
		s := r.sub(name).join()
		e := s.entry(0)
		if len(e) == 0 || e[0].Attempt != attempt || e[0].Epoch != firstEpoch+uint64(i) {
			t.Fatalf("%s is granted %+v, not attempt %d", name, e, attempt)
		}
		r.streams.next[0] += 10
		if attempt++; name == "c" { // which does all of it, and more comes
			s.claim(done(0, e[0].Epoch, 30))
			attempt = 2
			r.streams.next[0] += 10
		}
		r.pass(3 * time.Second)
	}
}

// TestMove takes a partition from one member to another: the new one gets ready, the old one gives
// it back, and nothing is marked.
func TestMove(t *testing.T) {
	r := newRig(t, 2, Config{Settle: -1})
	r.streams.next = []uint64{10, 10}
	a := r.sub("a").join()
	r.pass(200 * milli)
	if got := a.has(frame.Hold); !slices.Equal(got, []uint32{0, 1}) {
		t.Fatalf("a has %v", got)
	}
	b := r.sub("b").join()
	r.pass(199 * milli)
	a.claim(a.holds()...)
	if len(b.has(frame.Prepare))+len(a.has(frame.GiveBack)) > 0 {
		t.Fatal("moved at once")
	}
	r.pass(2 * milli)
	moves := b.has(frame.Prepare)
	if len(moves) != 1 || len(a.has(frame.GiveBack)) > 0 {
		t.Fatalf("b is to prepare %v, a to give back %v", moves, a.has(frame.GiveBack))
	}
	p := moves[0]
	b.claim(frame.ClaimEntry{Channel: p, State: frame.Ready})
	if got := a.has(frame.GiveBack); !slices.Equal(got, moves) {
		t.Fatalf("a is to give back %v", got)
	}
	r.pass(100 * milli)
	a.claim(a.holds()...)
	if b.claim(); len(b.has(frame.Hold)) > 0 {
		t.Fatal("b has it before a gave it back")
	}
	a.claim(done(1-p, firstEpoch, 10), released(p, firstEpoch, 10))
	if got := a.has(frame.Hold); !slices.Equal(got, []uint32{1 - p}) {
		t.Fatalf("a has %v", got)
	}
	want := []frame.GrantEntry{{Channel: p, Epoch: firstEpoch + 1, Seq: 10, From: 10, Attempt: 1}}
	if !slices.Equal(b.got.Entries, want) {
		t.Fatalf("b is granted %+v", b.got.Entries)
	}
	if len(a.has(frame.GiveBack)) > 0 {
		t.Fatal("a is still to give it back")
	}
}

// TestUnready moves a partition though the new one never says that it is ready.
func TestUnready(t *testing.T) {
	r := newRig(t, 2, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	b := r.sub("b").join()
	r.tick(400*milli, a, b)
	if len(a.has(frame.GiveBack)) > 0 {
		t.Fatal("asked back at once")
	}
	r.tick(200*milli, a, b)
	if len(a.has(frame.GiveBack)) != 1 {
		t.Fatalf("%+v", a.got)
	}
}

// TestFinishWait bounds the time for which a partition that isn't given back is held.
func TestFinishWait(t *testing.T) {
	r := newRig(t, 2, Config{Settle: -1, Debounce: -1, FinishWait: 4 * time.Second})
	a := r.sub("a").join()
	b := r.sub("b").join()
	asked := reliable.Time(0)
	for len(b.has(frame.Hold)) == 0 {
		r.tick(100*milli, a, b)
		if asked != 0 && r.now.Sub(asked) > 4200*milli && len(a.has(frame.GiveBack)) > 0 {
			t.Fatalf("after %v it is still told that it holds it", r.now.Sub(asked))
		}
		if asked == 0 && len(a.has(frame.GiveBack)) > 0 {
			asked = r.now
		}
		if r.now > reliable.Time(20*time.Second) {
			t.Fatal("never granted to the other one")
		}
	}
	if after := r.now.Sub(asked); after < 4*time.Second || after > 6400*milli {
		t.Errorf("it took %v", after)
	}
	if r.a.stats.Unfinished != 1 || len(a.has(frame.Hold)) != 1 {
		t.Errorf("%+v: a has %+v", r.a.stats, a.got)
	}
}

// TestLeave gives what a member that leaves has done to the others, unmarked where it released it,
// and marked where it didn't.
func TestLeave(t *testing.T) {
	r := newRig(t, 2, Config{Settle: -1})
	a := r.sub("a").join()
	r.pass(200 * milli)
	a.claim(a.holds()...)
	b := r.sub("b").join()
	r.streams.next = []uint64{20, 30}
	a.f.Flags = frame.Leaving
	a.claim(released(0, firstEpoch, 20)) // the other one's part of the CLAIM is lost
	if len(a.got.Entries) != 1 || a.got.Members == 0 || r.a.teams[0].named([]byte("a")) == nil {
		t.Fatalf("who has yet to release a partition is answered %+v", a.got)
	}
	rest := released(1, firstEpoch, 7)
	rest.Received = 16
	a.claim(rest)
	if len(a.got.Entries) > 0 || a.got.Members > 0 || a.answered != a.f.Request {
		t.Fatalf("who leaves is answered %+v", a.got)
	}
	want := []frame.GrantEntry{ // at once: nobody has it
		{Channel: 0, Epoch: firstEpoch + 1, Seq: 20, From: 20, Attempt: 1},
		{Channel: 1, Epoch: firstEpoch + 1, Seq: 7, From: 7, To: 16, Attempt: 2},
		{Channel: 1, Epoch: firstEpoch + 1, Seq: 7, From: 16, Attempt: 1}}
	if !slices.Equal(b.got.Entries, want) {
		t.Fatalf("granted %+v", b.got.Entries)
	}
	// What it had said before it left comes late.
	n := len(r.a.teams[0].members)
	a.f.Flags, a.f.Request = 0, a.f.Request-2
	a.claim()
	if len(r.a.teams[0].members) != n {
		t.Error("one that left is back by a late CLAIM")
	}
}

// TestBeginsAnew takes the first CLAIM of one that knows of no GRANT for the end of what it had.
func TestBeginsAnew(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	r.streams.next[0] = 10
	a.claim(done(0, firstEpoch, 3))
	a.got = nil
	a.claim()
	a.claim()
	r.pass(600 * milli)
	a.claim()
	want := []frame.GrantEntry{{Epoch: firstEpoch + 1, Seq: 3, From: 3, To: 10, Attempt: 2},
		{Epoch: firstEpoch + 1, Seq: 3, From: 10, Attempt: 1}}
	if !slices.Equal(a.entry(0), want) {
		t.Fatalf("%+v", a.entry(0))
	}
}

// TestOvertaken ignores CLAIMs that others have overtaken.
func TestOvertaken(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	r.streams.next[0] = 10
	a.claim(done(0, firstEpoch, 3))
	until := r.a.teams[0].rows[0].until
	r.pass(100 * milli)
	a.f.Request--
	a.claim(released(0, firstEpoch, 9))
	if row := &r.a.teams[0].rows[0]; row.owner == nil || row.done != 3 || row.until != until {
		t.Fatalf("%+v", row)
	}
}

// TestReleasedStays: a partition that was released is granted under another epoch, whatever comes
// for the old one.
func TestReleasedStays(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	r.streams.next[0] = 10
	a.claim(released(0, firstEpoch, 4))
	if len(a.entry(0)) > 0 {
		t.Fatal("granted again at once, and given back again at once")
	}
	r.pass(501 * milli)
	if e := a.entry(0); len(e) == 0 || e[0].Epoch != firstEpoch+1 || e[0].From != 4 {
		t.Fatalf("%+v", e)
	}
	a.claim(released(0, firstEpoch, 7))
	if e := a.entry(0); len(e) == 0 || e[0].Epoch != firstEpoch+1 || e[0].From != 4 {
		t.Fatalf("%+v", e)
	}
}

// TestLapsedRelease marks all that a member may hand out after its lease has run out, as orphans,
// and what it says later that it did.
func TestLapsedRelease(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a")
	a.c.Window = 3
	a.join()
	r.streams.next[0] = 30
	e := released(0, firstEpoch, 4)
	e.State = frame.Lapsed
	a.claim(e)
	if marked := r.a.teams[0].rows[0].marked; marked != 7 {
		t.Errorf("marked up to %d", marked)
	}
	e.Received = 9
	a.claim(e)
	r.pass(501 * milli)
	if e := a.entry(0); len(e) != 2 || e[0].From != 4 || e[0].To != 9 || e[0].Attempt < 2 {
		t.Fatalf("%+v", e)
	}
}

// TestHandedOutBeforeRelease marks what a member had handed out and not done as it released.
func TestHandedOutBeforeRelease(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	r.streams.next[0] = 10
	e := released(0, firstEpoch, 4)
	e.Received = 6
	r.a.teams[0].rows[0].state = frame.GiveBack // as if it was asked to
	a.claim(e)
	want := []frame.GrantEntry{{Epoch: firstEpoch + 1, Seq: 4, From: 4, To: 6, Attempt: 2},
		{Epoch: firstEpoch + 1, Seq: 4, From: 6, Attempt: 1}}
	if !slices.Equal(a.entry(0), want) {
		t.Fatalf("%+v", a.entry(0))
	}
}

// TestBeyond leaves out what is done beyond the done position.
func TestBeyond(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	r.streams.next[0] = 30
	e := released(0, firstEpoch, 4)
	e.Received = 12
	r.a.teams[0].rows[0].state = frame.GiveBack
	e.Ranges = append(e.Ranges, rng(4, 5), rng(7, 9), rng(10, 20), rng(40, 50))
	a.claim(e)
	want := []frame.GrantEntry{
		{Epoch: firstEpoch + 1, Seq: 5, From: 5, To: 7, Attempt: 2},
		{Epoch: firstEpoch + 1, Seq: 5, From: 9, To: 10, Attempt: 2},
		{Epoch: firstEpoch + 1, Seq: 5, From: 20, Attempt: 1}}
	if !slices.Equal(a.entry(0), want) {
		t.Fatalf("%+v", a.entry(0))
	}
	a.claim(done(0, firstEpoch+1, 7))
	if e := a.entry(0); e[0].From != 9 {
		t.Fatalf("%+v", e)
	}
}

// TestDeaf grants nothing to a member that hears no data, for 10 s.
func TestDeaf(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	e := released(0, firstEpoch, 0)
	e.State = frame.Deaf
	a.claim(e)
	since := r.now
	for len(a.has(frame.Hold)) == 0 {
		r.tick(100*milli, a)
		if r.now.Sub(since) > 12*time.Second {
			t.Fatal("never granted again")
		}
	}
	if after := r.now.Sub(since); after < 10*time.Second || after > 10200*milli {
		t.Errorf("granted again after %v", after)
	}
}

// TestNameTaken refuses a second member of a name while the first one lives.
func TestNameTaken(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a, b := r.sub("a").join(), r.sub("b")
	b.f.Name = []byte("a")
	if g := b.claim(); g.Refused != frame.NameTaken || len(g.Entries) > 0 {
		t.Fatalf("%+v", g)
	}
	since := r.now
	for b.got.Refused != 0 {
		r.pass(50 * milli)
		b.claim()
	}
	if after := r.now.Sub(since); after < 2100*milli || after > 2200*milli {
		t.Errorf("accepted after %v", after)
	}
	if b.claim(); len(b.has(frame.Hold)) != 1 {
		t.Errorf("%+v", b.got)
	}
	_ = a
}

// TestRefusals names each reason.
func TestRefusals(t *testing.T) {
	r := newRig(t, 1, Config{MaxTeams: 2, MaxMembers: 2})
	r.sub("a").join()
	for name, want := range map[string]frame.Refusal{"share": frame.OtherShare, "b": 0,
		"c": frame.TooMany} {
		if name == "c" {
			r.sub("b").join()
		}
		s := r.sub(name)
		if name == "share" {
			s.c.Share = frame.ByMessage
		}
		if g := s.claim(); g.Refused != want {
			t.Errorf("%s: %v", name, g.Refused)
		}
	}
	for i, want := range []frame.Refusal{0, frame.TooMany} {
		s := r.sub([]string{"x", "y"}[i])
		s.c.Team = s.f.Name
		if g := s.claim(); g.Refused != want {
			t.Errorf("team %d: %v", i, g.Refused)
		}
	}
	r = newRig(t, 1, Config{Off: true})
	if g := r.sub("a").claim(); g.Refused != frame.NoTeams {
		t.Errorf("off: %v", g.Refused)
	}
}

// TestSuspendedArbiter reads what came while it was suspended before it grants anything anew.
func TestSuspendedArbiter(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	b := r.sub("b").join()
	r.tick(time.Second, a, b)
	if len(a.has(frame.Hold)) == 0 {
		a, b = b, a
	}
	owner := a.entry(0)
	if len(owner) == 0 {
		t.Fatalf("nobody has it: %+v, %+v", a.got, b.got)
	}
	r.now = r.now.Add(5 * time.Second) // the process sleeps
	r.a.Advance(r.now)
	r.drain()
	b.claim() // which is read first, and is stale as the other one
	a.claim(a.holds()...)
	r.pass(100 * milli)
	a.claim(owner1(owner)...)
	b.claim()
	r.tick(2*time.Second, a, b)
	if e := a.entry(0); len(e) != 1 || e[0].Epoch != owner[0].Epoch {
		t.Fatalf("from %+v to %+v, and the other one %+v", owner, e, b.got)
	}
}

func owner1(e []frame.GrantEntry) []frame.ClaimEntry {
	return []frame.ClaimEntry{{Channel: e[0].Channel, Epoch: e[0].Epoch, Done: e[0].From}}
}

// TestRepeated sends a GRANT with something new again, until a CLAIM shows it.
func TestRepeated(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a")
	old := *a.claim()
	a.claim()
	now := *a.got
	a.got = &old
	a.claim() // without the news
	a.got = &now
	n := a.gots
	r.pass(300 * milli)
	if more := a.gots - n; more < 3 || more > 8 {
		t.Fatalf("repeated %d times", more)
	}
	a.claim(a.holds()...)
	n = a.gots
	if r.pass(300 * milli); a.gots != n {
		t.Fatal("repeated after it was shown")
	}
}

// TestForeign ignores a CLAIM from another address, unless the member has moved there.
func TestForeign(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	stranger := addr(99)
	a.from = stranger
	until := r.a.teams[0].rows[0].until
	for range 3 {
		r.pass(10 * milli)
		a.send(released(0, firstEpoch, 0))
	}
	if row := &r.a.teams[0].rows[0]; row.owner == nil || row.until != until {
		t.Fatal("a stranger's CLAIM counts")
	}
	for range 18 {
		r.pass(100 * milli)
		a.send(a.holds()...)
	}
	if r.a.stats.Moved != 1 || r.a.teams[0].members[0].addr != stranger {
		t.Fatalf("%+v", r.a.stats)
	}
}

// TestManyMembers scales the lease.
func TestManyMembers(t *testing.T) {
	r := newRig(t, 1, Config{Lease: 200 * milli, MaxMembers: 1000})
	for i := range 200 {
		s := &sub{r: r, from: addr(i)}
		s.c = frame.ClaimBody{Team: []byte("risk"), Share: frame.ByPartition}
		s.f = frame.Frame{Kind: frame.Claim, Subscriber: uint64(i + 1),
			Name: []byte{byte(i), byte(i >> 8)}}
		r.subs[string(s.f.Name)] = s
		s.claim()
	}
	if last := r.subs[string([]byte{199, 0})]; last.got.Lease != 1600*milli {
		t.Errorf("a lease of %v", last.got.Lease)
	}
}

// TestManyPartitions grants more than a datagram holds.
func TestManyPartitions(t *testing.T) {
	r := newRig(t, 100, Config{Settle: -1, Debounce: -1})
	a := r.sub("a")
	a.claim()
	a.send()
	seen := map[uint32]bool{}
	for frames := 0; ; frames++ {
		_, f, ok := r.a.Next(r.now)
		if !ok {
			break
		}
		if len(f.Grant.Entries) > maxEntries || f.Request != 2 {
			t.Fatalf("%d entries for %d", len(f.Grant.Entries), f.Request)
		}
		for _, e := range f.Grant.Entries {
			seen[e.Channel] = true
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d partitions are granted", len(seen))
	}
}
