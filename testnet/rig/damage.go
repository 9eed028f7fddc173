package rig

import (
	"net/netip"
	"sync/atomic"

	"crier/multicast"
)

// Damaging is a network whose card damages datagrams that it cuts out of one write,
// where all are equally long, so that no receiver gets them. No call fails.
type Damaging struct {
	multicast.Network
	Damaged atomic.Int64 // datagrams
}

// Socket implements [multicast.Network].
func (n *Damaging) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	c, err := n.Network.Socket(cfg)
	if err != nil {
		return nil, err
	}
	return &damaging{Conn: c, n: n}, nil
}

type damaging struct {
	multicast.Conn
	n      *Damaging
	single atomic.Bool
}

// Segments implements [multicast.Segmenter].
func (c *damaging) Segments() (cut, uneven bool) { return true, false }

// SetSegments implements [multicast.Segmenter].
func (c *damaging) SetSegments(on bool) { c.single.Store(!on) }

// Write implements [multicast.Conn].
func (c *damaging) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if len(b) > segment && len(b)%segment == 0 && !c.single.Load() {
		c.n.Damaged.Add(int64(len(b) / segment))
		return len(b), nil
	}
	return c.Conn.Write(to, b, segment)
}
