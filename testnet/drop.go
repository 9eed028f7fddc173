package testnet

import (
	"fmt"
	"sync/atomic"

	"crier/multicast"
)

// DropNetwork is a network that throws away a share of the datagrams that it
// receives, before anyone looks at them. It is as safe for concurrent use as
// the network below it.
type DropNetwork struct {
	network multicast.Network
	share   chance
	seed    uint64
	opened  atomic.Uint64 // sockets so far, which number their generators
	dropped atomic.Uint64
}

var _ multicast.Network = (*DropNetwork)(nil)

// Drop wraps a network so that its sockets, group and unicast alike, lose each
// datagram that they receive with probability share, 0 to 1. Each socket has
// its own generator from seed and from its place in the order of opening: the
// same seed loses the same datagrams, if they arrive in the same order.
func Drop(network multicast.Network, share float64, seed uint64) (*DropNetwork, error) {
	if !isProbability(share) {
		return nil, fmt.Errorf("testnet: the share of datagrams to drop is from 0 to 1, not %v", share)
	}
	return &DropNetwork{network: network, share: newChance(share), seed: seed}, nil
}

// Dropped returns how many datagrams all sockets have thrown away.
func (d *DropNetwork) Dropped() uint64 { return d.dropped.Load() }

// Group implements multicast.Network.
func (d *DropNetwork) Group(cfg multicast.GroupConfig) (multicast.Conn, error) {
	return d.wrap(d.network.Group(cfg))
}

// Socket implements multicast.Network.
func (d *DropNetwork) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	return d.wrap(d.network.Socket(cfg))
}

// Timer implements multicast.Network.
func (d *DropNetwork) Timer() (multicast.Timer, error) { return d.network.Timer() }

func (d *DropNetwork) wrap(c multicast.Conn, err error) (multicast.Conn, error) {
	if err != nil {
		return nil, err
	}
	return &dropConn{Conn: c, network: d, rand: newRandom(LinkSeed(d.seed, d.opened.Add(1), 0))}, nil
}

// dropConn is a socket of a DropNetwork.
type dropConn struct {
	multicast.Conn
	network *DropNetwork
	rand    random // of the goroutine that reads
	dropped atomic.Uint64
}

// Read implements multicast.Conn. It reads again when nothing is left.
func (c *dropConn) Read(ps []multicast.Packet) (int, error) {
	for {
		n, err := c.Conn.Read(ps)
		kept := 0
		for _, p := range ps[:n] {
			if !c.rand.hit(c.network.share) {
				ps[kept] = p
				kept++
			}
		}
		if kept < n {
			c.dropped.Add(uint64(n - kept))
			c.network.dropped.Add(uint64(n - kept))
		}
		if kept > 0 || err != nil || len(ps) == 0 {
			return kept, err
		}
	}
}

// Stats implements multicast.Conn. What was thrown away was not received.
func (c *dropConn) Stats() multicast.ConnStats {
	dropped := c.dropped.Load() // first: it only grows, and Received is never behind it
	s := c.Conn.Stats()
	s.Received -= dropped
	return s
}
