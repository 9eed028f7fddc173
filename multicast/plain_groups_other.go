//go:build !linux || crier_plain

package multicast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// plainGroups is a socket that receives one group at a time: not all systems tell which
// group a datagram came by.
type plainGroups struct {
	*plainConn
	cfg GroupConfig

	// mu guards the membership, and ifi.
	mu sync.Mutex
	// ifi is the interface, which changes when it is made again.
	ifi *net.Interface
}

// openGroups opens a socket that receives a group on one interface.
func openGroups(cfg GroupConfig, ifi *net.Interface) (*plainGroups, error) {
	what := func(err error) error {
		return fmt.Errorf("multicast: receive %v on %s: %w", cfg.Group, ifi.Name, err)
	}
	c, err := newPlainConn(cfg.Group, ifi)
	if err != nil {
		return nil, what(err)
	}
	g := &plainGroups{plainConn: c, cfg: cfg, ifi: ifi}
	at := c.at.Load()
	at.local, c.source, c.feed = cfg.Group, cfg.Source, cfg.Feed
	c.members = newMembers(cfg.Group.Addr(), cfg.Index)
	c.oob = at.options.askDestination()
	c.readBuffer = grant(at.udp.SetReadBuffer, at.udp, cfg.ReadBuffer, true, cfg.Logger)
	c.watch, _ = openWatch(false, cfg.Logger) // which never fails
	if err := g.join(cfg.Group.Addr()); err != nil {
		c.Close()
		return nil, what(err)
	}
	c.watch.start(&follower{
		name: ifi.Name, index: ifi.Index, up: running(ifi.Flags),
		mtu: &c.mtu, count: &c.rejoins, log: cfg.Logger, renew: g.rejoin,
	})
	return g, nil
}

// Join implements GroupsConn.
func (g *plainGroups) Join(group netip.AddrPort, index int) error {
	group = unmapped(group)
	if err := checkFellow(group, g.cfg.Group); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, is := g.members.index(group.Addr()); !is && len(g.members.all()) > 0 {
		return ErrFull
	}
	if !g.members.set(group.Addr(), index) {
		return nil
	}
	err := g.join(group.Addr())
	if err == nil {
		return nil
	}
	g.members.remove(group.Addr())
	if g.closed.Load() {
		return net.ErrClosed
	}
	return fmt.Errorf("multicast: receive %v on %s: %w", group, g.ifi.Name, err)
}

// Leave implements GroupsConn.
func (g *plainGroups) Leave(group netip.AddrPort) error {
	group = unmapped(group)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.members.remove(group.Addr()) {
		return nil
	}
	g.at.Load().options.leave(g.ifi, group.Addr(), g.cfg.Source) // fails if ifi has gone
	return nil
}

// join makes the socket a member of a group.
func (g *plainGroups) join(group netip.Addr) error {
	options := g.at.Load().options
	err := options.join(g.ifi, group, g.cfg.Source)
	if err == nil || !g.cfg.Source.IsValid() {
		return err
	}
	// Some systems, or x/net's support of them, have no source-specific join.
	// Read then drops what comes from other sources.
	log := g.cfg.Logger
	log.Info("multicast: no source-specific join; other sources are dropped here",
		"group", group, "error", err)
	return options.join(g.ifi, group, netip.Addr{})
}

// rejoin renews the membership when the interface is back.
func (g *plainGroups) rejoin(old, index int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := &net.Interface{Index: old, Name: g.ifi.Name}
	for _, m := range g.members.all() {
		g.at.Load().options.leave(was, m.group, g.cfg.Source) // fails if there was none
	}
	now, err := net.InterfaceByIndex(index)
	if err != nil {
		return err
	}
	g.ifi = now
	var errs []error
	for _, m := range g.members.all() {
		errs = append(errs, g.join(m.group))
	}
	return errors.Join(errs...)
}
