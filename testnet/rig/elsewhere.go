package rig

import (
	"fmt"
	"net/netip"

	"crier/multicast"
	"crier/publisher"
)

// Elsewhere is a network on which another group takes the place of the default one,
// so that a zero Config can be tried on the machine's own network. Subscribers to the
// default group there shouldn't hear a test.
type Elsewhere struct {
	multicast.Network
	Place netip.AddrPort // the other group
}

// Group implements [multicast.Network], for the default group alone.
func (e Elsewhere) Group(cfg multicast.GroupConfig) (multicast.Conn, error) {
	if cfg.Group != publisher.DefaultGroup {
		return nil, fmt.Errorf("group %v is not the default", cfg.Group)
	}
	cfg.Group = e.Place
	return e.Network.Group(cfg)
}

// Socket implements [multicast.Network], for the default group alone.
func (e Elsewhere) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	if cfg.Group != publisher.DefaultGroup {
		return nil, fmt.Errorf("group %v is not the default", cfg.Group)
	}
	cfg.Group = e.Place
	conn, err := e.Network.Socket(cfg)
	return elsewhereConn{conn, e.Place}, err
}

type elsewhereConn struct {
	multicast.Conn
	place netip.AddrPort
}

func (c elsewhereConn) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if to == publisher.DefaultGroup {
		to = c.place
	}
	return c.Conn.Write(to, b, segment)
}
