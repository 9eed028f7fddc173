package impair

import (
	"net/netip"
	"sync/atomic"

	"crier/multicast"
)

// A Cable is a network whose cable can be pulled: its sockets then neither send nor receive,
// without an error, as if the process were dead, or cut off. It is safe for concurrent use.
type Cable struct {
	multicast.Network
	pulled atomic.Bool
}

// NewCable returns a network like another, with the cable plugged in.
func NewCable(n multicast.Network) *Cable { return &Cable{Network: n} }

// Pull pulls the cable out, and Plug plugs it in.
func (c *Cable) Pull() { c.pulled.Store(true) }

// Plug plugs the cable in.
func (c *Cable) Plug() { c.pulled.Store(false) }

// Group implements [multicast.Network].
func (c *Cable) Group(cfg multicast.GroupConfig) (multicast.Conn, error) {
	return c.conn(c.Network.Group(cfg))
}

// Groups implements [multicast.Network].
func (c *Cable) Groups(cfg multicast.GroupConfig) (multicast.GroupsConn, error) {
	g, err := c.Network.Groups(cfg)
	if err != nil {
		return nil, err
	}
	return &groupsConn{Conn: &cableConn{Conn: g, cable: c}, members: g}, nil
}

// Socket implements [multicast.Network].
func (c *Cable) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	return c.conn(c.Network.Socket(cfg))
}

func (c *Cable) conn(conn multicast.Conn, err error) (multicast.Conn, error) {
	if err != nil {
		return nil, err
	}
	return &cableConn{Conn: conn, cable: c}, nil
}

// cableConn is a socket at a Cable.
type cableConn struct {
	multicast.Conn
	cable *Cable
}

// Read implements [multicast.Conn].
func (c *cableConn) Read(ps []multicast.Packet) (int, error) {
	for {
		n, err := c.Conn.Read(ps)
		if err != nil || !c.cable.pulled.Load() {
			return n, err
		}
	}
}

// Write implements [multicast.Conn].
func (c *cableConn) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if c.cable.pulled.Load() {
		return len(b), nil
	}
	return c.Conn.Write(to, b, segment)
}
