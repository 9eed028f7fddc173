package team

import (
	"reflect"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// TestTargetLeaves: the member that a partition is about to go to leaves, or dies, before it does.
func TestTargetLeaves(t *testing.T) {
	for _, dies := range []bool{false, true} {
		r := newRig(t, 2, Config{Settle: -1, Debounce: -1})
		a, b := r.sub("a").join(), r.sub("b").join()
		if len(b.has(frame.Prepare)) != 1 {
			t.Fatalf("%+v", b.got)
		}
		if !dies {
			b.f.Flags = frame.Leaving
			b.claim()
		}
		r.tick(5*time.Second, a)
		if got := a.has(frame.Hold); len(got) != 2 || len(a.has(frame.GiveBack)) != 0 {
			t.Fatalf("a has %+v", a.got)
		}
	}
}

// TestExpiry forgets a team that has been without members for a while, and starts its successor's
// epochs above its own.
func TestExpiry(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, Expiry: time.Minute})
	r.sub("a").join()
	r.pass(62 * time.Second)
	if len(r.a.teams) != 1 {
		t.Fatal("forgotten too soon")
	}
	r.pass(time.Second)
	if len(r.a.teams) != 0 {
		t.Fatal("not forgotten")
	}
	if r.a.Deadline() != reliable.Never {
		t.Error("there is a deadline without a team")
	}
	b := r.sub("b").join()
	if e := b.entry(0); len(e) != 1 || e[0].Epoch != firstEpoch+1 {
		t.Errorf("%+v", e)
	}
}

// TestForget ends a team, but no sooner than its leases.
func TestForget(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	if !r.a.Forget(r.now, "risk") || r.a.Forget(r.now, "no") {
		t.Fatal("Forget answers wrong")
	}
	since, last, old := r.now, r.a.teams[0].rows[0].until, r.a.teams[0]
	if g := r.sub("b").claim(); g.Refused != frame.NoTeam {
		t.Fatalf("%+v", g)
	}
	for {
		if r.pass(100 * milli); len(r.a.teams) == 0 {
			break
		}
		if a.claim(done(0, firstEpoch, 0)); r.a.teams[0] == old && a.got.Refused != frame.NoTeam {
			t.Fatalf("it holds %+v", a.got)
		}
		if r.now.Sub(since) > 10*time.Second {
			t.Fatal("never forgotten")
		}
		if _, ok := r.a.Floor(0); ok {
			t.Fatal("it holds up the floor")
		}
	}
	if r.now < last {
		t.Error("forgotten while a lease ran")
	}
}

// TestRestore takes teams up where an earlier session of the publisher left them.
func TestRestore(t *testing.T) {
	r := newRig(t, 2, Config{Settle: -1, Debounce: -1})
	r.streams.next = []uint64{50, 50}
	r.streams.oldest = []uint64{10, 10}
	r.a.Restore(0, []reliable.TeamPosition{
		{Team: "risk", Share: frame.ByPartition, Partition: 0, Epoch: 7, Offset: 20, Granted: 30,
			Attempt: 1, Beyond: []uint64{22, 24}},
		{Team: "risk", Share: frame.ByPartition, Partition: 1, Epoch: firstEpoch + 9, Offset: 5},
		{Team: "risk", Share: frame.ByPartition, Partition: 9},
		{Team: "mail", Share: frame.ByMessage, Partition: 1, Epoch: 3, Offset: 40},
	})
	if floor, ok := r.a.Floor(0); !ok || floor != 10 {
		t.Errorf("a floor of %d", floor) // of the team of which nothing is known there
	}
	a := r.sub("a").join()
	e := a.entry(0)
	if len(e) != 3 || e[0] != (frame.GrantEntry{Epoch: firstEpoch, Seq: 20, From: 20, To: 22,
		Attempt: 2}) || e[1].From != 24 || e[1].To != 50 || e[1].Attempt != 2 || e[2].From != 50 ||
		e[2].Attempt != 1 {
		t.Errorf("%+v", e) // up to 50: the position says 30, and is older than what was granted
	}
	if e := a.entry(1); len(e) != 2 || e[0].Epoch != firstEpoch+10 || e[0].From != 10 ||
		e[0].Attempt != 2 || e[1].From != 50 {
		t.Errorf("%+v", e)
	}
	back := 0
	for _, kind := range r.kinds() {
		if kind == reliable.ClockBack {
			back++
		}
	}
	if back != 1 {
		t.Errorf("%d times it is told that the clock went back", back)
	}
	list := r.a.Positions()
	if len(list) != 4 || list[0].Offset != 20 || list[0].Granted != 50 || list[0].Topic != "orders" ||
		list[0].Publisher != "pub" || list[0].Session != 77 || list[3].Offset != 40 {
		t.Errorf("%+v", list)
	}
}

// TestRestoreByMessage marks all that an earlier session may have granted, leaves out what was
// done, and saves the same until it is done.
func TestRestoreByMessage(t *testing.T) {
	r := newRig(t, 2, Config{Settle: -1, Debounce: -1})
	r.streams.next, r.streams.oldest = []uint64{10, 4}, []uint64{1, 0}
	saved := reliable.TeamPosition{Team: "risk", Share: frame.ByMessage, Topic: "orders",
		Publisher: "pub", Session: 77, Epoch: firstEpoch + 5, Offset: 2, Granted: 6, Attempt: 1,
		Beyond: []uint64{3, 5, 8, 10}}
	r.a.Restore(r.now, []reliable.TeamPosition{saved})
	want := saved
	want.Seq, want.Granted, want.Attempt = 2, 10, 2
	want.Epoch++
	if got := r.a.Positions()[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	a := r.worker("a", 4)
	a.check("0/2*2", "0/5*2", "0/6*2", "0/7*2")
	a.claim(did(0, 2, 5, 6, 7))
	a.check("1/0*1", "1/1*1", "1/2*1", "1/3*1") // of which no position was saved
	a.claim(did(1, 0, 1, 2, 3))
	r.publish(0, 2)
	a.check("0/10*1", "0/11*1")
	if e := a.got.Entries[0]; e.Epoch <= firstEpoch+5 {
		t.Errorf("the epoch %d", e.Epoch)
	}
	a.claim(did(0, 10, 11))
	if got := r.a.Positions()[0]; got.Offset != 12 || got.Attempt != 1 || got.Beyond != nil {
		t.Errorf("%+v", got)
	}
	if s := r.a.States()[0]; s.Redelivered != 4 || s.Lag != 0 || r.a.stats.Redelivered != 4 {
		t.Errorf("%+v", s)
	}
}

// What was done beyond the position, and from the oldest message on that is held, isn't granted.
func TestRestoreBeyondOldest(t *testing.T) {
	for _, share := range []frame.Share{frame.ByPartition, frame.ByMessage} {
		r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
		r.streams.next, r.streams.oldest = []uint64{10}, []uint64{5}
		r.a.Restore(r.now, []reliable.TeamPosition{{Team: "risk", Share: share, Offset: 2,
			Granted: 10, Attempt: 1, Beyond: []uint64{3, 7, 9, 10}}})
		a := r.sub("a")
		a.c.Share = share
		a.join()
		if e := a.entry(0); len(e) == 0 || e[0].From != 7 || e[0].Seq > 7 || e[0].To != 9 ||
			e[0].Attempt != 2 {
			t.Errorf("%v: %+v", share, e)
		}
		if floor, ok := r.a.Floor(0); !ok || floor != 7 {
			t.Errorf("%v: a floor of %d", share, floor)
		}
	}
}

// A position that is wrong in any way restores what can be.
func TestRestoreOddPositions(t *testing.T) {
	for _, p := range []reliable.TeamPosition{
		{Offset: 1 << 60, Granted: 1, Attempt: ^uint32(0)},
		{Offset: 3, Beyond: []uint64{9, 2, 4}},
		{Offset: 3, Beyond: []uint64{0, ^uint64(0)}},
		{Offset: 3, Beyond: []uint64{3, 4, 6, 7, 5, 8, 9, 99}},
	} {
		for _, share := range []frame.Share{frame.ByPartition, frame.ByMessage} {
			r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
			r.streams.next = []uint64{10}
			p.Team, p.Share = "risk", share
			r.a.Restore(r.now, []reliable.TeamPosition{p})
			a := r.sub("a")
			a.c.Share = share
			a.join()
			r.publish(0, 4)
			a.claim()
			for _, e := range a.entry(0) {
				if e.From < 10 && e.Attempt != 2 && p.Attempt == 0 {
					t.Errorf("%v, %v: %+v", share, p, e)
				}
			}
			if floor, ok := r.a.Floor(0); !ok || floor > 14 {
				t.Errorf("%v, %v: a floor of %d", share, p, floor)
			}
		}
	}
}

// TestWatch answers a tool, in parts.
func TestWatch(t *testing.T) {
	r := newRig(t, 60, Config{Settle: -1, Debounce: -1})
	r.sub("a").join()
	w := frame.Frame{Kind: frame.Claim, Subscriber: 9, Request: 4,
		Claim: &frame.ClaimBody{Team: []byte("risk")}}
	if n := r.a.Answers(&w); n != 3 {
		t.Errorf("%d answers", n)
	}
	r.a.Claim(r.now, addr(9), &w)
	rows, members := 0, 0
	for part := range 3 {
		to, f, ok := r.a.Next(r.now)
		if !ok || to != addr(9) || f.Kind != frame.Team || f.Request != 4 ||
			f.Team.Part != uint32(part) || f.Team.Parts != 3 {
			t.Fatalf("%v: %+v", to, f)
		}
		rows, members = rows+len(f.Team.Rows), members+len(f.Team.Members)
		for _, row := range f.Team.Rows {
			if row.Owner != 1 || row.Epoch != firstEpoch {
				t.Errorf("%+v", row)
			}
		}
	}
	if rows != 60 || members != 1 {
		t.Errorf("%d rows, %d members", rows, members)
	}
	w.Claim.Team = []byte("none")
	r.a.Claim(r.now, addr(9), &w)
	if _, f, ok := r.a.Next(r.now); !ok || f.Team.Refused != frame.NoTeam {
		t.Errorf("%+v", f)
	}
	w.Claim = &frame.ClaimBody{Team: []byte("risk"), Forget: true}
	if r.a.Claim(r.now, addr(9), &w); len(r.a.teams) != 1 || r.a.teams[0].forgotten {
		t.Error("forgotten with a member")
	}
	r.drainAll()
	r.pass(3 * time.Second)
	if r.a.Claim(r.now, addr(9), &w); len(r.a.teams) != 0 {
		t.Error("it isn't forgotten")
	}
	if _, f, ok := r.a.Next(r.now); !ok || f.Team.Refused != 0 || f.Team.Parts != 1 {
		t.Errorf("%+v", f.Team)
	}
}

// drainAll drops all frames that are due.
func (r *rig) drainAll() {
	for {
		if _, _, ok := r.a.Next(r.now); !ok {
			return
		}
	}
}

// TestClosed grants nothing again that is done to the end of a closed session.
func TestClosed(t *testing.T) {
	r := newRig(t, 2, Config{Settle: -1, Debounce: -1})
	r.streams.next = []uint64{10, 10}
	a := r.sub("a")
	a.c.Oldest = true
	a.join()
	r.streams.closed = true
	a.claim(released(0, firstEpoch, 10), released(1, firstEpoch, 9))
	r.tick(time.Second, a)
	if got := a.has(frame.Hold); len(got) != 1 || got[0] != 1 {
		t.Fatalf("a has %+v", a.got)
	}
	b := r.sub("b").join()
	if r.tick(time.Second, a, b); len(b.has(frame.Prepare)) > 1 {
		t.Errorf("b is to prepare %v", b.has(frame.Prepare))
	}
}

// TestWindow marks no more than a dead member may have handed out.
func TestWindow(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	r.streams.next[0] = 100
	a := r.sub("a")
	a.c.Oldest = true
	a.join()
	a.claim(done(0, firstEpoch, 5))
	r.pass(3 * time.Second)
	b := r.sub("b").join()
	if e := b.entry(0); len(e) != 2 || e[0].From != 5 || e[0].To != 21 || e[0].Attempt != 2 ||
		e[1].Attempt != 1 {
		t.Fatalf("%+v", e)
	}
	// One without a window may have handed out all.
	b.c.Window = 0
	b.claim(done(0, firstEpoch+1, 6))
	r.pass(3 * time.Second)
	if e := r.sub("c").join().entry(0); len(e) != 2 || e[0].To != 100 {
		t.Fatalf("%+v", e)
	}
}

// TestSpare counts members beyond the partitions.
func TestSpare(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	r.streams.next[0] = 3
	for _, name := range []string{"a", "b", "c"} {
		r.sub(name).join()
	}
	if s := r.a.States(); len(s) != 1 || s[0].Members != 3 || s[0].Spare != 2 || s[0].Lag != 0 {
		t.Errorf("%+v", s)
	}
}

// TestStalledOwner has a member that holds up the publisher give back what it holds.
func TestStalledOwner(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, FinishWait: time.Second})
	a, b := r.sub("a").join(), r.sub("b").join()
	if len(a.has(frame.Hold)) == 0 {
		a, b = b, a
	}
	r.a.Stalled(r.now, 0, "risk")
	r.tick(4*time.Second, a, b)
	if len(b.has(frame.Hold)) != 1 || len(a.has(frame.Hold)) != 0 {
		t.Errorf("%+v, %+v", a.got, b.got)
	}
}
