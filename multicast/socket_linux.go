//go:build !crier_plain

package multicast

import (
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// openSocket opens a unicast socket, bound to an address of the interface, that also sends
// to groups.
func openSocket(cfg SocketConfig, ifi *net.Interface, local netip.AddrPort) (*conn, error) {
	what := fmt.Sprintf("send to %v from %v on %s", cfg.Group, local, ifi.Name)
	if err := checkLoopback(ifi, cfg.Group.Addr()); err != nil {
		return nil, err
	}
	// The watch begins before the socket has an address, so that it misses no change.
	watch, err := openWatch(true, cfg.Logger)
	if err != nil {
		return nil, opening(what, err)
	}
	b, err := bindSocket(cfg, ifi.Name, ifi.Index, local)
	if err != nil {
		watch.close()
		return nil, opening(what, err)
	}
	c, err := newConn(b.fd, what)
	if err != nil {
		watch.close()
		return nil, err
	}
	c.local.Store(&b.local)
	c.zone = newZone(ifi.Name, ifi.Index)
	c.mtu.Store(int64(ifi.MTU))
	c.watch = watch
	c.readBuffer, c.writeBuffer = b.readBuffer, b.writeBuffer
	c.waker.sends = true
	if err = checkRoute(cfg, local.Addr(), c.zone); err == nil && !cfg.Polled {
		err = opening(what, c.waitable())
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	// Without UDP_SEGMENT the kernel would ignore the control message, and take a write
	// for one datagram of up to 64 KiB.
	_, err = unix.GetsockoptInt(b.fd, unix.SOL_UDP, unix.UDP_SEGMENT)
	for _, r := range c.newReaders() {
		r.feed = cfg.Feed
	}
	offload := err == nil && !cfg.NoOffload && withOffload
	c.writer = newWriter(c, newRefusals(cfg.Logger, ifi.Name, &c.counters), offload, cfg.Logger)
	prefer, _ := netip.ParseAddr(cfg.Interface)
	c.watch.start(&follower{
		name: ifi.Name, index: ifi.Index, up: running(ifi.Flags), mtu: &c.mtu, log: cfg.Logger,
		renew: func(_, index int) error { return c.redirect(index) },
		tell:  cfg.Changed,
		home: &home{
			local: b.local, index: ifi.Index,
			prefer: prefer.Unmap().WithZone(""), lacks: &c.lacks,
			move: func(to netip.Addr, index int) (netip.AddrPort, error) {
				return c.move(cfg, to, index)
			},
		},
	})
	return c, nil
}

// bound is a socket that has its address, and the buffers that the kernel granted.
type bound struct {
	fd                      int
	local                   netip.AddrPort
	readBuffer, writeBuffer int
}

// bindSocket makes a socket that sends through an interface, from one of its addresses.
func bindSocket(cfg SocketConfig, ifname string, index int, local netip.AddrPort) (bound, error) {
	fd, err := datagramSocket(local.Addr().Is4())
	if err != nil {
		return bound{}, err
	}
	b := bound{fd: fd}
	o := &options{fd: fd}
	o.send(cfg, local.Addr().Is4())
	o.receive(cfg.NoOffload || !withOffload)
	b.readBuffer = o.readBuffer(cfg.ReadBuffer, cfg.Logger)
	b.writeBuffer = o.writeBuffer(cfg.WriteBuffer, cfg.Logger)
	if err = o.err; err == nil {
		err = multicastInterface(fd, local.Addr(), index)
	}
	if err == nil {
		err = bind(fd, local, uint32(index))
	}
	if err == nil {
		b.local, err = boundTo(fd, local)
	}
	if err != nil {
		unix.Close(fd)
		return bound{}, err
	}
	return b, nil
}

// send sets the options of datagrams that are sent.
func (o *options) send(cfg SocketConfig, is4 bool) {
	if is4 {
		o.set(unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, cfg.TTL, "set the TTL")
		o.set(unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, boolInt(!cfg.NoLoopback), "set loopback")
		o.set(unix.IPPROTO_IP, unix.IP_TOS, cfg.DSCP<<2, "set the DSCP")
		// Never fragment, and ignore ICMP messages about a smaller path MTU, which a
		// stranger can forge. The kernel refuses what exceeds the interface's MTU.
		o.set(unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE, "forbid fragments")
		o.set(unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0,
			"keep out groups that other programs joined")
		// Without this the kernel does not report a full transmit queue.
		o.set(unix.IPPROTO_IP, unix.IP_RECVERR, 1, "ask for send errors")
		return
	}
	o.set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, cfg.TTL, "set the hop limit")
	o.set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, boolInt(!cfg.NoLoopback), "set loopback")
	o.set(unix.IPPROTO_IPV6, unix.IPV6_TCLASS, cfg.DSCP<<2, "set the DSCP")
	o.set(unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE,
		"forbid fragments")
	o.try(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
	o.set(unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1, "ask for send errors")
}

// redirect makes multicast leave through the interface that has come back.
func (c *conn) redirect(index int) error {
	var err error
	closed := c.raw.Control(func(fd uintptr) {
		err = multicastInterface(int(fd), c.LocalAddr().Addr(), index)
	})
	if closed != nil {
		return nil // the watch ends as well
	}
	c.zone.index.Store(uint32(index))
	c.writer.forget()
	return err
}

// multicastInterface sets the interface that multicast leaves through.
func multicastInterface(fd int, family netip.Addr, index int) error {
	var err error
	if family.Is4() {
		request := &unix.IPMreqn{Ifindex: int32(index)}
		err = unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, request)
	} else {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, index)
	}
	return os.NewSyscallError("setsockopt", err)
}

// checkRoute asks the kernel for a route to the group, by connecting a socket that sends
// nothing. Without one, a send would fail later.
func checkRoute(cfg SocketConfig, local netip.Addr, z zone) error {
	what := fmt.Sprintf("send to %v on %s", cfg.Group, z.name)
	fd, err := datagramSocket(local.Is4())
	if err != nil {
		return opening(what, err)
	}
	defer unix.Close(fd)
	if err := multicastInterface(fd, local, int(z.index.Load())); err != nil {
		return opening(what, err)
	}
	if err := bind(fd, netip.AddrPortFrom(local, 0), z.index.Load()); err != nil {
		return opening(what, err)
	}
	scope, _ := z.scope(cfg.Group.Addr())
	if err := unix.Connect(fd, kernelAddr(cfg.Group, scope)); err != nil {
		return fmt.Errorf("multicast: %s: the kernel has no multicast route on that interface; "+
			"choose another, or add one (ip -%s route add %s dev %s): %w",
			what, ipVersion(local), multicastRange(local), z.name,
			os.NewSyscallError("connect", err))
	}
	return nil
}

func ipVersion(a netip.Addr) string {
	if a.Is4() {
		return "4"
	}
	return "6"
}

func multicastRange(a netip.Addr) string {
	if a.Is4() {
		return "224.0.0.0/4"
	}
	return "table local multicast ff00::/8"
}

// datagramSocket makes a UDP socket of one family only. To package os it is a blocking one:
// see waker.
func datagramSocket(is4 bool) (int, error) {
	family := unix.AF_INET6
	if is4 {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if is4 {
		return fd, nil
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("setsockopt", err)
	}
	return fd, nil
}

// bind binds a socket; scope is the interface's index.
func bind(fd int, a netip.AddrPort, scope uint32) error {
	if !a.Addr().IsLinkLocalUnicast() {
		scope = 0
	}
	return os.NewSyscallError("bind", unix.Bind(fd, kernelAddr(a, scope)))
}

// kernelAddr returns a as package unix has it.
func kernelAddr(a netip.AddrPort, scope uint32) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), ZoneId: scope, Addr: a.Addr().As16()}
}

// boundTo returns the address asked for, with the port that the kernel chose.
func boundTo(fd int, asked netip.AddrPort) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return asked, opening("find the port", os.NewSyscallError("getsockname", err))
	}
	port := 0
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		port = sa.Port
	case *unix.SockaddrInet6:
		port = sa.Port
	}
	return netip.AddrPortFrom(asked.Addr(), uint16(port)), nil
}
