package inquest

import (
	"container/heap"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/mix"
)

const (
	ms      = time.Millisecond
	session = 0x5e55
)

// A fabric is a few survivors in virtual time: what they hold, and the network between them.
type fabric struct {
	t      testing.TB
	rand   *nack.Rand
	now    reliable.Time
	queue  events
	count  int
	nodes  []*node
	frames uint64 // what the publisher sent: numbers [0, frames)

	trip  time.Duration
	loss  uint64 // of 1,000 datagrams
	twice uint64
	// deaf reports whether datagrams of one node never reach another now.
	deaf func(from, to *node) bool
	rate time.Duration // for each repair of a holder
	// bare keeps no words: the rules aren't checked.
	bare bool
}

// A node is a survivor: what a receiver with a history would have.
type node struct {
	f      *fabric
	index  int
	id     uint64
	addr   netip.AddrPort
	q      *Inquest
	config Config

	holds []bool // delivered, or waiting behind a gap
	gave  []bool // given up
	end   uint64 // evidence
	full  bool
	from  uint64 // its history begins here

	crashed, live, started bool
	asked                  map[uint64]asked
	version                uint64
	busy                   reliable.Time
	certs                  []*reliable.Certificate
	outcomes               []Outcome
	began, first, ended    reliable.Time // first: its first certificate
	at                     reliable.Time // of the wake that is scheduled
	digests                int

	words map[int][]word // of each other node, as they arrived
}

type asked struct {
	at   reliable.Time
	of   uint64
	vain map[uint64]int
}

// A word is a DIGEST that arrived.
type word struct {
	at       reliable.Time
	holds    []bool
	whole    bool
	from, to uint64
	proposal uint64
	live     bool
}

type event struct {
	at reliable.Time
	n  int
	do func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].n < e[j].n
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	x := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return x
}

func newFabric(t testing.TB, seed uint64, nodes int, frames uint64) *fabric {
	f := &fabric{t: t, rand: nack.NewRand(seed, 1), frames: frames, trip: ms, rate: 80_000}
	for i := range nodes {
		f.add(i, frames)
	}
	return f
}

func (f *fabric) add(i int, frames uint64) *node {
	n := &node{
		f: f, index: i, id: mix.Uint64(uint64(i) + 77), holds: make([]bool, frames),
		gave: make([]bool, frames), end: frames, asked: map[uint64]asked{},
		addr:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7000),
		words: map[int][]word{}, at: reliable.Never,
	}
	for j := range n.holds {
		n.holds[j] = true
	}
	n.config = Config{
		ID: n.id, Role: frame.Peer, Name: fmt.Sprint("node", i), Seed: f.rand.Uint64(),
		Session: session, RoundTrip: f.trip,
	}
	f.nodes = append(f.nodes, n)
	return n
}

// after schedules something.
func (f *fabric) after(d time.Duration, do func()) {
	f.count++
	heap.Push(&f.queue, event{f.now.Add(d), f.count, do})
}

// run lets time pass up to a time.
func (f *fabric) run(until time.Duration) {
	for len(f.queue) > 0 && f.queue[0].at <= reliable.Time(until) {
		e := heap.Pop(&f.queue).(event)
		f.now = e.at
		e.do()
	}
	f.now = reliable.Time(until)
}

// silence has a node's publisher fall silent.
func (n *node) silence() {
	if n.crashed {
		return
	}
	n.q = New(n.f.now, n.config)
	n.started, n.live, n.began = true, false, n.f.now
	n.step()
}

// position returns the first number that it has neither got nor given up.
func (n *node) position() uint64 {
	for i := uint64(0); i < n.end; i++ {
		if !n.holds[i] && !n.gave[i] {
			return i
		}
	}
	return n.end
}

func (n *node) own() *Own {
	o := &Own{Next: Place{n.end, n.end * 10}, Full: n.full, Oldest: Place{n.end, n.end * 10}}
	p := n.position()
	o.Position = Place{p, p * 10}
	for i := n.end; i > n.from; i-- {
		if n.holds[i-1] {
			o.Oldest = Place{i - 1, (i - 1) * 10}
		}
	}
	for i := o.Oldest.Seq; i < n.end; i++ {
		if !n.holds[i] {
			o.Absent = join(o.Absent, nack.Range{From: i, To: i + 1})
		}
	}
	return o
}

// step does all that is to be done now.
func (n *node) step() {
	f := n.f
	if n.crashed || n.q == nil {
		return
	}
	now := f.now
	if e := n.q.Evidence(); e.Seq > n.end {
		n.grow(e.Seq)
	}
	for turns := 0; turns == 0 || n.q.Deadline() <= now; turns++ {
		n.q.Update(now, n.own())
		n.q.Advance(now)
		if n.q.Outcome() != Running && len(n.certs) == 0 {
			n.take(n.q.Certificate())
		}
		if c := n.q.Amended(); c != nil {
			n.take(c)
		}
		n.q.Update(now, n.own())
		var d frame.Frame
		for n.q.Digest(now, &d) {
			n.send(&d)
		}
		if turns > 4 {
			f.t.Fatalf("node %d: a deadline that has passed: %v at %v: %+v", n.index,
				time.Duration(n.q.Deadline()), time.Duration(now), n.q.course)
		}
	}
	n.ask()
	n.wake()
}

// wake schedules the next step.
func (n *node) wake() {
	f, now := n.f, n.f.now
	next := n.q.Deadline()
	if n.wants() && !n.full {
		next = min(next, now.Add(5*f.trip))
	}
	if next == reliable.Never || n.at > now && n.at <= next {
		return
	}
	n.at = next
	f.after(next.Sub(now), func() {
		if n.at <= f.now {
			n.at = reliable.Never
			n.step()
		}
	})
}

// grow extends what a node knows of the stream.
func (n *node) grow(end uint64) {
	n.end = end
	for uint64(len(n.holds)) < end {
		n.holds, n.gave = append(n.holds, false), append(n.gave, false)
	}
}

// take takes a certificate.
func (n *node) take(c *reliable.Certificate) {
	n.certs = append(n.certs, c)
	n.outcomes = append(n.outcomes, n.q.Outcome())
	if n.ended = n.f.now; len(n.certs) == 1 {
		n.first = n.f.now
	}
	n.f.check(n, c)
	n.grow(max(n.end, c.Frames.To))
	if c.Number == 0 {
		return
	}
	for _, list := range [][]nack.Range{c.Nobody, c.Unsettled} {
		for _, r := range list {
			for i := r.From; i < r.To; i++ {
				n.gave[i] = n.gave[i] || !n.holds[i]
			}
		}
	}
}

func (n *node) wants() bool {
	for i := range n.end {
		if !n.holds[i] && !n.gave[i] {
			return true
		}
	}
	return false
}

// send sends a DIGEST to all others, as bytes.
func (n *node) send(d *frame.Frame) {
	n.version++
	n.digests++
	d.Digest.Version = n.version
	var holds []bool
	if !n.f.bare {
		holds = slices.Clone(n.holds)
	}
	for more := true; more; {
		var b []byte
		b, more = new(frame.Encoder).AppendDigest(nil, d, 1400)
		for _, to := range n.f.nodes {
			if to != n {
				n.f.carry(n, to, func() { to.hear(n, b, holds) })
			}
		}
	}
}

// carry moves a datagram, or loses it, or has it come twice.
func (f *fabric) carry(from, to *node, arrive func()) {
	if f.deaf != nil && f.deaf(from, to) || f.rand.Below(1000) < f.loss {
		return
	}
	times := 1
	if f.rand.Below(1000) < f.twice {
		times = 2
	}
	for range times {
		f.after(f.trip/2+f.rand.Duration(f.trip/4), arrive)
	}
}

// hear takes a DIGEST.
func (n *node) hear(from *node, b []byte, holds []bool) {
	if n.crashed {
		return
	}
	var d frame.Frame
	if err := new(frame.Decoder).Decode(b, &d); err != nil {
		n.f.t.Fatal(err)
	}
	if n.q == nil {
		if n.live && d.Flags&frame.Live == 0 {
			n.witness()
		}
		return
	}
	if n.q.Hear(n.f.now, from.addr, &d) && !n.f.bare {
		n.words[from.index] = append(n.words[from.index], word{
			at: n.f.now, holds: holds, proposal: d.Digest.Proposal, live: d.Flags&frame.Live != 0,
			whole: d.Digest.From == d.OldestSeq && d.Digest.To == d.NextSeq,
			from:  d.Digest.From, to: d.Digest.To,
		})
	}
	if !n.f.bare || n.q.Deadline() <= n.f.now {
		n.step()
	} else {
		n.wake()
	}
}

// witness says that this node hears the publisher, a few times a second.
func (n *node) witness() {
	if n.busy > n.f.now {
		return
	}
	n.busy = n.f.now.Add(300 * ms)
	o := n.own()
	n.send(&frame.Frame{
		Kind: frame.Digest, Session: session, Responder: n.id, Flags: frame.Live,
		OldestSeq: min(o.Oldest.Seq, o.Position.Seq), NextSeq: o.Next.Seq,
		NextOffset: o.Next.Offset, Ranges: o.Absent,
		Digest: &frame.DigestBody{Role: frame.Peer, Position: o.Position.Seq,
			From: min(o.Oldest.Seq, o.Position.Seq), To: o.Next.Seq},
	})
}

// ask asks members for what is missing, some at a time.
func (n *node) ask() {
	f, out := n.f, 0
	if n.full {
		return
	}
	for i := range n.end {
		if n.holds[i] || n.gave[i] {
			continue
		}
		a := n.asked[i]
		if a.at != 0 && f.now.Sub(a.at) < 4*f.trip+20*ms {
			out++
			continue
		}
		if out > 64 {
			return
		}
		if a.vain == nil {
			a.vain = map[uint64]int{}
		}
		if a.at != 0 {
			a.vain[a.of]++
		}
		m, _, ok := n.q.Ask(i, func(id uint64) bool { return a.vain[id] >= 3 })
		if !ok {
			n.asked[i] = asked{vain: nil}
			continue
		}
		out++
		a.at, a.of = f.now, m.ID
		n.asked[i] = a
		if to := f.byID(m.ID); to != nil {
			f.carry(n, to, func() { to.repair(i) })
		}
	}
}

func (f *fabric) byID(id uint64) *node {
	for _, n := range f.nodes {
		if n.id == id {
			return n
		}
	}
	return nil
}

// repair sends a frame to all, at the node's rate.
func (n *node) repair(seq uint64) {
	if n.crashed || seq < n.from || seq >= n.end || !n.holds[seq] {
		return
	}
	n.busy = max(n.busy, n.f.now).Add(n.f.rate)
	n.f.after(n.busy.Sub(n.f.now), func() {
		if n.crashed {
			return
		}
		for _, to := range n.f.nodes {
			if to == n {
				continue
			}
			n.f.carry(n, to, func() {
				if !to.crashed && !to.full && seq < to.end && !to.holds[seq] {
					to.holds[seq] = true
					to.step()
				}
			})
		}
	})
}

// check holds a certificate to the rules.
func (f *fabric) check(n *node, c *reliable.Certificate) {
	t := f.t
	t.Helper()
	if c.Number == 0 || f.bare {
		return
	}
	// (T) No listed member's last word has what nobody has. That of each number counts.
	for _, m := range c.Members {
		o := f.byID(m.ID)
		if o == nil {
			continue // a forged one
		}
		for _, r := range c.Nobody {
			for i := r.From; i < r.To; i++ {
				if o == n {
					if n.holds[i] && i >= n.from {
						t.Fatalf("(T) %d: it names %d, and has it itself", n.index, i)
					}
					continue
				}
				if last := n.last(o, i); last != nil && i < uint64(len(last.holds)) &&
					last.holds[i] && i >= o.from {
					t.Fatalf("(T) node %d at %v names %d, which node %d has by its word at %v:\n%+v",
						n.index, time.Duration(f.now), i, o.index, time.Duration(last.at), c)
				}
			}
		}
		// (H) One that confirmed it said the hash.
		if m.Confirmed && o != n {
			if w := n.words[o.index]; len(w) == 0 || w[len(w)-1].proposal != c.Hash {
				t.Fatalf("(H) node %d says that node %d confirmed", n.index, o.index)
			}
		}
	}
	// (H) Equal hash, equal content.
	for _, o := range f.nodes {
		for _, other := range o.certs {
			if other.Number > 0 && other.Hash == c.Hash && content(other) != content(c) {
				t.Fatalf("(H) nodes %d and %d: the same hash, but\n%s\n%s", n.index, o.index,
					content(c), content(other))
			}
		}
	}
	// (M) Amended only forwards.
	if k := len(n.certs); k > 1 && n.certs[k-2].Number > 0 {
		old := n.certs[k-2]
		if c.Number != old.Number+1 || c.Frames.To < old.Frames.To {
			t.Fatalf("(M) node %d: %+v after %+v", n.index, c, old)
		}
		if more := nack.Subtract(nil, clip(slices.Clone(c.Nobody), 0, old.Frames.To),
			old.Nobody); len(more) > 0 {
			t.Fatalf("(M) node %d: %v is lost, but wasn't", n.index, more)
		}
	}
}

// last returns the last word of a member about a number.
func (n *node) last(of *node, seq uint64) *word {
	list := n.words[of.index]
	for i := len(list) - 1; i >= 0; i-- {
		if w := &list[i]; w.from <= seq && seq < w.to || w.whole {
			return w
		}
	}
	return nil
}

// content is what the hash is of.
func content(c *reliable.Certificate) string {
	var b strings.Builder
	for _, m := range c.Members {
		fmt.Fprintf(&b, "%x ", m.ID)
	}
	fmt.Fprintf(&b, "%v %v", c.Frames, c.Nobody)
	return b.String()
}

// heardOften reports whether one node heard another in each span of time.
func (n *node) heardOften(of *node, from, to reliable.Time, span time.Duration) bool {
	last := from
	for _, w := range n.words[of.index] {
		if w.at >= to {
			break
		}
		if w.at.Sub(last) > span {
			return false
		}
		last = max(last, w.at)
	}
	return to.Sub(last) <= span
}
