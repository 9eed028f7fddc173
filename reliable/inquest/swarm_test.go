package inquest

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
)

var (
	swarmFirst = flag.Uint64("inquest.first", 1, "the first seed of TestSwarm")
	swarmSeeds = flag.Uint64("inquest.seeds", 100, "the number of seeds of TestSwarm")
)

// TestSwarm holds inquests over bad networks, with members that die, fall silent late, are cut
// off, or are full. Each certificate is held to the rules when it is made: see check.
func TestSwarm(t *testing.T) {
	outcomes := map[string]int{}
	for seed := *swarmFirst; seed < *swarmFirst+*swarmSeeds; seed++ {
		ok := t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("rerun: go test ./reliable/inquest -run TestSwarm -inquest.first %d "+
						"-inquest.seeds 1", seed)
				}
			})
			f := random(t, seed)
			f.run(50 * time.Second)
			f.judge()
			for _, n := range f.nodes {
				for _, o := range n.outcomes {
					outcomes[o.String()]++
				}
				if len(n.certs) > 1 {
					outcomes["amended"] += len(n.certs) - 1
				}
			}
		})
		if !ok {
			return
		}
	}
	t.Log(outcomes)
}

// random makes a fabric with random faults.
func random(t testing.TB, seed uint64) *fabric {
	r := nack.NewRand(seed, 99)
	one := func(in uint64) bool { return r.Below(in) == 0 }
	f := newFabric(t, seed, int(2+r.Below(5)), 20+r.Below(200))
	f.trip = time.Duration(200+r.Below(20_000)) * time.Microsecond
	if one(2) {
		f.loss, f.twice = r.Below(250), r.Below(100)
	}
	counted := 0
	if one(2) {
		counted = len(f.nodes)
	}
	skew := []time.Duration{0, 30 * ms, 600 * ms, 3 * time.Second}[r.Below(4)]
	for _, n := range f.nodes {
		n.config.RoundTrip, n.config.Counted = f.trip, counted
		for range r.Below(6) {
			from := r.Below(f.frames)
			n.lose(nack.Range{From: from, To: min(f.frames, from+1+r.Below(20))})
		}
		if one(2) {
			n.end = r.Below(f.frames + 1)
			n.lose(nack.Range{From: n.end, To: f.frames})
		}
		if one(4) { // what it gave up before
			for i := range r.Below(n.end + 1) {
				n.gave[i] = !n.holds[i]
			}
		}
		if one(6) { // it joined late, or its history is short
			n.from = n.position()
		}
		n.full = one(12)
		late := r.Duration(skew + 1)
		if one(8) {
			n.live = true
			if one(2) {
				late += r.Duration(5 * time.Second)
			} else {
				continue // it hears the publisher to the end
			}
		}
		n.f.after(late, n.silence)
		if one(6) {
			f.after(r.Duration(800*ms), func() { n.crashed = true })
		}
	}
	if one(3) { // parts that don't hear each other for a time, or one of them the other
		side, one := r.Uint64(), one(3)
		heal := reliable.Time(r.Duration(6 * time.Second))
		f.deaf = func(from, to *node) bool {
			a, b := side>>from.index&1, side>>to.index&1
			return f.now < heal && (a < b || a > b && !one)
		}
	} else if one(4) { // A hears B, B hears C, A doesn't hear C
		f.deaf = func(from, to *node) bool {
			return from.index+1 < to.index || to.index+1 < from.index
		}
	}
	return f
}

// judge holds what became of an inquest to the rules.
func (f *fabric) judge() {
	t := f.t
	t.Helper()
	for _, n := range f.nodes {
		if n.crashed || !n.started {
			continue
		}
		if len(n.certs) == 0 {
			t.Fatalf("node %d has no certificate: %v", n.index, n.q.course)
		}
		if took := n.certs[0].Took; took > 5*time.Second {
			t.Fatalf("node %d took %v", n.index, took)
		}
		for i, c := range n.certs {
			if n.outcomes[i] == Agreed {
				f.agreed(n, c)
			}
		}
	}
	f.equal()
}

// agreed holds an agreed certificate to what it says: all members confirmed it, and this one
// has all but what nobody has.
func (f *fabric) agreed(n *node, c *reliable.Certificate) {
	for _, m := range c.Members {
		if !m.Confirmed {
			f.t.Fatalf("node %d: agreed, but not %x", n.index, m.ID)
		}
	}
	if len(c.Unsettled) > 0 && !n.full {
		f.t.Fatalf("node %d agreed, and %v is unsettled", n.index, c.Unsettled)
	}
}

// equal holds (A): those who heard each other in each G have the same certificate.
func (f *fabric) equal() {
	for _, n := range f.nodes {
		if n.crashed || len(n.certs) == 0 || n.outcomes[0] != Agreed {
			continue
		}
		for _, o := range f.nodes {
			if o == n || o.crashed || len(o.certs) == 0 || !f.clique(n, o) {
				continue
			}
			if a, b := content(n.certs[0]), content(o.certs[0]); a != b {
				f.t.Fatalf("(A) nodes %d, at %v, and %d, at %v:\n%s\n%s", n.index,
					time.Duration(n.first), o.index, time.Duration(o.first), a, b)
			}
		}
	}
}

// clique reports whether both list each other, and all whom either lists or heard, until both had
// their certificates, heard each other often.
func (f *fabric) clique(n, o *node) bool {
	lists := func(a, b *node) bool {
		return slices.ContainsFunc(a.certs[0].Members, func(m reliable.Survivor) bool {
			return m.ID == b.id
		})
	}
	if !lists(n, o) || !lists(o, n) {
		return false
	}
	all, until := []*node{}, max(n.first, o.first)
	for _, m := range f.nodes {
		if lists(n, m) || lists(o, m) || n.heardBefore(m, until) || o.heardBefore(m, until) {
			all = append(all, m)
		}
	}
	for _, a := range all {
		if a.crashed || a.q == nil {
			return false
		}
		for _, b := range all {
			if a != b && !a.heardOften(b, a.began, until, a.q.gather()) {
				return false
			}
		}
	}
	return true
}

// heardBefore reports whether one node heard another before a time.
func (n *node) heardBefore(of *node, at reliable.Time) bool {
	w := n.words[of.index]
	return len(w) > 0 && w[0].at < at
}
