// Package impair puts links on real sockets: what they receive passes a link, in real
// time and before anyone looks at it.
package impair

import (
	"sync"
	"sync/atomic"
	"time"

	"crier/multicast"
	"crier/testnet/link"
)

// Network is a network whose sockets receive over bad links, in real time
// and before anyone looks at what came. It is as safe for concurrent use as the
// network below it.
type Network struct {
	network multicast.Network
	cfg     link.Config
	seed    uint64
	start   time.Time
	opened  atomic.Uint64 // sockets so far, which number their links

	mu    sync.Mutex
	stats Stats
}

var _ multicast.Network = (*Network)(nil)

// Stats is what the links of all sockets have counted, those of closed
// sockets included. A datagram counts as sent when its socket receives it.
// Counters only grow.
type Stats struct {
	link.Stats
	Delayed  uint64 // arrivals that were held back, copies included
	Overflow uint64 // arrivals dropped since their socket held all that it may (64 MiB)
}

// Dropped returns how many datagrams were thrown away, for whatever reason.
// Copies that were, count too.
func (s Stats) Dropped() uint64 {
	return s.Lost + s.QueueDrops + s.Partitioned + s.Overflow
}

// Wrap wraps a network so that each of its sockets, group and unicast alike,
// passes what it receives through a [Link] of its own, which behaves as cfg says
// and counts 28 bytes of headers (over IPv6, 48) to a datagram. What is sent
// isn't changed. Each link has its own generator, from seed and from its
// socket's place in the order of opening: the same seed loses the same
// datagrams, if they arrive in the same order.
//
// Where cfg has only loss and corruption, a Read is that of the wrapped socket
// less what is lost: nothing is copied or allocated, and corruption damages the
// wrapped socket's own buffer. Otherwise each socket has a goroutine, which ends
// with Close. It copies datagrams into a queue of 64 MiB at most, of which a
// datagram takes from 384 B (up to 256 B long) to 64 KiB (over 9 KiB), 1,664 B
// if it is as long as an Ethernet frame; what doesn't fit is counted and
// dropped. The queue keeps its memory while the socket is open. The delay
// counts from the kernel's time stamp where there is one, and Received moves
// with it. How late a Read returns depends on the network's [multicast.Timer].
func Wrap(network multicast.Network, cfg link.Config, seed uint64) (*Network, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Network{network: network, cfg: cfg, seed: seed, start: time.Now()}, nil
}

// Stats returns what was counted so far.
func (n *Network) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stats
}

// Group implements multicast.Network.
func (n *Network) Group(cfg multicast.GroupConfig) (multicast.Conn, error) {
	return n.wrap(n.network.Group(cfg))
}

// Groups implements multicast.Network. All groups of a socket share its link.
func (n *Network) Groups(cfg multicast.GroupConfig) (multicast.GroupsConn, error) {
	g, err := n.network.Groups(cfg)
	if err != nil {
		return nil, err
	}
	c, err := n.wrap(g, nil)
	if err != nil {
		return nil, err
	}
	if p, ok := c.(multicast.Poller); ok {
		return &groupsPoller{Poller: p, members: g}, nil
	}
	return &groupsConn{Conn: c, members: g}, nil
}

// Socket implements multicast.Network.
func (n *Network) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	return n.wrap(n.network.Socket(cfg))
}

// Timer implements multicast.Network.
func (n *Network) Timer() (multicast.Timer, error) { return n.network.Timer() }

// LeaseClock returns that of the network, or nil.
func (n *Network) LeaseClock() multicast.LeaseClock {
	return multicast.LinkConfig{Network: n.network}.LeaseClock()
}

func (n *Network) wrap(c multicast.Conn, err error) (multicast.Conn, error) {
	if err != nil {
		return nil, err
	}
	in := inbound{network: n, link: new(link.Link).Init(n.cfg,
		link.Seed(n.seed, n.opened.Add(1), 0))}
	if n.cfg.Instant() {
		if p, ok := c.(multicast.Poller); ok {
			return &instantPoller{instantConn: instantConn{Conn: c, inbound: in}, poll: p}, nil
		}
		return &instantConn{Conn: c, inbound: in}, nil
	}
	return newDelayConn(c, in)
}

// now returns the time that links know.
func (n *Network) now() int64 { return int64(time.Since(n.start)) }

// inbound is the link that leads to a socket, and belongs to the goroutine that
// reads it.
type inbound struct {
	network *Network
	link    *link.Link
	counted link.Stats // what the network's counters have of the link's
}

// ipv4Header is what UDP and IPv4 add to a datagram.
const ipv4Header = 28

// send hands a datagram that came at now to the link.
func (in *inbound) send(now int64, p *multicast.Packet) link.Outcome {
	size := len(p.Data) + ipv4Header
	if !p.From.Addr().Is4() {
		size += 20 // an IPv6 header is longer than one of IPv4
	}
	return in.link.Send(now, size)
}

// count adds to the network's counters what the link has counted since the last
// time, and what else there is.
func (in *inbound) count(delayed, overflow uint64) {
	s, last := in.link.Stats(), in.counted
	in.counted = s
	n := in.network
	n.mu.Lock()
	defer n.mu.Unlock()
	t := &n.stats
	t.Sent += s.Sent - last.Sent
	t.Delivered += s.Delivered - last.Delivered
	t.Lost += s.Lost - last.Lost
	t.QueueDrops += s.QueueDrops - last.QueueDrops
	t.Partitioned += s.Partitioned - last.Partitioned
	t.Duplicated += s.Duplicated - last.Duplicated
	t.Corrupted += s.Corrupted - last.Corrupted
	t.Reordered += s.Reordered - last.Reordered
	t.Delayed += delayed
	t.Overflow += overflow
}
