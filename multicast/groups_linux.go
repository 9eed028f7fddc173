//go:build !crier_plain

package multicast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// maxMembers is how many groups a socket takes at most: the kernel walks a socket's
// memberships for each datagram, and allows 20 unless it is told otherwise.
const maxMembers = 20

// groupsConn is a socket with memberships that come and go. It is bound to no address,
// since a socket has only one; the kernel is told to let in its own groups alone.
type groupsConn struct {
	*conn
	cfg     GroupConfig
	members *members

	// mu guards the memberships, and index.
	mu sync.Mutex
	// index is the interface's, which changes when it is made again.
	index int
}

// openGroups opens a socket that receives one group on one interface, and those that join.
func openGroups(cfg GroupConfig, ifi *net.Interface) (*groupsConn, error) {
	g := &groupsConn{
		cfg: cfg, members: newMembers(cfg.Group.Addr(), cfg.Index), index: ifi.Index,
	}
	var err error
	g.conn, err = openReceiver(cfg, ifi, receiver{
		members: g.members, renew: g.rejoin,
		bind: func(fd int) error { return bindPort(fd, cfg.Group) },
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// Join implements GroupsConn.
func (g *groupsConn) Join(group netip.AddrPort, index int) error {
	group = unmapped(group)
	if err := checkFellow(group, g.cfg.Group); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, is := g.members.index(group.Addr()); !is && len(g.members.all()) >= maxMembers {
		return ErrFull
	}
	// The index is known before the first datagram comes.
	if !g.members.set(group.Addr(), index) {
		return nil
	}
	var err error
	closed := g.raw.Control(func(fd uintptr) {
		err = join(int(fd), g.index, group, g.cfg.Source)
	})
	switch {
	case closed != nil:
		err = net.ErrClosed
	case errors.Is(err, unix.ENODEV) && g.watch.file != nil:
		return nil // rejoin joins it
	case (errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENOMEM)) && len(g.members.all()) > 1:
		err = ErrFull
	}
	if err != nil {
		g.members.remove(group.Addr())
		if err != ErrFull {
			err = opening(fmt.Sprintf("receive %v on %s", group, g.zone.name), err)
		}
	}
	return err
}

// Leave implements GroupsConn.
func (g *groupsConn) Leave(group netip.AddrPort) error {
	group = unmapped(group)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.members.remove(group.Addr()) {
		return nil
	}
	g.raw.Control(func(fd uintptr) {
		leave(int(fd), g.index, group, g.cfg.Source) // fails if the interface has gone
	})
	return nil
}

// rejoin renews the memberships when the interface is back.
func (g *groupsConn) rejoin(fd, old, index int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.index = index
	var errs []error
	for _, m := range g.members.all() {
		group := netip.AddrPortFrom(m.group, g.cfg.Group.Port())
		leave(fd, old, group, g.cfg.Source) // fails if there was no membership
		errs = append(errs, join(fd, index, group, g.cfg.Source))
	}
	return errors.Join(errs...)
}

// bindPort binds a socket to a port of all addresses, for groups.
func bindPort(fd int, group netip.AddrPort) error {
	if group.Addr().Is4() {
		return unix.Bind(fd, &unix.SockaddrInet4{Port: int(group.Port())})
	}
	return unix.Bind(fd, &unix.SockaddrInet6{Port: int(group.Port())})
}
