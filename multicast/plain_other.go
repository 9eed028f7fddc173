//go:build !linux || crier_plain

package multicast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
)

// plainConn is a socket that uses package net: one datagram for each system call, and no
// kernel drop counter. It serves all systems but Linux, and Linux with the build tag
// crier_plain, for tests.
type plainConn struct {
	counters
	at atomic.Pointer[plainSocket]
	// lacks reports that the socket has no address that can be used.
	lacks       atomic.Bool
	readBuffer  int
	writeBuffer int
	watch       *watch

	// members is the destination of accepted datagrams; nil for a unicast socket, which
	// accepts all. source is their sender; zero for any.
	members *members
	source  netip.Addr
	zone    string
	// feed is that of the configuration.
	feed int

	// readMu guards buf and oob.
	readMu sync.Mutex
	buf    []byte
	oob    []byte

	// refusals is nil for a group.
	refusals *refusals
	closed   atomic.Bool
}

// newPlainConn returns a plainConn that is bound to local.
func newPlainConn(local netip.AddrPort, ifi *net.Interface) (*plainConn, error) {
	s, err := newPlainSocket(local, ifi)
	if err != nil {
		return nil, err
	}
	c := &plainConn{zone: ifi.Name, buf: make([]byte, 64<<10)}
	c.at.Store(s)
	c.mtu.Store(int64(ifi.MTU))
	return c, nil
}

// openGroup opens a socket that receives one group on one interface. On a system that does
// not tell a datagram's group (Windows), it also receives other groups that this machine
// joined on the same port. The interface that a datagram came by is not checked: if
// another program joined the group on another interface, the socket receives what comes by
// that one, too. Systems differ in which interface they name for a datagram of their own
// that was looped back, and a wrong check would refuse everything.
func openGroup(cfg GroupConfig, ifi *net.Interface) (*plainConn, error) {
	c, err := openGroups(cfg, ifi)
	if err != nil {
		return nil, err
	}
	return c.plainConn, nil
}

// openSocket opens a unicast socket, bound to an address of the interface, that also sends
// to groups.
func openSocket(cfg SocketConfig, ifi *net.Interface, local netip.AddrPort) (*plainConn, error) {
	fail := func(err error) error {
		return fmt.Errorf("multicast: send to %v from %v on %s: %w",
			cfg.Group, local, ifi.Name, err)
	}
	c, err := newPlainConn(local, ifi)
	if err != nil {
		return nil, fail(err)
	}
	c.watch, _ = openWatch(true, cfg.Logger) // which never fails
	at := c.at.Load()
	if err := at.send(ifi, cfg); err != nil {
		c.Close()
		return nil, fail(err)
	}
	c.feed = cfg.Feed
	c.readBuffer = grant(at.udp.SetReadBuffer, at.udp, cfg.ReadBuffer, true, cfg.Logger)
	c.writeBuffer = grant(at.udp.SetWriteBuffer, at.udp, cfg.WriteBuffer, false, cfg.Logger)
	c.refusals = newRefusals(cfg.Logger, ifi.Name, &c.counters)
	c.watch.start(&follower{
		name: ifi.Name, index: ifi.Index, up: running(ifi.Flags), mtu: &c.mtu, log: cfg.Logger,
		renew: func(_, index int) error {
			now, err := net.InterfaceByIndex(index)
			if err != nil {
				return err
			}
			return c.at.Load().options.send(now, cfg)
		},
		tell: cfg.Changed,
		home: &home{
			local: at.local, index: ifi.Index, lacks: &c.lacks,
			move: func(to netip.Addr, index int) (netip.AddrPort, error) {
				return c.move(cfg, to, index)
			},
		},
	})
	return c, nil
}

// move binds the socket to another address of its interface, on the port that it had; or
// on any other port, if that one is taken and the configuration names none.
func (c *plainConn) move(cfg SocketConfig, to netip.Addr, index int) (netip.AddrPort, error) {
	ifi, err := net.InterfaceByIndex(index)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if to.IsLinkLocalUnicast() && to.Is6() {
		to = to.WithZone(c.zone)
	}
	old := c.at.Load()
	s, err := newPlainSocket(netip.AddrPortFrom(to, old.local.Port()), ifi)
	if errnoOf(err) == syscall.EADDRINUSE && cfg.Port == 0 {
		s, err = newPlainSocket(netip.AddrPortFrom(to, 0), ifi)
	}
	if err != nil {
		return netip.AddrPort{}, err
	}
	if err := s.send(ifi, cfg); err != nil {
		s.udp.Close()
		return netip.AddrPort{}, err
	}
	s.udp.SetReadBuffer(cfg.ReadBuffer) // the first socket logged what was granted
	s.udp.SetWriteBuffer(cfg.WriteBuffer)
	c.at.Store(s)
	old.udp.Close() // a reader goes on with the new one
	if c.closed.Load() {
		s.udp.Close()
	}
	return s.local, nil
}

func (c *plainConn) Read(ps []Packet) (int, error) {
	if len(ps) == 0 {
		return 0, errors.New("multicast: read: there is no room for a packet")
	}
	c.readMu.Lock()
	defer c.readMu.Unlock()
	for {
		at := c.at.Load()
		n, oobn, _, from, err := at.udp.ReadMsgUDPAddrPort(c.buf, c.oob)
		switch {
		case err == nil:
		case errors.Is(err, net.ErrClosed) && at != c.at.Load():
			continue // the socket has moved
		case errors.Is(err, net.ErrClosed):
			return 0, net.ErrClosed
		case errors.Is(err, syscall.ECONNREFUSED):
			continue // an earlier datagram was refused
		default:
			return 0, fmt.Errorf("multicast: read: %w", err)
		}
		c.reads.Add(1)
		from = unmapped(from)
		group, ok := c.accepts(c.oob[:oobn], from)
		if !ok {
			if len(c.members.all()) > 0 { // else it was under way as the group was left
				c.misdirected.Add(1)
			}
			continue
		}
		c.received.Add(1)
		ps[0] = Packet{Data: c.buf[:n:n], From: from, Group: group, Feed: c.feed}
		return 1, nil
	}
}

// accepts returns the index of the group that a datagram came by, and reports whether it is
// one for this socket.
func (c *plainConn) accepts(oob []byte, from netip.AddrPort) (group int, ok bool) {
	if c.members == nil {
		return 0, true
	}
	list := c.members.all()
	if len(list) == 0 {
		return 0, false
	}
	if dst, ok := c.at.Load().options.destination(oob); ok && dst != list[0].group {
		return 0, false
	}
	return list[0].index, !c.source.IsValid() || from.Addr().WithZone("") == c.source
}

func (c *plainConn) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if c.refusals == nil {
		return 0, ErrReceiveOnly
	}
	if segment <= 0 {
		return 0, fmt.Errorf(
			"multicast: write: datagrams cannot have %d bytes; give a positive size", segment)
	}
	to = unmapped(to)
	if a := to.Addr(); a.IsLinkLocalMulticast() && a.Is6() {
		to = netip.AddrPortFrom(a.WithZone(c.zone), to.Port())
	}
	at := c.at.Load()
	headers := 28
	if at.local.Addr().Is6() {
		headers = 48
	}
	for taken := 0; taken < len(b); {
		d := b[taken:min(taken+segment, len(b))]
		var err error
		switch {
		case c.lacks.Load():
			err = syscall.EADDRNOTAVAIL
		case !to.IsValid() || to.Port() == 0:
			err = syscall.EINVAL
		case to.Addr().Is4() != at.local.Addr().Is4():
			err = syscall.EAFNOSUPPORT
		case len(d)+headers > int(c.mtu.Load()):
			err = syscall.EMSGSIZE // the system would fragment it
		default:
			_, err = at.udp.WriteToUDPAddrPort(d, to)
		}
		switch {
		case errors.Is(err, net.ErrClosed) && at != c.at.Load():
			at = c.at.Load() // the socket has moved
			continue
		case errors.Is(err, net.ErrClosed):
			return taken, net.ErrClosed
		case err != nil:
			c.refusals.note(to, err, 1)
		default:
			c.writes.Add(1)
			c.sent.Add(1)
			c.sentBytes.Add(uint64(len(d)))
		}
		taken += len(d)
	}
	return len(b), nil
}

// WaitWrite returns at once: these systems drop what they have no room for, and do not
// make the sender wait.
func (c *plainConn) WaitWrite() error {
	if c.refusals == nil {
		return ErrReceiveOnly
	}
	if c.closed.Load() {
		return net.ErrClosed
	}
	return nil
}

func (c *plainConn) LocalAddr() netip.AddrPort { return c.at.Load().local }

func (c *plainConn) Stats() ConnStats {
	s := c.stats()
	s.ReadBuffer, s.WriteBuffer = c.readBuffer, c.writeBuffer
	return s
}

// Close may be called more than once.
func (c *plainConn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	err := c.at.Load().udp.Close()
	c.watch.close()
	if err != nil {
		return fmt.Errorf("multicast: close: %w", err)
	}
	return nil
}
