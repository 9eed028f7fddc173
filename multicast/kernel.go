package multicast

import (
	"log/slog"
	"net"
	"net/netip"
)

// Kernel is the machine's own network. It is safe for concurrent use.
var Kernel Network = kernel{}

const (
	defaultReadBuffer  = 8 << 20
	defaultWriteBuffer = 1 << 20
	// maxBuffer leaves room for the kernel to double what it is asked for.
	maxBuffer = 1 << 29
)

type kernel struct{}

func (kernel) Group(cfg GroupConfig) (Conn, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	ifi, err := ResolveInterface(cfg.Interface)
	if err != nil {
		return nil, err
	}
	c, err := openGroup(cfg, ifi)
	if err != nil {
		return nil, err // not c, which would be a Conn that holds nil
	}
	return c, nil
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
	prefer, _ := netip.ParseAddr(cfg.Interface) // a name prefers none
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

// complete checks a configuration and fills in what was left out.
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

// complete checks a configuration and fills in what was left out.
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

func completeBuffer(field string, size *int, otherwise int) error {
	if *size < 0 || *size > maxBuffer {
		return badConfig(field, *size, "is out of range; use 1 to %d bytes, or 0 for %d", maxBuffer, otherwise)
	}
	if *size == 0 {
		*size = otherwise
	}
	return nil
}

// running says whether an interface is up and has a link.
func running(flags net.Flags) bool {
	return flags&net.FlagUp != 0 && flags&net.FlagRunning != 0
}
