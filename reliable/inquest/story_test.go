package inquest

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/mix"
)

// all returns what all nodes' certificates name as lost, where they are the same.
func (f *fabric) all(number int) *reliable.Certificate {
	f.t.Helper()
	var first *reliable.Certificate
	for _, n := range f.nodes {
		if n.crashed {
			continue
		}
		if len(n.certs) < number {
			f.t.Fatalf("node %d has %d certificates, not %d", n.index, len(n.certs), number)
		}
		c := n.certs[number-1]
		if first == nil {
			first = c
		}
		if content(c) != content(first) {
			f.t.Fatalf("node %d: %s, and not %s", n.index, content(c), content(first))
		}
	}
	return first
}

// A member that alone has something, and pauses for a second, is waited for.
func TestSoleHolderThatPauses(t *testing.T) {
	f := newFabric(t, 1, 3, 100)
	f.nodes[1].lose(seqs(10, 20)...)
	f.nodes[2].lose(seqs(10, 20, 30, 31)...)
	f.rate = 10 * ms
	f.start()
	f.deaf = func(from, to *node) bool {
		return from.index == 0 && f.now > 20*milli && f.now < 1200*milli
	}
	f.run(5 * time.Second)
	if c := f.all(1); len(c.Nobody) != 0 || !c.Agreed {
		t.Errorf("%+v", c)
	}
}

// One that dies with what it alone has is waited for until the deadline, and no longer. What it
// alone had is lost, and the others' certificate doesn't list it.
func TestSoleHolderThatDies(t *testing.T) {
	f := newFabric(t, 1, 3, 100)
	f.nodes[1].lose(seqs(10, 20)...)
	f.nodes[2].lose(seqs(10, 20, 30, 31)...)
	f.nodes[0].config.Seed = 5
	f.start()
	f.rate = 20 * ms
	f.after(40*ms, func() { f.nodes[0].crashed = true })
	f.run(5 * time.Second)
	c := f.all(1)
	if len(c.Nobody) == 0 || len(c.Members) != 2 || f.nodes[1].outcomes[0] != Overdue {
		t.Errorf("%+v", c)
	}
	if c.Took < 1900*ms || c.Took > 2100*ms {
		t.Errorf("it took %v", c.Took)
	}
}

// One that dies and has nothing alone leaves after 3 G.
func TestMemberThatDies(t *testing.T) {
	f := newFabric(t, 1, 3, 100)
	f.nodes[1].lose(seqs(10, 20)...)
	f.start()
	f.after(30*ms, func() { f.nodes[0].crashed = true })
	f.run(5 * time.Second)
	if c := f.all(1); len(c.Members) != 2 || !c.Agreed || c.Took > 600*ms || len(c.Nobody) != 0 {
		t.Errorf("%+v", c)
	}
}

// A hears B and B hears C, but A doesn't hear C: what C has comes to A by way of B. Each
// certificate names whom its holder heard.
func TestChain(t *testing.T) {
	f := newFabric(t, 1, 3, 100)
	f.nodes[0].lose(seqs(10, 20)...)
	f.nodes[1].lose(seqs(10, 20)...)
	f.nodes[2].lose(seqs(40, 50)...)
	f.deaf = func(from, to *node) bool { return from.index+to.index == 2 }
	f.start()
	f.run(5 * time.Second)
	for i, want := range []int{2, 3, 2} {
		n := f.nodes[i]
		c := n.certs[0]
		if len(c.Members) != want || c.Agreed || len(c.Nobody)+len(c.Unsettled) > 0 ||
			c.Took > 2200*ms {
			t.Errorf("node %d: %+v", i, c)
		}
	}
}

// Parts that don't hear each other have a certificate each, and the same one when they do: what
// one of them named lost is found.
func TestSplitAndHealed(t *testing.T) {
	f := newFabric(t, 1, 4, 100)
	for _, n := range f.nodes[:2] {
		n.lose(seqs(10, 20, 60, 61, 90, 100)...)
		n.end = 90
	}
	for _, n := range f.nodes[2:] {
		n.lose(seqs(30, 40, 60, 61)...)
	}
	f.deaf = func(from, to *node) bool {
		return from.index/2 != to.index/2 && f.now < reliable.Time(3*time.Second)
	}
	f.start()
	f.run(2 * time.Second)
	a, b := f.nodes[0].certs[0], f.nodes[3].certs[0]
	if !slices.Equal(a.Nobody, seqs(10, 20, 60, 61)) || !slices.Equal(b.Nobody, seqs(30, 40, 60, 61)) {
		t.Fatalf("%+v\n%+v", a, b)
	}
	f.run(20 * time.Second)
	c := f.all(2)
	if !slices.Equal(c.Nobody, seqs(60, 61)) || c.Number != 2 || !c.Agreed || len(c.Members) != 4 ||
		c.Frames.To != 100 {
		t.Errorf("%+v", c)
	}
	for _, n := range f.nodes {
		if len(n.certs) != 2 {
			t.Errorf("node %d has %d certificates", n.index, len(n.certs))
		}
	}
}

// A survivor that falls silent after the others have their certificate makes them amend it. One
// that leaves after that doesn't.
func TestLateSurvivor(t *testing.T) {
	f := newFabric(t, 1, 3, 100)
	f.nodes[0].lose(seqs(10, 20)...)
	f.nodes[1].lose(seqs(10, 20)...)
	f.after(0, f.nodes[0].silence)
	f.after(0, f.nodes[1].silence)
	f.after(time.Second, f.nodes[2].silence)
	f.run(5 * time.Second)
	f.add(3, 100)
	f.after(0, f.nodes[3].silence) // it has nothing that is new
	n := f.nodes[0]
	if len(n.certs) != 2 || len(n.certs[1].Nobody) != 0 || len(n.certs[1].Members) != 3 ||
		!n.certs[1].Agreed || n.certs[1].Number != 2 {
		t.Fatalf("%+v", n.certs)
	}
	f.run(10 * time.Second)
	if c := n.certs[len(n.certs)-1]; len(n.certs) != 3 || len(c.Members) != 4 || !c.Agreed {
		t.Fatalf("%+v", c)
	}
	f.nodes[2].crashed = true
	f.run(2 * time.Minute)
	if len(n.certs) != 3 {
		t.Errorf("%+v", n.certs[3:])
	}
}

// One that is cut off from a publisher that lives gets no certificate. It is told who hears the
// publisher, and gets what they have. When the publisher falls silent for them, too, there is one.
func TestCutOff(t *testing.T) {
	f := newFabric(t, 1, 3, 100)
	f.nodes[0].lose(seqs(10, 20)...)
	f.nodes[1].live, f.nodes[2].live = true, true
	f.after(0, f.nodes[0].silence)
	f.run(6 * time.Second)
	n := f.nodes[0]
	if len(n.certs) != 1 || n.outcomes[0] != CutOff || len(n.certs[0].Live) == 0 ||
		n.certs[0].Number != 0 || len(n.certs[0].Nobody) != 0 || n.first > 2500*milli {
		t.Fatalf("%+v", n.certs)
	}
	if n.wants() && !n.gave[10] {
		t.Error("it wasn't repaired")
	}
	f.after(0, f.nodes[1].silence)
	f.after(0, f.nodes[2].silence)
	f.run(60 * time.Second)
	if last := n.certs[len(n.certs)-1]; last.Number != 1 || len(last.Members) != 3 || !last.Agreed {
		t.Errorf("%+v", last)
	}
}

// A member that hears the publisher for a moment longer than others doesn't keep them from a
// certificate.
func TestLiveForAMoment(t *testing.T) {
	f := newFabric(t, 1, 3, 100)
	f.nodes[0].lose(seqs(10, 20)...)
	f.nodes[2].live = true
	f.after(0, f.nodes[0].silence)
	f.after(0, f.nodes[1].silence)
	f.after(500*ms, f.nodes[2].silence)
	f.run(5 * time.Second)
	if c := f.all(1); !c.Agreed || len(c.Members) != 3 || c.Took > 800*ms {
		t.Errorf("%+v", c)
	}
}

// Nobody waits for one that has no room for more.
func TestFull(t *testing.T) {
	f := newFabric(t, 1, 3, 100)
	f.nodes[0].full = true
	f.nodes[0].lose(seqs(10, 50)...)
	f.nodes[1].lose(seqs(70, 72)...)
	f.start()
	f.run(3 * time.Second)
	if c := f.all(1); !c.Agreed || len(c.Members) != 3 || c.Took > 500*ms || len(c.Nobody) > 0 {
		t.Errorf("%+v", c)
	}
}

// What a process couldn't hear while it stood still proves nothing.
func TestSuspended(t *testing.T) {
	f := newFabric(t, 1, 2, 100)
	q := New(0, f.nodes[0].config)
	o := &Own{Oldest: Place{0, 0}, Next: Place{100, 1000}, Position: Place{100, 1000}}
	q.Update(0, o)
	f2, from := digestOf(1, nil)
	f2.NextSeq, f2.Digest.To, f2.Digest.Position, f2.OldestSeq, f2.Digest.From = 100, 100, 100, 0, 0
	q.Hear(0, from, f2)
	now := reliable.Time(40 * milli)
	q.Advance(now)
	var d frame.Frame
	q.Digest(now, &d)
	now = now.Add(10 * time.Second)
	q.Suspended(10 * time.Second)
	q.Advance(now)
	if q.Outcome() != Running || q.Members() != 1 {
		t.Errorf("%v, %d members", q.Outcome(), q.Members())
	}
	if at := q.Deadline(); at < now {
		t.Errorf("deadline %v", at)
	}
}

// A DIGEST of several parts counts number by number: what was not told of is unknown, and isn't
// named.
func TestParts(t *testing.T) {
	q := New(0, Config{ID: 1, Role: frame.Peer, Session: session})
	q.Update(0, &Own{Oldest: Place{0, 0}, Next: Place{100, 1000}, Position: Place{0, 0},
		Absent: seqs(0, 100)})
	part := func(version, from, to uint64, absent ...nack.Range) bool {
		return q.Hear(0, netip.MustParseAddrPort("10.0.0.9:7000"), &frame.Frame{
			Kind: frame.Digest, Session: session, Responder: 2, NextSeq: 100, NextOffset: 1000,
			Ranges: absent, Digest: &frame.DigestBody{Role: frame.Peer, Version: version, From: from,
				To: to},
		})
	}
	lists := func(want ...nack.Range) {
		t.Helper()
		q.compute(0, false)
		if !slices.Equal(q.find.nobody, want) {
			t.Fatalf("nobody has %v, not %v", q.find.nobody, want)
		}
	}
	part(1, 0, 40, seqs(5, 10, 30, 40)...)
	lists(seqs(5, 10, 30, 40)...)
	if q.find.settled {
		t.Error("settled, though something is unknown")
	}
	part(1, 60, 100, seqs(60, 70)...)
	lists(seqs(5, 10, 30, 40, 60, 70)...)
	if part(1, 60, 100, seqs(60, 90)...) {
		t.Error("a part was taken twice")
	}
	part(1, 40, 60, seqs(40, 41)...)
	lists(seqs(5, 10, 30, 41, 60, 70)...)
	part(3, 40, 60)
	lists(seqs(5, 10, 30, 40, 60, 70)...)
	if part(2, 0, 40) {
		t.Error("an older one was taken")
	}
	part(4, 0, 100, seqs(1, 2)...)
	lists(seqs(1, 2)...)
	if !q.Hear(0, netip.MustParseAddrPort("10.0.0.9:7000"), &frame.Frame{
		Kind: frame.Digest, Session: session, Responder: 2, OldestSeq: 20, NextSeq: 90,
		Digest: &frame.DigestBody{Role: frame.Peer, Version: 5, From: 20, To: 90},
	}) {
		t.Fatal("refused")
	}
	lists(seqs(0, 20, 90, 100)...)
	part(6, 0, 100, seqs(1, 2)...)
	if n := q.table.ranges; n != 1 || q.table.room.ranges != 1 {
		t.Errorf("%d ranges", n)
	}
	if _, until, ok := q.Ask(1, nil); ok || until != 2 {
		t.Errorf("asked for what it lacks: until %d", until)
	}
	if m, until, ok := q.Ask(2, nil); !ok || until != 64 || m.ID != 2 {
		t.Errorf("%+v until %d", m, until)
	}
	q.Close()
	if q.table.room.ranges != 0 || q.table.room.members != 0 {
		t.Errorf("%+v", *q.table.room)
	}
}

// All ask the same member for a block, recorders first, and another one for another block.
func TestAsk(t *testing.T) {
	q := New(0, Config{ID: 1, Role: frame.Peer, Session: session})
	q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 1000}, Absent: seqs(1000, 2000)})
	for i := range 4 {
		f, from := digestOf(i, nil)
		q.Hear(0, from, f)
	}
	whom := map[uint64]int{}
	for seq := uint64(1024); seq < 1984; {
		m, until, ok := q.Ask(seq, nil)
		if !ok || until != seq+64 {
			t.Fatalf("%v until %d, of %d", ok, until, seq)
		}
		if again, _, _ := q.Ask(seq+63, nil); again.ID != m.ID {
			t.Fatalf("block of %d is asked of two", seq)
		}
		if next, _, _ := q.Ask(seq, func(id uint64) bool { return id == m.ID }); next.ID == m.ID {
			t.Fatal("asked once more, though in vain")
		}
		whom[m.ID]++
		seq = until
	}
	if len(whom) != 4 {
		t.Errorf("only %d share the work", len(whom))
	}
	f, from := digestOf(9, nil)
	f.Digest.Role = frame.Recorder
	q.Hear(0, from, f)
	if m, _, _ := q.Ask(1500, nil); m.Role != frame.Recorder {
		t.Errorf("%+v, and not the recorder", m)
	}
	if m, _, ok := q.Ask(1500, func(uint64) bool { return true }); ok {
		t.Errorf("%+v was asked", m)
	}
	// Ids of one address share its part. Where one is asked in vain, another address is next.
	q = New(0, Config{ID: 1, Role: frame.Peer, Session: session})
	q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 1000}, Absent: seqs(1000, 2000)})
	_, home := digestOf(0, nil)
	for i := range 4 {
		f, from := digestOf(i, nil)
		if i < 3 {
			from = netip.AddrPortFrom(home.Addr(), uint16(8000+i))
		}
		q.Hear(0, from, f)
	}
	clear(whom)
	for seq := uint64(1024); seq < 1984; seq += 64 {
		m, _, _ := q.Ask(seq, nil)
		whom[m.ID]++
		if m.Addr.Addr() != home.Addr() {
			continue
		}
		m, _, _ = q.Ask(seq, func(id uint64) bool { return id == m.ID })
		if m.Addr.Addr() == home.Addr() {
			t.Fatal("asked at the same address again")
		}
	}
	if len(whom) != 4 {
		t.Errorf("only %d share the work", len(whom))
	}
}

// Four are held at once; another waits for its turn.
func TestRoomForFour(t *testing.T) {
	room := new(Room)
	var list []*Inquest
	for i := range 6 {
		q := New(0, Config{ID: 1, Role: frame.Peer, Session: uint64(i + 1), Room: room})
		q.Update(0, &Own{})
		list = append(list, q)
	}
	now := reliable.Time(0)
	for ; now < reliable.Time(time.Second); now += milli {
		for i, q := range list {
			var f frame.Frame
			if q.Deadline() > now {
				continue
			}
			q.Advance(now)
			if q.Digest(now, &f) && i >= 4 && list[0].Outcome() == Running {
				t.Fatalf("inquest %d began at %v", i, time.Duration(now))
			}
		}
	}
	for i, q := range list {
		if q.Outcome() != Agreed {
			t.Errorf("inquest %d: %v", i, q.Outcome())
		}
	}
	if len(room.held) != 0 || len(room.queue) != 0 {
		t.Errorf("%+v", *room)
	}
}

// Sessions that a stranger made up, and whose inquests never end in time, keep that of a real one
// waiting for one of them at most; and nobody waits without end.
func TestRoomAmongMadeUpSessions(t *testing.T) {
	const much = 1 << 19
	room := new(Room)
	var list []*Inquest
	for i := range 64 {
		home := netip.AddrFrom4([4]byte{10, 0, 0, 66})
		if i == 63 {
			home = netip.AddrFrom4([4]byte{10, 0, 0, 1})
		}
		q := New(0, Config{ID: 1, Role: frame.Peer, Session: uint64(i + 1), Home: home, Room: room})
		q.Update(0, &Own{Oldest: Place{much, much}, Next: Place{much, much}})
		list = append(list, q)
	}
	var ended [64]reliable.Time
	version := uint64(0)
	for now := reliable.Time(0); now < reliable.Time(3*time.Minute); now += 20 * milli {
		version++
		for i, q := range list {
			if i < 63 && now%(500*milli) == 0 { // somebody hears them: each lasts longest
				q.Hear(now, netip.AddrPortFrom(q.cfg.Home, 1), &frame.Frame{Kind: frame.Digest,
					Session: uint64(i + 1), Responder: 666, Flags: frame.Live, NextSeq: much,
					Digest: &frame.DigestBody{Role: frame.Peer, Version: version, Position: much, To: much}})
			}
			var f frame.Frame
			if q.Deadline() <= now {
				q.Advance(now)
				q.Digest(now, &f)
			}
			if q.Outcome() != Running && ended[i] == 0 {
				ended[i] = now
			}
		}
	}
	if at := ended[63]; at == 0 || at > reliable.Time(longest+5*time.Second) {
		t.Errorf("the real one ended at %v", time.Duration(at))
	}
	for i, at := range ended {
		if at == 0 || at > reliable.Time(longestTurn+longest+time.Second) {
			t.Errorf("inquest %d ended at %v", i, time.Duration(at))
		}
	}
	if len(room.held) != 0 || len(room.queue) != 0 {
		t.Errorf("%d held, %d wait", len(room.held), len(room.queue))
	}
}

// Of more members than there is room for, recorders and the lowest ids stay, and the certificate
// says how many had no place.
func TestMoreMembersThanRoom(t *testing.T) {
	q := New(0, Config{ID: 1, Role: frame.Peer, Session: session})
	q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 1000}, Position: Place{2000, 1000}})
	ids := []uint64{}
	for i := range 1200 {
		f, from := digestOf(i, nil)
		if i == 1100 {
			f.Responder, f.Digest.Role = ^uint64(0), frame.Recorder
		}
		ids = append(ids, f.Responder)
		q.Hear(0, from, f)
	}
	slices.Sort(ids)
	for i, id := range ids[:1100] { // once more: those refused aren't counted twice
		f, from := digestOf(i, nil)
		f.Responder = id
		q.Hear(0, from, f)
	}
	if q.table.len() != MaxMembers-1 || q.table.find(^uint64(0)) == nil {
		t.Fatalf("%d members", q.table.len())
	}
	for _, id := range ids[:MaxMembers-2] {
		if q.table.find(id) == nil {
			t.Fatalf("a low id has no place")
		}
	}
	if want := 1200 - (MaxMembers - 1); q.table.more < want*9/10 || q.table.more > want {
		t.Errorf("%d more, not %d", q.table.more, want)
	}
}

// The ranges of all inquests are bounded. What lies beyond is unknown: it isn't named.
func TestRoomForRanges(t *testing.T) {
	room := new(Room)
	var absent []nack.Range
	for i := uint64(0); i < 900; i += 2 {
		absent = append(absent, nack.Range{From: 1000 + i, To: 1001 + i})
	}
	for s := range 3 {
		q := New(0, Config{ID: 1, Role: frame.Peer, Session: session + uint64(s), Room: room})
		q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 1000},
			Position: Place{1000, 0}, Absent: absent})
		members := 300
		if s == 0 {
			members = 100 // there is room for these
		}
		for i := range members {
			f, from := digestOf(i, absent)
			f.Session = session + uint64(s)
			if !q.Hear(0, from, f) {
				t.Fatal(q.Refused())
			}
			if room.ranges > 131072 {
				t.Fatalf("%d ranges", room.ranges)
			}
		}
		q.compute(0, false)
		if known := s == 0; q.find.settled != known || known != slices.Equal(q.find.nobody, absent) ||
			!known && len(nack.Subtract(nil, q.find.nobody, absent)) > 0 {
			t.Errorf("inquest %d: settled %v, nobody has %d of %d", s, q.find.settled,
				len(q.find.nobody), len(absent))
		}
		n := 0
		for i := range q.table.ids {
			m := q.table.member(i)
			n += m.ranges()
			for _, u := range m.unknown() {
				if countIn(m.absent(), u.From, u.To) > 0 {
					t.Fatalf("%v is unknown and absent", u)
				}
			}
		}
		if n != q.table.ranges {
			t.Fatalf("%d ranges, not %d", n, q.table.ranges)
		}
	}
}

// An address has no more of that room than is free: others find theirs.
func TestRangesOfOneAddress(t *testing.T) {
	q := New(0, Config{ID: 1, Role: frame.Peer, Session: session})
	q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 1000}, Position: Place{1000, 0}})
	var absent []nack.Range
	for i := uint64(0); i < 900; i += 2 {
		absent = append(absent, nack.Range{From: 1000 + i, To: 1001 + i})
	}
	_, home := digestOf(0, nil)
	for i := range 500 {
		f, _ := digestOf(i, absent)
		q.Hear(0, home, f)
	}
	for i := range 20 {
		f, from := digestOf(1000+i, absent)
		if q.Hear(0, from, f); len(q.table.find(f.Responder).absent()) != len(absent) {
			t.Fatalf("no room for the %dth at another address", i)
		}
	}
}

// Each that finds no place is counted, once.
func TestTurnedAway(t *testing.T) {
	q := New(0, Config{ID: 1, Role: frame.Peer, Session: session})
	q.Update(0, &Own{})
	for i := range 3 * (MaxMembers + 49) {
		f, from := digestOf(i%(MaxMembers+49), nil)
		f.Responder = uint64(i%(MaxMembers+49) + 2)
		f.Digest.Version = uint64(i + 1)
		q.Hear(reliable.Time(i)*milli, from, f)
	}
	if n := q.table.more; n < 48 || n > 50 {
		t.Errorf("%d more, not 50", n)
	}
}

func (f *fabric) forge(at time.Duration, from netip.AddrPort, change func(*frame.Frame)) {
	for i := range 200 {
		f.after(at+time.Duration(i)*10*ms, func() {
			d := &frame.Frame{
				Kind: frame.Digest, Session: session, Responder: 666, NextSeq: f.frames,
				NextOffset: f.frames * 10,
				Digest: &frame.DigestBody{Role: frame.Peer, Version: uint64(i + 1),
					Position: f.frames, To: f.frames},
			}
			change(d)
			for _, n := range f.nodes {
				if n.q != nil {
					n.q.Hear(f.now, from, d)
					n.step()
				}
			}
		})
	}
}

// A stranger that claims what it doesn't have, and more than there is, can have the others wait
// for the deadline, and no longer. They name nothing that one of them has.
func TestForgedClaims(t *testing.T) {
	stranger := netip.MustParseAddrPort("10.9.9.9:99")
	for name, change := range map[string]func(*frame.Frame){
		"sole holder": func(d *frame.Frame) {},
		"far evidence": func(d *frame.Frame) {
			d.NextSeq, d.NextOffset = 1<<60, 1<<61
			d.Digest.Position, d.Digest.To = 1<<60, 1<<60
		},
		"near evidence": func(d *frame.Frame) { // it says that it holds nothing
			d.NextSeq, d.OldestSeq = f0+1<<19, f0+1<<19
			d.Digest.From, d.Digest.To, d.Digest.Position = d.NextSeq, d.NextSeq, d.NextSeq
		},
		"needs all": func(d *frame.Frame) {
			d.Digest.Position, d.OldestSeq, d.Digest.From = 0, d.NextSeq, d.NextSeq
		},
		"many ids":   func(d *frame.Frame) { d.Responder = mix.Uint64(d.Digest.Version) },
		"our hash":   func(d *frame.Frame) { d.Digest.Proposal = 7 },
		"full":       func(d *frame.Frame) { d.Flags |= frame.Full },
		"every hash": func(d *frame.Frame) { d.Digest.Proposal = d.Digest.Version },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFabric(t, 1, 3, f0)
			f.nodes[0].lose(seqs(10, 20)...)
			f.nodes[1].lose(seqs(10, 20, 50, 60)...)
			f.nodes[2].lose(seqs(10, 20)...)
			f.start()
			f.forge(0, stranger, change)
			f.run(8 * time.Second)
			for _, n := range f.nodes {
				if len(n.certs) == 0 || n.certs[0].Took > 2700*ms {
					t.Fatalf("node %d: %v", n.index, n.certs)
				}
				if n.end != f0 {
					t.Errorf("node %d believes in %d frames", n.index, n.end)
				}
				for _, c := range n.certs {
					named := nack.Union(nil, c.Nobody, c.Unsettled)
					if beyond := nack.Subtract(nil, named, seqs(10, 20)); len(beyond) > 0 {
						t.Errorf("node %d: %v is lost", n.index, beyond)
					}
				}
			}
		})
	}
}

const f0 = 100

// An id is its first address's. Others that use it are counted, and change nothing.
func TestForgedID(t *testing.T) {
	f := newFabric(t, 1, 3, f0)
	f.nodes[0].lose(seqs(10, 20)...)
	f.start()
	f.forge(60*ms, netip.MustParseAddrPort("10.9.9.9:99"), func(d *frame.Frame) {
		d.Responder = f.nodes[1].id
		d.Digest.Version += 1000
		d.OldestSeq, d.Digest.From, d.Digest.Position = f0, f0, 0
	})
	f.run(3 * time.Second)
	if c := f.all(1); !c.Agreed || len(c.Members) != 3 || c.Took > 500*ms {
		t.Errorf("%+v", c)
	}
	if n := f.nodes[0].q.Refused().Rival; n != 200 {
		t.Errorf("%d rivals were counted", n)
	}
}

// A flood from one address costs it its budget, and not the others'.
func TestFlood(t *testing.T) {
	q := New(0, Config{ID: 1, Role: frame.Peer, Session: session})
	q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 1000}, Position: Place{2000, 1000}})
	f, from := digestOf(0, nil)
	taken := 0
	for i := range 100_000 { // in a second
		f.Digest.Version++
		if q.Hear(reliable.Time(i)*10_000, from, f) {
			taken++
		}
	}
	if r := q.Refused(); taken > 30_000 || r.Flooded == 0 || int(r.Flooded)+taken != 100_000 {
		t.Errorf("%d taken, %+v", taken, r)
	}
	other, at := digestOf(1, nil)
	if !q.Hear(reliable.Time(time.Second), at, other) {
		t.Error("another address found no budget")
	}
	// A thousand ids of one address leave room for others.
	q = New(0, Config{ID: 1, Role: frame.Peer, Session: session})
	q.Update(0, &Own{Oldest: Place{1000, 0}, Next: Place{2000, 1000}, Position: Place{2000, 1000}})
	for i := range 2000 {
		f, _ := digestOf(i, nil)
		q.Hear(0, from, f)
	}
	for i := range 100 {
		f, from := digestOf(3000+i, nil)
		if !q.Hear(reliable.Time(i)*milli, from, f) {
			t.Fatalf("no place for the %dth honest one: %+v", i, q.Refused())
		}
	}
}

// What isn't about this inquest is refused.
func TestForeign(t *testing.T) {
	for name, change := range map[string]func(*frame.Frame){
		"session": func(f *frame.Frame) { f.Session++ },
		"channel": func(f *frame.Frame) { f.Channel++ },
		"own":     func(f *frame.Frame) { f.Responder = 1 },
		"answer":  func(f *frame.Frame) { f.Request = 5 },
		"role":    func(f *frame.Frame) { f.Digest.Role = frame.Publisher },
		"kind":    func(f *frame.Frame) { f.Kind = frame.Find },
		"order":   func(f *frame.Frame) { f.Digest.Position = 3000 },
		"ranges":  func(f *frame.Frame) { f.Ranges = seqs(10, 20) },
	} {
		q := New(0, Config{ID: 1, Role: frame.Peer, Session: session})
		q.Update(0, &Own{})
		f, from := digestOf(1, nil)
		change(f)
		if q.Hear(0, from, f) || q.Refused().Foreign != 1 || q.table.len() > 0 {
			t.Errorf("%s: taken", name)
		}
	}
	if s := fmt.Sprint(Running, Agreed, Overdue, CutOff, Outcome(9)); s !=
		"running agreed overdue cut off unknown" {
		t.Error(s)
	}
}
