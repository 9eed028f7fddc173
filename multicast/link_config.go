package multicast

import "net/netip"

// LinkConfig configures how a publisher or a subscriber uses its interface: the
// options of its sockets, and the way to wait for them. Each field's zero value means its default.
type LinkConfig struct {
	// TTL is how many routers a datagram to a group may pass, 1 to 255; 0 means 1, which
	// stays in the local network.
	TTL int
	// NoLoopback keeps the datagrams from receivers on this machine.
	NoLoopback bool
	// DSCP marks the datagrams for routers' quality of service (RFC 2474), 0 to 63.
	DSCP int
	// ControlPort is the unicast port that datagrams come from, and NACKs and repairs for one
	// go to, for a firewall's rule; 0 means any that is free. No two publishers and
	// subscribers at one address may have the same.
	ControlPort uint16
	// ReadBuffer and WriteBuffer are the socket buffers to ask the kernel for, in bytes;
	// 0 means 8 MiB to read and 1 MiB to write. ConnStats tells the sizes that it granted.
	ReadBuffer, WriteBuffer int
	// NoOffload keeps the kernel from segmenting large sends, and from merging received
	// datagrams.
	NoOffload bool
	// Wait says how datagrams and time are waited for. WaitSpin takes a processor for
	// itself, besides those of the goroutines that publish.
	Wait Wait
	// Network makes the sockets; nil means the machine's own.
	Network Network
}

// Complete checks the waiting and fills in the defaults. The sockets check the rest.
func (c LinkConfig) Complete() (LinkConfig, error) {
	if c.TTL == 0 {
		c.TTL = 1
	}
	if c.Network == nil {
		c.Network = Kernel
	}
	return c, c.Wait.Check()
}

// Group opens a socket that receives a group as the link's configuration says; all else
// it needs stands in cfg.
func (c LinkConfig) Group(cfg GroupConfig) (Conn, error) {
	cfg.ReadBuffer, cfg.NoOffload, cfg.Polled = c.ReadBuffer, c.NoOffload, c.Wait == WaitSpin
	return c.Network.Group(cfg)
}

// Groups opens a socket that receives groups of one port, as Group does for one.
func (c LinkConfig) Groups(cfg GroupConfig) (GroupsConn, error) {
	cfg.ReadBuffer, cfg.NoOffload, cfg.Polled = c.ReadBuffer, c.NoOffload, c.Wait == WaitSpin
	return c.Network.Groups(cfg)
}

// Socket opens a unicast socket that also sends to a group, as Group does one that receives.
func (c LinkConfig) Socket(cfg SocketConfig) (Conn, error) {
	cfg.TTL, cfg.NoLoopback, cfg.DSCP, cfg.Port = c.TTL, c.NoLoopback, c.DSCP, c.ControlPort
	cfg.ReadBuffer, cfg.WriteBuffer = c.ReadBuffer, c.WriteBuffer
	cfg.NoOffload, cfg.Polled = c.NoOffload, c.Wait == WaitSpin
	return c.Network.Socket(cfg)
}

// Loopback returns the loopback interface's address of a group's family, by which it is
// found on every platform.
func Loopback(group netip.AddrPort) string {
	if group.Addr().Is4() {
		return "127.0.0.1"
	}
	return "::1"
}
