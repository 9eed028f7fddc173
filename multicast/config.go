package multicast

import (
	"log/slog"
	"net/netip"
)

const (
	defaultReadBuffer  = 8 << 20
	defaultWriteBuffer = 1 << 20
	// maxBuffer leaves room for the kernel, which doubles the size it is asked for.
	maxBuffer = 1 << 29
)

// GroupConfig configures a socket that receives a group.
type GroupConfig struct {
	// Group is the multicast address and port. Required.
	Group netip.AddrPort
	// Interface is a name ("eth0") or one of the interface's addresses.
	// Required: a group is never joined on an interface of the system's choice.
	Interface string
	// Index numbers the group among those of one receiver, and Feed the way among several
	// that carry the same datagrams. Each Packet carries both.
	Index, Feed int
	// Source restricts the group to one sender (source-specific multicast,
	// RFC 4607), if valid.
	Source netip.Addr
	// ReadBuffer is the receive buffer to ask the kernel for, in bytes; 0 means 8 MiB.
	// ConnStats.ReadBuffer is the size that it granted.
	ReadBuffer int
	// NoOffload stops the kernel from merging datagrams of one sender (UDP_GRO)
	// where it can.
	NoOffload bool
	// Polled says that TryRead will read the Conn, and not Read. Else the descriptor
	// that Read waits on is made at once, so that its failure is an error of opening.
	Polled bool
	// Logger gets messages for the operator; nil means that nothing is logged.
	Logger *slog.Logger
}

// SocketConfig configures a unicast socket that also sends to groups.
type SocketConfig struct {
	// Interface is a name or an address, as in GroupConfig. Required. The socket is
	// bound to that address, or else to the interface's first address of Group's family
	// and scope, and multicast leaves through the interface.
	Interface string
	// Group is the group to send to; it decides the address family. Required.
	Group netip.AddrPort
	// Port is the port to bind; 0 means any.
	Port uint16
	// TTL is the multicast time to live (IPv6: hop limit), 0 to 255. With 0, datagrams
	// stay on this host.
	TTL int
	// NoLoopback keeps datagrams from receivers on this host.
	NoLoopback bool
	// DSCP is the differentiated services code point (RFC 2474), 0 to 63.
	DSCP int
	// ReadBuffer and WriteBuffer are the buffers to ask the kernel for, in bytes; 0 means
	// 8 MiB to read and 1 MiB to write.
	ReadBuffer, WriteBuffer int
	// NoOffload stops the kernel from segmenting large writes (UDP_SEGMENT) and from
	// merging received datagrams (UDP_GRO) where it can.
	NoOffload bool
	// Feed and Polled are as in GroupConfig.
	Feed   int
	Polled bool
	// Changed, if set, is called when the Link differs from the one at the last call, or
	// when the Conn was opened: at once, if there is no link yet. A goroutine that Close
	// waits for makes the calls, one at a time.
	Changed func(Link)
	// Logger gets messages for the operator; nil means that nothing is logged.
	Logger *slog.Logger
}

// complete checks the configuration and fills in the defaults.
func (c GroupConfig) complete() (GroupConfig, error) {
	c.Group = unmapped(c.Group)
	if err := CheckGroup(c.Group); err != nil {
		return c, err
	}
	if c.Source != (netip.Addr{}) {
		c.Source = c.Source.Unmap().WithZone("")
		if c.Source.Is4() != c.Group.Addr().Is4() {
			return c, badConfig("source", c.Source, "is not of the family of group %v", c.Group)
		}
		if c.Source.IsMulticast() || c.Source.IsUnspecified() {
			return c, badConfig("source", c.Source, "is not the address of one sender")
		}
	}
	if err := completeBuffer("read buffer", &c.ReadBuffer, defaultReadBuffer); err != nil {
		return c, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// complete checks the configuration and fills in the defaults.
func (c SocketConfig) complete() (SocketConfig, error) {
	c.Group = unmapped(c.Group)
	if err := CheckGroup(c.Group); err != nil {
		return c, err
	}
	if c.TTL < 0 || c.TTL > 255 {
		return c, badConfig("TTL", c.TTL, "is out of range; use 0 to 255")
	}
	if c.DSCP < 0 || c.DSCP > 63 {
		return c, badConfig("DSCP", c.DSCP, "is out of range; use 0 to 63")
	}
	if err := completeBuffer("read buffer", &c.ReadBuffer, defaultReadBuffer); err != nil {
		return c, err
	}
	if err := completeBuffer("write buffer", &c.WriteBuffer, defaultWriteBuffer); err != nil {
		return c, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// completeBuffer checks a buffer's size and replaces 0 by the default.
func completeBuffer(field string, size *int, byDefault int) error {
	if *size < 0 || *size > maxBuffer {
		return badConfig(field, *size, "is out of range; use 1 to %d bytes, or 0 for %d",
			maxBuffer, byDefault)
	}
	if *size == 0 {
		*size = byDefault
	}
	return nil
}
