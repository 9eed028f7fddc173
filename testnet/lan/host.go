package lan

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"crier/multicast"

	"github.com/pion/transport/v3/vnet"
)

const (
	hostInterface = "eth0"
	firstEphemer  = 49152 // of the ports for sockets that ask for any

	defaultRead  = 8 << 20 // as multicast.GroupConfig says
	defaultWrite = 1 << 20
)

// Host is a machine on a [LAN], and its network: it has one interface, eth0,
// with one address. It is safe for concurrent use.
type Host struct {
	lan   *LAN
	addr  netip.Addr
	inner netip.Addr // where group sockets receive on down, invisible to users
	up    *vnet.Net
	down  *vnet.Net

	// Guarded by lan.mu.
	sockets   map[uint16]*conn // open unicast sockets, by port
	sources   map[uint16]*conn // the same, and closed ones that up still holds datagrams of
	groups    []*conn          // open group sockets, in the order they were opened
	ephemeral uint16           // next port to try
	innerPort uint16           // next port to try on inner
}

var _ multicast.Network = (*Host)(nil)

// Host returns the host with an IPv4 address of the LAN's subnet, such as
// "10.77.0.1"; it is made when it is asked for first.
func (l *LAN) Host(address string) (*Host, error) {
	addr, err := netip.ParseAddr(address)
	if err != nil || !l.cfg.Subnet.Contains(addr) {
		return nil, fmt.Errorf("testnet: host %q is not an address in the LAN's subnet %v", address,
			l.cfg.Subnet)
	}
	l.setup.Lock()
	defer l.setup.Unlock()
	l.mu.Lock()
	h, closed := l.byAddr[addr], l.closed
	l.mu.Unlock()
	if closed {
		return nil, errClosed("make host " + address)
	}
	if h != nil {
		return h, nil
	}
	// Not under mu: a router calls take with its own lock held.
	if h, err = l.newHost(addr); err != nil {
		return nil, fmt.Errorf("testnet: make host %s: %w", address, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hosts = append(l.hosts, h)
	l.byAddr[addr] = h
	return h, nil
}

func (l *LAN) newHost(addr netip.Addr) (*Host, error) {
	b := addr.As4()
	b[0] = 240 // reserved (RFC 1112), and hosts of one subnet share the first 8 bits
	h := &Host{
		lan:       l,
		addr:      addr,
		inner:     netip.AddrFrom4(b),
		sockets:   make(map[uint16]*conn),
		sources:   make(map[uint16]*conn),
		ephemeral: firstEphemer,
		innerPort: 1,
	}
	var err error
	if h.up, err = attach(l.up, addr.String()); err != nil {
		return nil, err
	}
	if h.down, err = attach(l.down, addr.String(), h.inner.String()); err != nil {
		return nil, err
	}
	return h, nil
}

func attach(r *vnet.Router, addrs ...string) (*vnet.Net, error) {
	vnetMu.Lock()
	n, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: addrs})
	vnetMu.Unlock()
	if err != nil {
		return nil, err
	}
	return n, r.AddNet(n)
}

// Addr returns the host's address.
func (h *Host) Addr() netip.Addr { return h.addr }

// Timer returns a timer that works in synctest's time.
func (h *Host) Timer() (multicast.Timer, error) { return multicast.NewTimer(), nil }

// Group opens a socket that receives what is sent to a group, from now on.
func (h *Host) Group(cfg multicast.GroupConfig) (multicast.Conn, error) {
	c, err := h.Groups(cfg)
	if err != nil {
		return nil, err
	}
	return c.(*groupsConn).conn, nil
}

// Groups opens a socket that receives what is sent to a group, and to those that join it.
func (h *Host) Groups(cfg multicast.GroupConfig) (multicast.GroupsConn, error) {
	cfg.Group = netip.AddrPortFrom(cfg.Group.Addr().Unmap(), cfg.Group.Port())
	cfg.Source = cfg.Source.Unmap()
	if err := h.check(cfg.Group, cfg.Interface); err != nil {
		return nil, err
	}
	if cfg.Source.IsValid() && !cfg.Source.Is4() {
		return nil, &multicast.ConfigError{Field: "source", Value: cfg.Source.String(),
			Reason: "is not an IPv4 address, as the LAN's are"}
	}
	read, err := buffer("read buffer", cfg.ReadBuffer, defaultRead)
	if err != nil {
		return nil, err
	}
	c := h.newConn(cfg.Group, read)
	c.source, c.feed = cfg.Source, cfg.Feed
	c.members = []member{{cfg.Group, cfg.Index}}

	l := h.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errClosed("open a group socket on " + h.addr.String())
	}
	port, err := h.freePort(&h.innerPort, 1, func(p uint16) bool {
		return slices.ContainsFunc(h.groups, func(c *conn) bool { return c.inner.Port == int(p) })
	})
	if err != nil {
		return nil, err
	}
	if err := c.listen(netip.AddrPortFrom(h.inner, port)); err != nil {
		return nil, err
	}
	h.groups = append(h.groups, c)
	return &groupsConn{c}, nil
}

// Socket opens a unicast socket. Nothing is done about DSCP, and there is no
// offload.
func (h *Host) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	if err := h.check(cfg.Group, cfg.Interface); err != nil {
		return nil, err
	}
	if cfg.TTL < 0 || cfg.TTL > 255 {
		return nil, &multicast.ConfigError{Field: "TTL", Value: fmt.Sprint(cfg.TTL),
			Reason: "is out of range; use 0 to 255"}
	}
	if cfg.DSCP < 0 || cfg.DSCP > 63 {
		return nil, &multicast.ConfigError{Field: "DSCP", Value: fmt.Sprint(cfg.DSCP),
			Reason: "is out of range; use 0 to 63"}
	}
	read, err := buffer("read buffer", cfg.ReadBuffer, defaultRead)
	if err != nil {
		return nil, err
	}
	write, err := buffer("write buffer", cfg.WriteBuffer, defaultWrite)
	if err != nil {
		return nil, err
	}

	l := h.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errClosed("open a socket on " + h.addr.String())
	}
	port := cfg.Port
	if port == 0 {
		used := func(p uint16) bool { return h.sockets[p] != nil }
		if port, err = h.freePort(&h.ephemeral, firstEphemer, used); err != nil {
			return nil, err
		}
	} else if h.sockets[port] != nil {
		return nil, &multicast.ConfigError{Field: "port", Value: fmt.Sprint(port),
			Reason: fmt.Sprintf("is in use on %v; choose another, or 0 for any", h.addr)}
	}
	local := netip.AddrPortFrom(h.addr, port)
	c := h.newConn(local, read)
	c.ttl, c.noLoopback, c.feed = cfg.TTL, cfg.NoLoopback, cfg.Feed
	c.stats.WriteBuffer = write
	if err := c.listen(local); err != nil {
		return nil, err
	}
	if c.up, err = h.up.ListenUDP("udp4", net.UDPAddrFromAddrPort(local)); err != nil {
		_ = c.down.Close() // it has just been opened
		return nil, fmt.Errorf("testnet: bind %v: %w", local, err)
	}
	h.sockets[port], h.sources[port] = c, c
	return c, nil
}

// check says what is wrong with a group and an interface.
func (h *Host) check(group netip.AddrPort, ifname string) error {
	if err := multicast.CheckGroup(group); err != nil {
		return err
	}
	if !group.Addr().Unmap().Is4() {
		return &multicast.ConfigError{Field: "group", Value: group.String(),
			Reason: "is not IPv4, which is all that a simulated LAN carries"}
	}
	if ifname == hostInterface || ifname == h.addr.String() {
		return nil
	}
	return &multicast.ConfigError{Field: "interface", Value: fmt.Sprintf("%q", ifname),
		Reason: fmt.Sprintf("does not exist on the simulated host; there is %s with %v",
			hostInterface, h.addr)}
}

func buffer(field string, size, otherwise int) (int, error) {
	if size < 0 {
		return 0, &multicast.ConfigError{Field: field, Value: fmt.Sprint(size),
			Reason: "is negative; use 0 for the default"}
	}
	if size == 0 {
		return otherwise, nil
	}
	return size, nil
}

// freePort returns the next free port, from first up, and around.
func (h *Host) freePort(next *uint16, first uint16, used func(uint16) bool) (uint16, error) {
	for range 1 << 16 {
		port := *next
		if *next++; *next == 0 {
			*next = first
		}
		if !used(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("testnet: host %v has no free port left; close some sockets", h.addr)
}

// receivers appends the sockets that take in a datagram. The caller holds mu.
func (h *Host) receivers(cs []*conn, from, to netip.AddrPort) []*conn {
	if !to.Addr().IsMulticast() {
		if c := h.sockets[to.Port()]; c != nil {
			cs = append(cs, c)
		}
		return cs
	}
	for _, c := range h.groups {
		if c.accepts(from, to) {
			cs = append(cs, c)
		}
	}
	return cs
}

// joined says whether any socket wants a group's datagrams. The caller holds mu.
func (h *Host) joined(from, to netip.AddrPort) bool {
	return slices.ContainsFunc(h.groups, func(c *conn) bool { return c.accepts(from, to) })
}

// remove takes a socket off the host. The caller holds mu.
func (h *Host) remove(c *conn) {
	if c.up == nil {
		h.groups = slices.DeleteFunc(h.groups, func(other *conn) bool { return other == c })
		return
	}
	delete(h.sockets, c.local.Port())
	h.forget(c)
}

// forget takes a closed socket off the sources when nothing of it is on up any
// more. The caller holds mu.
func (h *Host) forget(c *conn) {
	if c.closed && c.leaving == 0 && h.sources[c.local.Port()] == c {
		delete(h.sources, c.local.Port())
	}
}

// appendConns appends all open sockets. The caller holds mu.
func (h *Host) appendConns(cs []*conn) []*conn {
	for _, c := range h.sockets {
		cs = append(cs, c)
	}
	return append(cs, h.groups...)
}
