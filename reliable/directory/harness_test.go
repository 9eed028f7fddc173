package directory

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// machine is what an Announcer and a Listener have in common.
type machine interface {
	Handle(reliable.Time, netip.AddrPort, *frame.Frame)
	Advance(reliable.Time)
	Deadline() reliable.Time
	Next(reliable.Time) (reliable.Batch, bool)
	Sent(reliable.Batch)
}

// net is a network in virtual time on which machines share the directory's group.
type net struct {
	t     *testing.T
	now   reliable.Time
	queue queue
	order uint64
	nodes []*node
	rand  *rand.Rand
	// delay is the way between any two machines, which jitters by as much. loss is the
	// probability that one doesn't get a datagram.
	delay time.Duration
	loss  float64
	// groups and answers are when datagrams to the group and to one machine were sent.
	announced, answered, asked []reliable.Time
	dec                        frame.Decoder
}

type node struct {
	machine
	addr  netip.AddrPort
	timer reliable.Time
	up    bool
}

// event is something that happens at a time.
type event struct {
	at    reliable.Time
	order uint64
	do    func()
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), cmp.Compare(q[i].order, q[j].order)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

func newNet(t *testing.T, seed uint64) *net {
	return &net{t: t, now: 1, rand: rand.New(rand.NewPCG(seed, 1)), delay: 200 * time.Microsecond}
}

func (n *net) after(d time.Duration, do func()) {
	n.order++
	heap.Push(&n.queue, event{n.now.Add(d), n.order, do})
}

// run lets time pass.
func (n *net) run(d time.Duration) {
	end := n.now.Add(d)
	for len(n.queue) > 0 && n.queue[0].at <= end {
		e := heap.Pop(&n.queue).(event)
		n.now = e.at
		e.do()
	}
	n.now = end
}

// address returns the i-th address.
func address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}),
		uint16(10000+i%40000))
}

func (n *net) add(m machine) *node {
	one := &node{machine: m, addr: address(len(n.nodes)), timer: reliable.Never, up: true}
	n.nodes = append(n.nodes, one)
	n.settle(one)
	return one
}

// settle sends what a machine has to send, and arms its timer.
func (n *net) settle(one *node) {
	for {
		b, ok := one.Next(n.now)
		if !ok {
			break
		}
		packet := slices.Clone(b.Data)
		one.Sent(b)
		n.send(one, b.To, packet)
	}
	if at := max(one.Deadline(), n.now); at < one.timer {
		one.timer = at
		n.after(at.Sub(n.now), func() {
			if one.timer != at || !one.up {
				return
			}
			one.timer = reliable.Never
			one.Advance(n.now)
			n.settle(one)
		})
	}
}

// send hands a datagram to one machine, or to all.
func (n *net) send(from *node, to netip.AddrPort, packet []byte) {
	f := new(frame.Frame)
	if err := n.dec.Decode(packet, f); err != nil {
		n.t.Fatalf("a machine sent a frame that is %v", err)
	}
	switch {
	case f.Kind == frame.Find:
		n.asked = append(n.asked, n.now)
	case to.IsValid():
		n.answered = append(n.answered, n.now)
	default:
		n.announced = append(n.announced, n.now)
	}
	// What goes to all arrives at once: a thousand events for each datagram would take long.
	n.after(n.delay+time.Duration(n.rand.Int64N(int64(n.delay))), func() {
		for _, one := range n.nodes {
			if !one.up || to.IsValid() && one.addr != to ||
				n.loss > 0 && n.rand.Float64() < n.loss {
				continue
			}
			one.Handle(n.now, from.addr, f)
			n.settle(one)
		}
	})
}

// publisher returns an Announcer of the topic topic-i.
func (n *net) publisher(i int, change ...func(*AnnouncerConfig)) *Announcer {
	cfg := AnnouncerConfig{
		Session: uint64(i + 1), Seed: n.rand.Uint64(), Start: n.now, Wall: 1,
		Topic: fmt.Sprintf("topic-%d", i), Layout: topic.Layout{Partitions: 1, Groups: 1},
		Publisher: "pub",
	}
	for _, c := range change {
		c(&cfg)
	}
	a, err := NewAnnouncer(cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	return a
}

// listener returns a Listener to the topics of a pattern.
func (n *net) listener(pattern string) *Listener {
	p, err := topic.ParsePattern(pattern)
	if err != nil {
		n.t.Fatal(err)
	}
	l, err := NewListener(ListenerConfig{ID: 7, Seed: n.rand.Uint64(), Start: n.now, Pattern: p,
		Spread: time.Second, Events: true})
	if err != nil {
		n.t.Fatal(err)
	}
	return l
}

// most returns the greatest number of times within a second, from a time on.
func most(from reliable.Time, times ...[]reliable.Time) (n int) {
	all := slices.Concat(times...)
	slices.Sort(all)
	first := 0
	for i, at := range all {
		for all[first] < from || at.Sub(all[first]) >= time.Second {
			if first++; first > i {
				break
			}
		}
		if first <= i {
			n = max(n, i+1-first)
		}
	}
	return n
}

// frameOf returns a frame as one that was sent and received.
func frameOf(t *testing.T, f *frame.Frame) *frame.Frame {
	t.Helper()
	var e frame.Encoder
	var d frame.Decoder
	got := new(frame.Frame)
	if err := d.Decode(e.Append(nil, f), got); err != nil {
		t.Fatal(err)
	}
	return got
}
