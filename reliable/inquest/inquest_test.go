package inquest

import (
	"flag"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// lose has a node lack numbers.
func (n *node) lose(ranges ...nack.Range) {
	for _, r := range ranges {
		for i := r.From; i < r.To; i++ {
			n.holds[i] = false
		}
	}
}

func (f *fabric) start() {
	for _, n := range f.nodes {
		f.after(0, n.silence)
	}
}

func seqs(pairs ...uint64) (list []nack.Range) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, nack.Range{From: pairs[i], To: pairs[i+1]})
	}
	return list
}

// Survivors repair each other, and all have the same certificate.
func TestSurvivorsAgree(t *testing.T) {
	f := newFabric(t, 1, 3, 200)
	f.nodes[0].lose(seqs(50, 60, 100, 120)...)
	f.nodes[1].lose(seqs(55, 70, 110, 200)...)
	f.nodes[1].end = 110
	f.nodes[2].lose(seqs(58, 60, 150, 160, 110, 112)...)
	f.start()
	f.run(time.Second)
	for _, n := range f.nodes {
		if len(n.certs) != 1 || n.outcomes[0] != Agreed || n.ended > 400*1e6 {
			t.Fatalf("node %d: %v at %v", n.index, n.outcomes, time.Duration(n.ended))
		}
		c := n.certs[0]
		if want := seqs(58, 60, 110, 112); !slices.Equal(c.Nobody, want) || len(c.Members) != 3 ||
			c.Frames != (nack.Range{From: 50, To: 200}) || c.NextOffset != 2000 || !c.Agreed {
			t.Errorf("node %d: %+v", n.index, c)
		}
		if got := nack.Range(n.own().Absent[0]); len(n.own().Absent) != 2 || got != seqs(58, 60)[0] {
			t.Errorf("node %d lacks %v", n.index, n.own().Absent)
		}
	}
}

// A survivor alone is done after about G.
func TestAlone(t *testing.T) {
	f := newFabric(t, 1, 1, 100)
	f.nodes[0].lose(seqs(20, 30)...)
	f.start()
	f.run(time.Second)
	n := f.nodes[0]
	if len(n.certs) != 1 || n.ended > 100*1e6 || !slices.Equal(n.certs[0].Nobody, seqs(20, 30)) {
		t.Fatalf("%v at %v", n.certs, time.Duration(n.ended))
	}
}

// Where the clock moves on between Advance and Digest, Digest may find that all is over: the
// caller is called at once then, to take note of it.
func TestEndInDigest(t *testing.T) {
	q := New(0, Config{ID: 1, Session: 2})
	q.Update(0, &Own{Next: Place{10, 10}, Position: Place{10, 10}})
	var f frame.Frame
	for now := reliable.Time(0); now < 40*milli; now += milli {
		q.Advance(now)
		q.Digest(now, &f)
	}
	const late = 100 * milli
	if q.Outcome() != Running || !q.Digest(late, &f) || q.Outcome() == Running {
		t.Fatal("Digest didn't find the end")
	}
	if at := q.Deadline(); at > late {
		t.Errorf("the end is taken note of at %v", time.Duration(at))
	}
}

// The hash is that of the example in docs/PROTOCOL.md.
func TestHash(t *testing.T) {
	q := New(0, Config{ID: 0x5ec0dedbadc0ffee, Session: 0x9f3c2a61d47be805})
	m := q.table.admit(0, 0x1c0ffee5badf00d1, netip.MustParseAddrPort("10.0.0.1:1"), frame.Peer)
	m.state = listed
	q.find.listed, q.find.from, q.find.to, q.find.nobody = 1, 7, 12, seqs(10, 11)
	if h := q.hash(); h != 0xee1e65808b2ebacc {
		t.Errorf("%x", h)
	}
}

var large = flag.Int("inquest.members", 50, "the number of members of TestMany")

// Many survivors agree in time.
func TestMany(t *testing.T) {
	f := newFabric(t, 1, *large, 120)
	f.bare, f.loss = true, 10
	for i, n := range f.nodes {
		n.config.Counted = *large
		if i > 2 {
			n.lose(seqs(uint64(20+i%7), 40, 100, 120)...)
			n.end = uint64(100 + i%20)
		}
	}
	f.start()
	f.run(7 * time.Second)
	late := reliable.Time(0)
	digests := 0
	for _, n := range f.nodes {
		if len(n.certs) != 1 || n.outcomes[0] != Agreed || len(n.certs[0].Members) != *large {
			t.Fatalf("node %d: %v", n.index, n.outcomes)
		}
		late = max(late, n.first)
		digests += n.digests
	}
	t.Logf("all agreed after %v, with %d digests each", time.Duration(late), digests / *large)
}
