package multicast

import (
	"net"
	"net/netip"
)

// Network makes sockets and timers. [Kernel] is the machine's own; tests use simulated
// ones.
type Network interface {
	// Group opens a socket that receives the datagrams to a group.
	Group(GroupConfig) (Conn, error)
	// Groups opens a socket that receives the datagrams to a group, and to others of its port
	// that it joins later. Where one group is enough, Group's socket costs less.
	Groups(GroupConfig) (GroupsConn, error)
	// Socket opens a socket that sends to groups and to single hosts, and receives the
	// datagrams to its own address.
	Socket(SocketConfig) (Conn, error)
	// Timer makes a timer.
	Timer() (Timer, error)
}

// Kernel is the machine's own network. It is safe for concurrent use.
var Kernel Network = kernel{}

type kernel struct{}

func (kernel) Group(cfg GroupConfig) (Conn, error) {
	cfg, ifi, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	c, err := openGroup(cfg, ifi)
	if err != nil {
		return nil, err // not c, a Conn that is not nil but holds a nil pointer
	}
	return c, nil
}

func (kernel) Groups(cfg GroupConfig) (GroupsConn, error) {
	cfg, ifi, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	c, err := openGroups(cfg, ifi)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// resolve completes the configuration, and finds the interface.
func (c GroupConfig) resolve() (GroupConfig, *net.Interface, error) {
	c, err := c.complete()
	if err != nil {
		return c, nil, err
	}
	ifi, err := ResolveInterface(c.Interface)
	return c, ifi, err
}

func (kernel) Socket(cfg SocketConfig) (Conn, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	ifi, err := ResolveInterface(cfg.Interface)
	if err != nil {
		return nil, err
	}
	prefer, _ := netip.ParseAddr(cfg.Interface) // invalid for a name
	addr, err := SourceAddr(ifi, cfg.Group.Addr(), prefer)
	if err != nil {
		return nil, err
	}
	c, err := openSocket(cfg, ifi, netip.AddrPortFrom(addr, cfg.Port))
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (kernel) Timer() (Timer, error) { return newTimer() }
