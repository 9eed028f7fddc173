package team

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// A team is finished once the session is closed and all of it is done. Its members are told, and
// the session goes on until the live ones have shown that they know, or for a time.
func TestFinished(t *testing.T) {
	r := newRig(t, 2, Config{Settle: -1, Debounce: -1})
	r.streams.next = []uint64{10, 10}
	a, b := r.sub("a"), r.sub("b")
	a.c.Oldest = true
	a.join()
	b.join()
	r.pass(time.Second)
	a.claim(done(0, firstEpoch, 0), released(1, firstEpoch, 0))
	r.pass(time.Second)
	b.claim()
	if len(a.has(frame.Hold)) != 1 || len(b.has(frame.Hold)) != 1 {
		t.Fatalf("%+v, %+v", a.got, b.got)
	}
	own, epoch, other := uint32(0), uint64(firstEpoch), uint64(firstEpoch+1)
	a.claim(done(own, epoch, 10))
	r.streams.closed = true
	r.a.Close(r.now)
	r.drain()
	b.claim(done(1-own, other, 9))
	if a.got.Finished || b.got.Finished || r.a.Tells(r.now, time.Second) {
		t.Fatal("it is finished with a message undone")
	}
	b.claim(done(1-own, other, 10))
	if r.drain(); !a.got.Finished || !b.got.Finished || !r.a.Tells(r.now, time.Second) {
		t.Fatalf("%+v, %+v", a.got, b.got)
	}
	a.claim()
	if b.claim(); r.a.Tells(r.now, time.Second) {
		t.Error("both know, and it tells them")
	}
	c := r.sub("c").join() // it comes late, and is told as well
	if !c.got.Finished {
		t.Errorf("%+v", c.got)
	}
	same := r.sub("again")
	same.f.Name = []byte("a")
	if same.claim(); same.got.Refused != frame.NameTaken || !same.got.Finished {
		t.Errorf("%+v", same.got)
	}
}

// Nobody is waited for longer than a time, nor where its lease has run out.
func TestFinishedIsToldForATime(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1})
	a := r.sub("a").join()
	a.claim()
	r.streams.closed = true
	if r.a.Close(r.now); !r.a.Tells(r.now, time.Second) || !r.a.Tells(r.now, time.Hour) {
		t.Fatal("the member isn't told")
	}
	r.pass(999 * time.Millisecond)
	if !r.a.Tells(r.now, time.Second) {
		t.Error("it was told for less than a second")
	}
	if r.pass(time.Millisecond); r.a.Tells(r.now, time.Second) {
		t.Error("it is told after a second")
	}
	if r.pass(2 * time.Second); r.a.Tells(r.now, time.Hour) {
		t.Error("one is told whose lease has run out")
	}
}

// Messages that were given up are done, where work is shared by message.
func TestFinishedByMessage(t *testing.T) {
	r := newRig(t, 1, Config{Settle: -1, Debounce: -1, Attempts: 1})
	r.streams.next = []uint64{2}
	a := r.sub("a")
	a.c.Share, a.c.Oldest = frame.ByMessage, true
	a.join()
	a.claim()
	r.streams.closed = true
	r.a.Close(r.now)
	a.claim(frame.ClaimEntry{Ranges: []nack.Range{rng(0, 1)}})
	if r.drain(); a.got.Finished {
		t.Fatalf("%+v", a.got)
	}
	a.claim(frame.ClaimEntry{Freed: []nack.Range{rng(1, 2)}})
	if r.drain(); !a.got.Finished || r.a.Stats().GivenUp != 1 {
		t.Errorf("%+v, %+v", a.got, r.a.Stats())
	}
}

// Once a session is closed nothing moves away from a live owner, but from one that is deaf; what a
// dead one had goes to others.
func TestNothingMovesBehindTheEnd(t *testing.T) {
	r := newRig(t, 4, Config{Settle: -1, Debounce: -1})
	r.streams.next = []uint64{10, 10, 10, 10}
	a := r.sub("a")
	a.c.Oldest = true
	a.join()
	if r.tick(time.Second, a); len(a.has(frame.Hold)) != 4 {
		t.Fatalf("%+v", a.got)
	}
	b := r.sub("b").join() // it is to have two of them
	r.streams.closed = true
	r.a.Close(r.now)
	r.tick(5*time.Second, a, b)
	if len(a.has(frame.Hold)) != 4 || len(b.has(frame.Prepare)) > 0 || r.a.Stats().Moves > 0 {
		t.Errorf("%+v, %+v", a.got, b.got)
	}
	if r.tick(5*time.Second, b); len(b.has(frame.Hold)) != 4 {
		t.Errorf("after a's death b has %+v", b.got)
	}
}
