//go:build !crier_plain

package multicast

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// receiver is what sets apart the sockets that receive groups.
type receiver struct {
	// members are the groups; the first is that of the configuration.
	members *members
	bind    func(fd int) error
	// renew renews all memberships when the interface is back.
	renew func(fd, old, index int) error
}

// openGroup opens a socket that receives one group on one interface.
func openGroup(cfg GroupConfig, ifi *net.Interface) (*conn, error) {
	return openReceiver(cfg, ifi, receiver{
		members: newMembers(cfg.Group.Addr(), cfg.Index),
		bind:    func(fd int) error { return bindGroup(fd, cfg) },
		renew: func(fd, old, index int) error {
			leave(fd, old, cfg.Group, cfg.Source) // fails if there was no membership
			return join(fd, index, cfg.Group, cfg.Source)
		},
	})
}

// openReceiver opens a socket that receives groups on one interface, and joins the first.
func openReceiver(cfg GroupConfig, ifi *net.Interface, kind receiver) (*conn, error) {
	group := cfg.Group.Addr()
	what := fmt.Sprintf("receive %v on %s", cfg.Group, ifi.Name)
	if err := checkLoopback(ifi, group); err != nil {
		return nil, err
	}
	fd, err := datagramSocket(group.Is4())
	if err != nil {
		return nil, opening(what, err)
	}
	c, err := newConn(fd, what)
	if err != nil {
		return nil, err
	}
	c.local.Store(&cfg.Group)
	c.zone = newZone(ifi.Name, ifi.Index)
	c.mtu.Store(int64(ifi.MTU))
	if c.watch, err = openWatch(false, cfg.Logger); err != nil {
		c.Close()
		return nil, opening(what, err)
	}

	o := &options{fd: fd}
	o.members(group.Is4())
	o.receive(cfg.NoOffload || !withOffload)
	c.readBuffer = o.readBuffer(cfg.ReadBuffer, cfg.Logger)
	err = o.err
	if err == nil {
		err = opening(what, kind.bind(fd))
	}
	if err == nil {
		for _, r := range c.newReaders() {
			r.accept.members, r.accept.source, r.feed = kind.members, cfg.Source, cfg.Feed
			r.accept.index.Store(int64(ifi.Index))
		}
		err = opening(what, join(fd, ifi.Index, cfg.Group, cfg.Source))
	}
	if err == nil && !cfg.Polled {
		err = opening(what, c.waitable())
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.watch.start(&follower{
		name: ifi.Name, index: ifi.Index, up: running(ifi.Flags),
		mtu: &c.mtu, count: &c.rejoins, log: cfg.Logger,
		renew: func(old, index int) error { return c.rejoin(kind, old, index) },
	})
	return c, nil
}

// members sets the options of a socket that receives groups.
func (o *options) members(is4 bool) {
	// Each of several subscribers on one host receives everything.
	o.set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1, "share the port")
	if is4 {
		o.set(unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0,
			"keep out groups that other programs joined")
		o.set(unix.IPPROTO_IP, unix.IP_PKTINFO, 1, "ask for destinations")
		return
	}
	// Since Linux 4.20; the destination is checked anyway.
	o.try(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
	o.set(unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1, "ask for destinations")
}

// checkLoopback returns an error for an IPv6 group on lo. To join it and to send to it
// would succeed, but the kernel drops IPv6 multicast on lo, with any route.
func checkLoopback(ifi *net.Interface, group netip.Addr) error {
	if group.Is6() && ifi.Flags&net.FlagLoopback != 0 {
		return badConfig("interface", ifi.Name,
			"carries no IPv6 multicast; use an IPv4 group, like 239.77.0.1, or another interface")
	}
	return nil
}

// bindGroup binds to the group's own address, which keeps out other groups' datagrams.
func bindGroup(fd int, cfg GroupConfig) error {
	if cfg.Group.Addr().Is4() {
		return bind(fd, cfg.Group, 0)
	}
	if a := cfg.Group.Addr(); a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast() {
		// Such an address would also bind the socket to the interface's present index,
		// and the socket could not follow one that is made again. The membership and
		// the check of the destination keep others out.
		return bindPort(fd, cfg.Group)
	}
	return bind(fd, cfg.Group, 0)
}

// rejoin renews the memberships. It leaves first, so that the kernel announces them again
// to switches that may have lost them.
func (c *conn) rejoin(kind receiver, old, index int) error {
	var err error
	closed := c.raw.Control(func(fd uintptr) {
		c.zone.index.Store(uint32(index))
		c.reader.accept.index.Store(int64(index))
		c.poller.accept.index.Store(int64(index))
		err = kind.renew(int(fd), old, index)
	})
	if closed != nil {
		return nil // the watch ends as well
	}
	return err
}
