package impair

import (
	"net/netip"

	"crier/multicast"
)

// members are the methods by which a socket's groups come and go.
type members interface {
	Join(group netip.AddrPort, index int) error
	Leave(group netip.AddrPort) error
}

// groupsConn is a wrapped socket whose groups come and go.
type groupsConn struct {
	multicast.Conn
	members
}

// groupsPoller is a groupsConn that can be polled.
type groupsPoller struct {
	multicast.Poller
	members
}
