// Package world is the virtual-time simulator: the real protocol machines on simulated
// processes and links.
package world

import (
	"fmt"
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/link"
	"crier/testnet/schedule"
)

// Config says how a World begins.
type Config struct {
	// Seed decides everything random in the run: the same seed, and the same
	// calls, give the same bytes on every machine.
	Seed uint64
	// Trace, if set, gets one line of text for each thing that happens: when,
	// from whom to whom, which frame, and its fate. A run's lines are
	// the same, byte for byte, for the same seed.
	Trace func(line string)
	// Stop, if set, is asked now and then whether the run is to end: once it says
	// so, Run returns ErrStopped.
	Stop func() bool
	// Chooser, if set, decides what becomes of each datagram that arrives.
	Chooser Chooser
}

// World is the virtual-time simulator: publishers and subscribers, which are the
// real [send.Sender] and [receive.Receiver], and the links between them.
// Time jumps from one event to the next; there is no goroutine, no clock and no
// socket. A World must not be used by several goroutines at once; several
// Worlds don't know of each other.
//
//	w := world.New(world.Config{Seed: 7})
//	sub, err := w.AddSubscriber(world.SubscriberConfig{
//		Down:    link.Config{Loss: link.Bernoulli{P: 0.01}},
//		OnEvent: func(now reliable.Time, ev *reliable.Event) { ... },
//	})
//	pub, err := w.AddPublisher(world.PublisherConfig{}) // last: it speaks at once
//	w.At(10*ms, func() { pub.Publish([]byte("hello")) })
//	w.At(20*ms, func() { pub.Crash() })
//	err = w.Run(5 * second)
//
// Times are nanoseconds since the start of the run, at which the World is made.
// What is called between two Runs, or in a function given to At, happens at
// [World.Now]. Nodes are processes on hosts of their own: they crash, pause and
// restart. Each ordered pair of a publisher and a subscriber has a [Link] of its
// own, and subscribers may share a [Segment], on which they lose together. Subscribers
// reach each other, and the group, as well: over the link that leaves the one's host
// and another that reaches the other's, made when they are first used.
//
// Package checker watches a World and judges the promise.
type World struct {
	cfg   Config
	now   reliable.Time
	queue schedule.Schedule[happening]
	dec   frame.Decoder
	err   error

	fanouts fanouts

	pubs          []*Publisher
	subs          []*Subscriber // recorders among them
	listeners     []*Subscriber // those that are none
	recorders     []*Recorder
	direct        [MaxFeeds][]*Subscriber // those on no segment, by feed
	segments      []*Segment
	seekers       int // publishers that may ask where their stream ended
	holders       []*Holder
	residents     []*resident // of the directory
	entries       []*Entry
	listers       []*Lister
	downs         links // where the next link lies
	ups           links
	sessions      []*Session
	events        [16]reliable.Run // that a subscriber is told now
	calls         []func()
	free          []uint32 // places in calls
	observers     []*Observer
	drop          Drop
	outcome       link.Outcome
	mostScheduled int
	kept          uint64 // bytes of messages that are kept, accepted or held
	stats         Stats
}

// Stats counts the events of a World.
type Stats struct {
	// Events are things that happened, timers included.
	Events uint64 `json:"events"`
	// Sent counts datagrams handed to the network, by anyone.
	Sent uint64 `json:"sent"`
	// Delivered counts datagrams that arrived at a process, copies included, and Damaged
	// those of them that didn't decode.
	Delivered uint64 `json:"delivered"`
	Damaged   uint64 `json:"damaged"`
	// Nowhere counts datagrams that arrived where no process listens any more.
	Nowhere uint64 `json:"nowhere"`
	// Overflow counts datagrams that found a paused process's socket full.
	Overflow uint64 `json:"overflow"`
}

// New returns an empty World at time 0.
func New(cfg Config) *World {
	return &World{cfg: cfg, fanouts: fanouts{open: -1}, mostScheduled: maxScheduled}
}

// Now returns the time.
func (w *World) Now() reliable.Time { return w.now }

// Seed returns the run's seed.
func (w *World) Seed() uint64 { return w.cfg.Seed }

// Stats returns the counters so far.
func (w *World) Stats() Stats { return w.stats }

// Sessions returns all streams of all publishers so far, in the order in which they began,
// and those of one session in the order of their partitions.
func (w *World) Sessions() []*Session { return w.sessions }

// Publishers returns the publishers in the order in which they were added.
func (w *World) Publishers() []*Publisher { return w.pubs }

// Subscribers returns the subscribers in the order in which they were added, without
// recorders.
func (w *World) Subscribers() []*Subscriber { return w.listeners }

// Segments returns the segments in the order in which they were added.
func (w *World) Segments() []*Segment { return w.segments }

// Session returns the stream of a session and partition, or nil.
func (w *World) Session(id reliable.SessionID, partition uint32) *Session {
	for i, s := range w.sessions {
		if s.ID != id {
			continue
		}
		if i += int(partition); i < len(w.sessions) && w.sessions[i].ID == id {
			return w.sessions[i]
		}
		return nil
	}
	return nil
}

// SessionOf returns the stream that a frame is about, or nil.
func (w *World) SessionOf(f *frame.Frame) *Session {
	return w.Session(reliable.SessionID(f.Session), f.Channel)
}

// At lets fn happen at a time, which must not be past: then it happens now.
// What is to happen at one time happens in the order of the calls of At.
func (w *World) At(at reliable.Time, fn func()) {
	n := uint32(len(w.calls))
	if last := len(w.free) - 1; last >= 0 {
		n = w.free[last]
		w.free = w.free[:last]
		w.calls[n] = fn
	} else {
		w.calls = append(w.calls, fn)
	}
	w.push(max(at, w.now), eventCall, n, nil)
}

// Run lets time pass until the given instant, which Now then returns. It
// returns an error if a machine did what no machine may do whatever happens:
// sent a frame that doesn't decode, or didn't come to rest; a LimitError if more happened
// than a World may hold; ErrStopped if it was told to stop. The World then stands
// still.
func (w *World) Run(until reliable.Time) error {
	for w.err == nil && w.queue.Len() > 0 && w.queue.Next().At <= int64(until) {
		if w.stats.Events%stopEvery == 0 && w.Stopped() {
			break
		}
		w.now = reliable.Time(w.queue.Next().At)
		w.stats.Events++
		if w.cfg.Chooser != nil && !w.choose() {
			continue
		}
		if first := &w.queue.Next().What; first.kind == eventHop {
			w.hop(first.node)
			continue
		}
		e := w.queue.Pop().What
		switch e.kind {
		case eventArrive:
			w.subs[e.node].arrive(e.pkt)
		case eventAnswer:
			w.pubs[e.node].arrive(e.pkt)
		case eventFan:
			w.segments[e.node].fan(e.pkt)
		case eventLeave:
			w.subs[e.node].spread(e.pkt)
		case eventTimer:
			if e.node&subscriberTimer != 0 {
				w.subs[e.node&^subscriberTimer].timer()
			} else {
				w.pubs[e.node].timer()
			}
		case eventWake:
			if e.node&subscriberTimer != 0 {
				w.subs[e.node&^subscriberTimer].wake()
			} else {
				w.pubs[e.node].wake()
			}
		case eventConsume:
			w.subs[e.node].consume()
		case eventWritten:
			w.pubs[e.node].written()
		case eventDirectory:
			w.residents[e.node].arrive(e.pkt)
		case eventDirectoryTimer:
			w.residents[e.node].timer()
		case eventCall:
			fn := w.calls[e.node]
			w.calls[e.node] = nil
			w.free = append(w.free, e.node)
			fn()
		}
	}
	if w.err == nil {
		w.now = max(w.now, until)
	}
	return w.err
}

func (w *World) push(at reliable.Time, kind eventKind, node uint32, p *Datagram) {
	if at == reliable.Never {
		return
	}
	if w.queue.Len() >= w.mostScheduled {
		w.exceed("%d datagrams, timers and events wait for their time at once: shorten delays, "+
			"or have less happen", w.mostScheduled)
		return
	}
	w.queue.Push(int64(at), happening{kind: kind, node: node, pkt: p})
}

// fail stops the World.
func (w *World) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("testnet: seed %d at %v: %s", w.cfg.Seed, Stamp(w.now),
			fmt.Sprintf(format, args...))
	}
}

// publisherAt returns the publisher that listens at an address, and the
// subscriber, or nil.
func (w *World) publisherAt(a netip.AddrPort) *Publisher {
	a, _ = feedOf(a)
	n, ok := number16(a, publisherNet)
	if !ok || n >= len(w.pubs) || w.pubs[n].addr != a {
		return nil
	}
	return w.pubs[n]
}

func (w *World) subscriberAt(a netip.AddrPort) *Subscriber {
	a, _ = feedOf(a)
	n, ok := number16(a, subscriberNet)
	if !ok || n >= len(w.subs) || w.subs[n].addr != a {
		return nil
	}
	return w.subs[n]
}

// Hosts have addresses 10.net.x.y, where x.y is their number; each change of it adds 2 to
// net.
const (
	publisherNet  = 1
	subscriberNet = 2
	holderNet     = 3
	firstPort     = 5000
	maxNodes      = 1 << 16
)

func hostAddr(net byte, number int, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, net, byte(number >> 8), byte(number)}),
		port)
}

func number16(a netip.AddrPort, net byte) (int, bool) {
	if !a.Addr().Is4() {
		return 0, false
	}
	b := a.Addr().As4()
	return int(b[2])<<8 | int(b[3]), b[0] == 10 && b[1] >= net && (b[1]-net)%2 == 0
}

// id makes ids that are the same for the same seed and never 0.
func (w *World) id(net byte, number, life int) uint64 {
	id := link.Seed(w.cfg.Seed, uint64(net)<<32|uint64(number), ^uint64(life))
	if id == 0 {
		id = 1
	}
	return id
}
