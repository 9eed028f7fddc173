package member

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/team"
	"crier/reliable/topic"
)

// hall returns a town with a publisher of four partitions and members of a team, who have them.
func hall(t *testing.T, seed uint64, cfg Config, names ...string) (*town, *pub, []*sub) {
	t.Helper()
	w := newTown(t, seed)
	if seed > 0 {
		w.loss, w.twice, w.jitter = 30*int(seed), 20, time.Millisecond
	}
	p := w.publisher(quick())
	for _, name := range names {
		w.member(name, cfg)
	}
	w.pass(time.Second)
	n := 0
	for _, s := range w.subs {
		n += len(s.own())
	}
	if n != 4 {
		t.Fatalf("seed %d: %d partitions are held", seed, n)
	}
	return w, p, w.subs
}

// again returns how many messages were handed out more than once.
func (w *town) again() (n int) {
	seen := map[[2]uint64]int{}
	for _, h := range w.hands {
		k := [2]uint64{uint64(h.partition), h.offset}
		if seen[k]++; seen[k] == 2 {
			n++
		}
	}
	return n
}

// A member that leaves more partitions than one CLAIM tells of gives them all back, without
// repeats.
func TestLeaveManyPartitions(t *testing.T) {
	for _, lossy := range []bool{false, true} {
		w := newTown(t, 0)
		cfg := quick()
		cfg.Layout = topic.Layout{Partitions: 256, Groups: 256}
		p := w.publisher(cfg)
		w.member("a", Config{})
		b := w.member("b", Config{})
		w.pass(2 * time.Second)
		if n := len(b.own()); n < 100 {
			t.Fatalf("it has %d partitions", n)
		}
		w.during(p, 300*time.Millisecond, 4)
		claims := 0
		w.drop = func(from, _ netip.AddrPort, f *frame.Frame) bool {
			if from == b.at && f.Flags&frame.Leaving != 0 {
				claims++
			}
			return lossy && from == b.at && f.Kind == frame.Claim && claims%3 == 2
		}
		b.Leave(b.clock(w))
		for end := w.now.Add(5 * time.Second); !b.Left() && w.now < end; {
			w.publish(p, 1)
			w.pass(time.Millisecond)
		}
		if !b.Left() || claims < 2 {
			t.Errorf("left %v after %d CLAIMs", b.Left(), claims)
		}
		b.Close(b.clock(w))
		w.pass(0)
		b.gone = true
		w.during(p, time.Second, 4)
		w.pass(time.Second)
		w.judge(p, nil)
		if n := w.again(); n > 0 || w.marked() > 0 {
			t.Errorf("lossy %v: %d messages came again, %d marked", lossy, n, w.marked())
		}
	}
}

// A team that was forgotten while its member was cut off begins with what is published next: what
// was handed out before doesn't come again.
func TestForgottenTeamBeginsAnew(t *testing.T) {
	w := newTown(t, 0)
	a := w.member("a", Config{}) // before the session
	w.pass(100 * time.Millisecond)
	cfg := quick()
	cfg.Teams.Expiry = 3 * time.Second
	p := w.publisher(cfg)
	w.pass(time.Second)
	w.during(p, 500*time.Millisecond, 2)
	w.pass(100 * time.Millisecond)
	n := len(w.hands)
	w.drop = func(from, to netip.AddrPort, _ *frame.Frame) bool { return from == a.at || to == a.at }
	w.pass(8 * time.Second)
	w.drop = nil
	w.pass(5 * time.Second)
	w.during(p, 500*time.Millisecond, 2)
	w.pass(time.Second)
	if again := w.again(); n < 900 || again > 0 || len(w.hands) < n+900 {
		t.Errorf("%d messages were handed out, %d then, and %d again", len(w.hands), n, again)
	}
}

// Where the lease runs out of a partition that is to be given back, what the member then hands out
// as orphans is marked for the next one.
func TestOrphansOfGivenBackPartition(t *testing.T) {
	gave := 0
	for _, name := range []string{"e", "f", "g"} { // which decides where partitions go
		w, p, s := hall(t, 0, Config{}, "a", "b")
		w.during(p, 300*time.Millisecond, 2)
		a := s[0]
		c := a.own()[0]
		each := func(d time.Duration) { // a message each millisecond
			for end := w.now.Add(d); w.now < end; w.pass(time.Millisecond) {
				m := fmt.Appendf(nil, "%d/%d", c, p.sent[c])
				if _, err := p.Stream(c).Publish(w.now, m); err != nil {
					t.Fatal(err)
				}
				p.sent[c]++
				w.settle()
			}
		}
		a.work = 6 * time.Second
		each(5 * time.Millisecond)
		w.member(name, Config{})
		w.member(name+"2", Config{})
		each(900 * time.Millisecond)
		if !slices.ContainsFunc(a.Teams()[0].Partitions, func(x PartitionState) bool {
			return x.Partition == c && x.Giving
		}) {
			continue
		}
		gave++
		w.drop = func(from, to netip.AddrPort, _ *frame.Frame) bool {
			return to == a.at && from == p.at
		}
		each(2500 * time.Millisecond)
		a.work = 0
		each(6 * time.Second)
		orphan, fresh, n := map[uint64]bool{}, map[uint64]bool{}, 0
		for _, h := range w.hands {
			switch {
			case h.partition != c:
			case h.grant.Orphan:
				orphan[h.offset] = true
			case h.grant.Attempt == 1:
				fresh[h.offset] = true
			}
		}
		for o := range orphan {
			if fresh[o] {
				n++
			}
		}
		if len(orphan) < 100 || n > 0 {
			t.Errorf("of %d orphans %d came to others unmarked", len(orphan), n)
		}
	}
	if gave == 0 {
		t.Error("it gives nothing back")
	}
}

// While members join and leave, no message comes later than a few ways: a partition that moves
// waits for its old member and its new one only.
func TestHandOverIsShort(t *testing.T) {
	w := newTown(t, 0)
	cfg := quick()
	cfg.Layout = topic.Layout{Partitions: 64, Groups: 64}
	p := w.publisher(cfg)
	for _, name := range []string{"a", "b", "c", "d"} {
		w.member(name, Config{})
	}
	w.pass(2 * time.Second)
	due := map[[2]uint64]reliable.Time{}
	run := func() {
		for end := w.now.Add(500 * time.Millisecond); w.now < end; w.pass(500 * time.Microsecond) {
			before := maps.Clone(p.sent)
			w.publish(p, 2)
			for c, n := range p.sent {
				for o := before[c]; o < n; o++ {
					due[[2]uint64{uint64(c), uint64(o)}] = w.now
				}
			}
		}
	}
	run()
	w.member("e", Config{})
	run()
	w.subs[1].Leave(w.now)
	run()
	w.pass(time.Second)
	w.judge(p, nil)
	epochs, worst := map[[2]uint64]bool{}, time.Duration(0)
	for _, h := range w.hands {
		epochs[[2]uint64{uint64(h.partition), h.grant.Epoch}] = true
		worst = max(worst, h.from.Sub(due[[2]uint64{uint64(h.partition), h.offset}]))
	}
	if moved := len(epochs) - 64; moved < 16 || worst > 10*w.delay {
		t.Errorf("%d partitions moved, and a message came %v late", moved, worst)
	}
}

// fails ends the test where it has failed, and says of what seed.
func fails(t *testing.T, seed uint64) {
	t.Helper()
	if t.Failed() {
		t.Fatalf("seed %d", seed)
	}
}

// A member that takes events seldom is told SessionNew, Assigned and then the messages, though all
// of that waits for it.
func TestNewFirst(t *testing.T) {
	for seed := range uint64(20) {
		w := newTown(t, seed)
		w.jitter = 2 * time.Millisecond
		p := w.publisher(quick())
		a := w.member("a", Config{})
		a.work = 40 * time.Millisecond
		w.pass(20 * time.Millisecond)
		for range 300 {
			w.publish(p, 1)
			w.pass(time.Millisecond)
		}
		w.pass(20 * time.Second)
		w.judge(p, nil)
		fails(t, seed)
	}
}

// Members share the partitions, each message is handed out once, and a member that comes later
// gets its part without a message that comes twice or is marked.
func TestShare(t *testing.T) {
	for seed := range uint64(6) {
		w, p, _ := hall(t, seed, Config{}, "a", "b")
		w.during(p, time.Second, 2)
		c := w.member("c", Config{})
		w.during(p, 2*time.Second, 2)
		w.pass(2 * time.Second)
		w.judge(p, nil)
		if len(c.own()) == 0 {
			t.Errorf("the third has nothing")
		}
		if n := w.marked(); n > 0 && seed == 0 {
			t.Errorf("%d were marked", n)
		}
		fails(t, seed)
	}
}

// What a member had that dies goes to the others when its lease has run out, from where it was
// last known to be, marked.
func TestCrash(t *testing.T) {
	for seed := range uint64(4) {
		w, p, s := hall(t, seed, Config{}, "a", "b")
		w.during(p, 200*time.Millisecond, 2)
		b := s[1]
		b.gone = true
		b.hand = nil
		died, had := w.now, b.own()
		w.during(p, 3*time.Second, 2)
		w.pass(time.Second)
		w.judge(p, nil)
		for _, h := range s[0].hands {
			if slices.Contains(had, h.partition) && h.from < died.Add(1900*time.Millisecond) {
				t.Fatalf("handed out %v after the crash", h.from.Sub(died))
			}
		}
		if n := w.marked(); n > 5000 || len(s[0].own()) != 4 {
			t.Errorf("%d were marked, %v", n, s[0].own())
		}
		fails(t, seed)
	}
}

// A member that leaves finishes what it has in its hands, and nothing comes twice.
func TestLeave(t *testing.T) {
	for seed := range uint64(4) {
		w, p, s := hall(t, seed, Config{}, "a", "b")
		s[1].work = 30 * time.Millisecond
		w.during(p, 500*time.Millisecond, 2)
		s[1].Leave(s[1].clock(w))
		at := w.now
		for !s[1].Left() && w.now < at.Add(5*time.Second) {
			w.publish(p, 1)
			w.pass(time.Millisecond)
		}
		took := w.now.Sub(at)
		s[1].Close(s[1].clock(w))
		w.pass(0)
		s[1].gone = true
		w.during(p, time.Second, 2)
		w.pass(time.Second)
		w.judge(p, nil)
		if n := w.marked(); n > 0 {
			t.Errorf("%d were marked", n)
		}
		if took > 100*time.Millisecond && seed == 0 || len(s[0].own()) != 4 {
			t.Errorf("it took %v, %v", took, s[0].own())
		}
		fails(t, seed)
	}
}

// A member that closes at once gives back what it has as it is.
func TestClose(t *testing.T) {
	w, p, s := hall(t, 0, Config{}, "a", "b")
	s[1].work = 30 * time.Millisecond
	w.during(p, 500*time.Millisecond, 2)
	s[1].Close(s[1].clock(w))
	w.pass(0)
	s[1].gone, s[1].hand = true, nil
	w.during(p, 500*time.Millisecond, 2)
	w.pass(time.Second)
	w.judge(p, nil)
	if n := w.marked(); n > 2 || len(s[0].own()) != 4 {
		t.Errorf("%d were marked, %v", n, s[0].own())
	}
}

// A member whose process stands, or whose computer is suspended, for longer than the lease hands
// nothing out when it wakes, is told that its partitions are revoked, and gets others.
func TestZombie(t *testing.T) {
	for _, suspended := range []bool{false, true} {
		for seed := range uint64(3) {
			w, p, s := hall(t, seed, Config{}, "a", "b")
			b := s[1]
			b.work = 10 * time.Millisecond
			w.during(p, 500*time.Millisecond, 2)
			w.publish(p, 2000)
			w.pass(10 * time.Millisecond)
			had := b.own()
			at, n := w.now, len(b.hands)
			w.sleep(b, 3*time.Second, suspended)
			if len(b.hands) != n {
				t.Fatal("it works in its sleep")
			}
			w.pass(time.Millisecond)
			b.work = 0
			for _, h := range b.hands[n:] {
				if h.from > at.Add(2*time.Second) && h.grant.Attempt == 1 {
					t.Fatalf("%+v", h)
				}
			}
			if list := b.kinds(had[0]); !slices.Contains(list, "lapsed") {
				t.Errorf("%v", list)
			}
			s[0].work = 0
			w.during(p, time.Second, 2)
			w.pass(3 * time.Second)
			w.judge(p, nil)
			if len(b.own()) == 0 {
				t.Error("it has nothing")
			}
			fails(t, seed)
		}
	}
}

// Where CLAIMs or GRANTs are lost one way, the member stops by itself before another one begins.
func TestOneWay(t *testing.T) {
	for _, kind := range []frame.Kind{frame.Claim, frame.Grant} {
		w, p, s := hall(t, 0, Config{}, "a", "b")
		b := s[1]
		cut := true
		w.drop = func(from, to netip.AddrPort, f *frame.Frame) bool {
			return cut && f.Kind == kind && (from == b.at || to == b.at)
		}
		w.during(p, 6*time.Second, 2)
		w.judge(p, nil)
		if len(b.own()) > 0 || len(s[0].own()) != 4 {
			t.Errorf("%v: %v, %v", kind, b.own(), s[0].own())
		}
		if list := b.kinds(0); !slices.Contains(append(list, b.kinds(1)...), "lapsed") {
			t.Errorf("%v: %v", kind, list)
		}
		if !slices.Contains(b.kinds(0), "not-granted") {
			t.Errorf("%v: %v", kind, b.kinds(0))
		}
		cut = false
		w.during(p, 2*time.Second, 2)
		w.pass(time.Second)
		w.judge(p, nil)
		if len(b.own()) == 0 {
			t.Errorf("%v: it has nothing", kind)
		}
	}
}

// No more is handed out than the window beyond what the publisher has confirmed.
func TestWindow(t *testing.T) {
	w, p, s := hall(t, 0, Config{Window: 3}, "a")
	a := s[0]
	w.publish(p, 400)
	w.pass(2 * time.Second)
	w.judge(p, nil)
	w.drop = func(_, to netip.AddrPort, f *frame.Frame) bool { return f.Kind == frame.Grant }
	n := len(a.hands)
	w.publish(p, 400)
	w.pass(time.Second)
	if n = len(a.hands) - n; n != 4*3 {
		t.Errorf("%d were handed out", n)
	}
}

// When the publisher is silent, what is in hand is delivered behind that word, marked, or reported.
func TestOrphans(t *testing.T) {
	for _, o := range []reliable.Orphans{reliable.OrphansDeliver, reliable.OrphansReport} {
		w, p, s := hall(t, 0, Config{Orphans: o}, "a")
		a := s[0]
		a.work = 10 * time.Millisecond
		w.publish(p, 1000)
		w.pass(10 * time.Millisecond)
		p.stands = true
		w.pass(20 * time.Second)
		silent := [4]bool{}
		orphans, lost := 0, uint64(0)
		for _, ev := range a.told {
			switch ev.Kind {
			case reliable.SessionSilent:
				silent[ev.Partition] = true
			case reliable.Loss:
				lost += ev.Lost.Len()
			case reliable.Message:
				if ev.Orphan() {
					orphans++
				}
				if ev.Orphan() && !silent[ev.Partition] {
					t.Fatalf("%+v comes before the silence", ev.Offset)
				}
			}
		}
		if got := len(a.hands) + int(lost); got != 1000 {
			t.Errorf("%v: %d messages of 1000, %d lost", o, got, lost)
		}
		if deliver := o == reliable.OrphansDeliver; deliver != (orphans > 500) ||
			deliver != (lost < 10) {
			t.Errorf("%v: %d orphans, %d lost", o, orphans, lost)
		}
		p.stands = false
		w.during(p, 3*time.Second, 1)
		if len(a.own()) != 4 {
			t.Errorf("%v", a.own())
		}
	}
}

// What is in hand at the end of a session is delivered, and what the publisher no longer leases
// is marked. The partitions are revoked behind it.
func TestEnd(t *testing.T) {
	for _, work := range []time.Duration{0, 10 * time.Millisecond} {
		w, p, s := hall(t, 0, Config{}, "a", "b")
		s[0].work, s[1].work = work, work
		w.publish(p, 1000)
		w.pass(10 * time.Millisecond)
		p.Close(w.now)
		w.pass(2 * time.Second)
		p.stands = true
		w.pass(30 * time.Second)
		w.judge(p, nil)
		for _, one := range s {
			if len(one.own()) > 0 {
				t.Errorf("work %v: %v", work, one.own())
			}
		}
	}
}

// A member that a publisher refuses, or doesn't answer, is told so, once.
func TestNotGranted(t *testing.T) {
	for _, off := range []bool{true, false} {
		w := newTown(t, 1)
		cfg := quick()
		cfg.Teams.Off = off
		p := w.publisher(cfg)
		w.drop = func(_, to netip.AddrPort, f *frame.Frame) bool {
			return !off && f.Kind == frame.Claim
		}
		a := w.member("a", Config{})
		w.during(p, 5*time.Second, 1)
		told := 0
		for _, ev := range a.told {
			if ev.Kind == reliable.NotGranted {
				if told++; (ev.Refused == frame.NoTeams) != off {
					t.Errorf("%+v", ev)
				}
			}
		}
		if st := a.Teams()[0]; told != 1 || st.Unanswered == off || (st.Refused != 0) != off {
			t.Errorf("%d times, %+v", told, st)
		}
		if n := a.TeamStats().Claims; n > 40 {
			t.Errorf("%d claims", n)
		}
	}
}

// Each session has an arbiter of its own, and so has the next one of a publisher.
func TestSessions(t *testing.T) {
	w := newTown(t, 3)
	w.loss = 20
	p, q := w.publisher(quick()), w.publisher(quick())
	a, b := w.member("a", Config{}), w.member("b", Config{})
	w.pass(time.Second)
	for range 1000 {
		w.publish(p, 1)
		w.publish(q, 1)
		w.pass(time.Millisecond)
	}
	p.Close(w.now)
	r := w.publisher(quick())
	w.pass(time.Second)
	p.stands = true
	for range 1000 {
		w.publish(q, 1)
		w.publish(r, 1)
		w.pass(time.Millisecond)
	}
	w.pass(3 * time.Second)
	for _, one := range []*pub{p, q, r} {
		w.judge(one, nil)
	}
	if len(a.own()) != 4 || len(b.own()) != 4 || w.marked() > 0 {
		t.Errorf("%v, %v, %d marked", a.own(), b.own(), w.marked())
	}
}

// Done may come in any order; twice, or when the grant is over, it is an error.
func TestDone(t *testing.T) {
	w, p, s := hall(t, 0, Config{}, "a", "b")
	a := s[0]
	a.work, a.keeps = time.Hour, true
	c := a.own()[0]
	w.publish(p, 200)
	w.pass(10 * time.Millisecond)
	// It holds one in its hands; the others are taken here.
	h := *a.hand
	g, n := h.grant, h.offset
	if h.partition != c {
		c = h.partition
	}
	seqs := map[uint64]uint64{h.offset: h.seq}
	var rest []reliable.Event
	rest = append(rest, a.queue...)
	a.queue = nil
	var events [64]reliable.Run
	for k := a.Poll(events[:]); k > 0; k = a.Poll(events[:]) {
		for i := range events[:k] {
			for more := true; more; more = events[i].Next() {
				rest = append(rest, events[i].Event)
			}
		}
	}
	top := n
	for i := range rest {
		switch ev := &rest[i]; {
		case ev.Kind != reliable.Message || !a.HandOut(w.now, ev):
		case ev.Grant == g:
			seqs[ev.Offset], top = ev.Seq, ev.Offset
		default:
			if err := a.Done(w.now, ev.Grant, ev.Offset, ev.Seq); err != nil {
				t.Error(err)
			}
		}
	}
	done := func(offset uint64, want error) {
		t.Helper()
		if err := a.Done(w.now, g, offset, seqs[offset]); !errors.Is(err, want) {
			t.Errorf("%d: %v", offset, err)
		}
	}
	if top < n+10 {
		t.Fatalf("%d to %d", n, top)
	}
	for o := top; o > n+2; o-- {
		done(o, nil)
	}
	done(n+5, reliable.ErrDoneTwice)
	done(n, nil)
	w.pass(100 * time.Millisecond)
	if st := a.Teams()[0].Partitions; !slices.ContainsFunc(st, func(p PartitionState) bool {
		return p.Partition == c && p.Done == n+1 && p.Confirmed == n+1
	}) {
		t.Errorf("%+v", st)
	}
	done(n+2, nil)
	done(n+1, nil)
	done(n+1, reliable.ErrDoneTwice)
	a.hand, a.keeps, a.work = nil, false, 0
	a.Idle(w.now)
	w.publish(p, 100)
	w.pass(10 * time.Millisecond)
	g = nil
	for _, h := range a.hands {
		if h.partition == c {
			g, n = h.grant, h.offset
		}
	}
	a.Leave(w.now)
	w.pass(time.Second)
	done(n, reliable.ErrDoneTwice)
	done(n+1, reliable.ErrRevoked)
	if err := a.Done(w.now, nil, 0, 0); !errors.Is(err, reliable.ErrNoTeam) {
		t.Error(err)
	}
}

// A grant of an epoch that is over, or older than the one that is held, is ignored, and so is one
// whose lease has run out, or that answers nothing.
func TestOldGrants(t *testing.T) {
	w, p, s := hall(t, 0, Config{}, "a")
	a := s[0]
	var late []letter
	w.drop = func(from, to netip.AddrPort, f *frame.Frame) bool {
		if f.Kind == frame.Grant {
			var e frame.Encoder
			b, _ := e.AppendGrant(nil, f, 60000)
			late = append(late, letter{from: from, to: to, data: b})
		}
		return false
	}
	w.publish(p, 100)
	w.pass(time.Second)
	w.drop = nil
	b := w.member("b", Config{})
	w.pass(time.Second)
	if len(b.own()) != 2 || len(a.own()) != 2 {
		t.Fatalf("%v, %v", a.own(), b.own())
	}
	old := a.TeamStats()
	for _, l := range late {
		l.at = w.now
		w.wire = append([]letter{l}, w.wire...)
	}
	w.pass(time.Millisecond)
	if len(a.own()) != 2 {
		t.Errorf("%v", a.own())
	}
	if st := a.TeamStats(); st.OldEpochs+st.Stale == old.OldEpochs+old.Stale {
		t.Errorf("%+v", st)
	}
	w.during(p, 300*time.Millisecond, 1)
	w.judge(p, nil)
}

// What is done out of order is kept as a set, whatever the order.
func TestMark(t *testing.T) {
	for seed := range uint64(50) {
		w := newTown(t, seed)
		te := &tenure{handed: 200, spans: []*reliable.Grant{{From: 0, To: 60}, {From: 70, To: endless}}}
		done := map[uint64]bool{}
		for o := uint64(60); o < 70; o++ {
			done[o] = true
		}
		for range 500 {
			from := w.rand.Uint64N(200)
			to := from + 1
			if w.rand.IntN(4) == 0 {
				to = min(200, from+1+w.rand.Uint64N(5))
			}
			fresh := false
			for o := from; o < to; o++ {
				fresh = fresh || !done[o]
			}
			if from >= 60 && from < 70 {
				continue
			}
			got := te.mark(from, to, to)
			if got != fresh && to == from+1 {
				t.Fatalf("seed %d: [%d, %d) is news: %v", seed, from, to, got)
			}
			for o := from; o < to; o++ {
				done[o] = true
			}
			least := uint64(0)
			for done[least] {
				least++
			}
			if te.done != least && te.done != min(least, 60) || te.doneSeq > te.done {
				t.Fatalf("seed %d: done up to %d by %d, and not %d", seed, te.done, te.doneSeq, least)
			}
			for i, r := range te.ahead {
				if r.from >= r.to || i > 0 && te.ahead[i-1].to >= r.from || r.from <= te.done {
					t.Fatalf("seed %d: %v", seed, te.ahead)
				}
			}
		}
	}
}

// Without a team a Member is the Survivor.
func TestNoTeam(t *testing.T) {
	w := newTown(t, 1)
	cfg := quick()
	cfg.Teams = team.Config{Off: true}
	p := w.publisher(cfg)
	a := w.member("a", Config{Team: "-"})
	cfg2 := a.cfg
	cfg2.Team, cfg2.Receive.Gate = "", nil
	m, err := New(cfg2)
	if err != nil {
		t.Fatal(err)
	}
	a.Member = m
	w.during(p, 500*time.Millisecond, 2)
	w.pass(time.Second)
	n := 0
	for _, ev := range a.told {
		if ev.Kind == reliable.Message {
			n++
		}
	}
	if n != 1000 || a.TeamStats() != (Stats{}) {
		t.Errorf("%d messages, %+v", n, a.TeamStats())
	}
}

// A publisher that is silent for a time, and is heard again, grants nothing unmarked that came as
// an orphan meanwhile, and from then on no orphans are handed out. Of what is in hand no more comes
// than the publisher marks: the rest is named lost.
func TestOrphansMarked(t *testing.T) {
	for _, window := range []int{8, 64, 4096} {
		w, p, s := hall(t, 0, Config{Window: window}, "a", "b")
		s[0].work, s[1].work = 20*time.Millisecond, 20*time.Millisecond
		w.publish(p, 800)
		w.pass(10 * time.Millisecond)
		p.stands = true
		w.pass(6 * time.Second)
		p.stands = false
		back, orphans := w.now, 0
		w.pass(40 * time.Second)
		w.during(p, 200*time.Millisecond, 1)
		w.pass(10 * time.Second)
		w.judge(p, nil)
		for _, h := range w.hands {
			if h.grant.Orphan {
				if orphans++; h.from > back.Add(20*time.Millisecond) {
					t.Fatalf("window %d: %d/%d is an orphan %v after the publisher is back", window,
						h.partition, h.offset, h.from.Sub(back))
				}
			}
		}
		lost := uint64(0)
		for _, one := range s {
			for _, ev := range one.told {
				if ev.Kind == reliable.Loss {
					lost += ev.Lost.Len()
				}
			}
		}
		if orphans == 0 && window > 8 || (lost == 0) != (window == 4096) {
			t.Errorf("window %d: %d orphans, %d named", window, orphans, lost)
		}
	}
}
