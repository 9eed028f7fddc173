package multicast

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
)

// Memberships are the groups of a receiver on one feed, over as many sockets as they take.
// One goroutine at a time opens, joins and leaves; any may ask for the counters.
type Memberships struct {
	link LinkConfig
	cfg  GroupConfig
	// feeds has the groups' addresses on this feed, if there are several.
	feeds Feeds

	// mu guards conns. A socket without groups is kept for those that follow.
	mu sync.Mutex
	// conns are all sockets.
	conns []Conn
	// open are those of them that take further groups, and first the group that each was
	// opened for.
	open  []GroupsConn
	first []netip.AddrPort
	// at has each group's socket; nil if it was opened for that group alone.
	at map[netip.AddrPort]GroupsConn
}

// Memberships returns memberships without a group. All else that the sockets need stands in
// cfg. With several feeds, cfg.Feed is one of them, and all groups are named by their
// addresses on the first.
func (c LinkConfig) Memberships(cfg GroupConfig, feeds Feeds) *Memberships {
	if len(feeds) > 0 {
		cfg.Interface = feeds[cfg.Feed].Interface
	}
	return &Memberships{
		link: c, cfg: cfg, feeds: feeds, at: make(map[netip.AddrPort]GroupsConn),
	}
}

// Open opens a socket for one group, which stays joined for as long as the socket is open.
// The caller owns it.
func (m *Memberships) Open(group netip.AddrPort, index int) (Conn, error) {
	group = m.feeds.Translate(m.cfg.Feed, unmapped(group))
	cfg := m.cfg
	cfg.Group, cfg.Index = group, index
	c, err := m.link.Group(cfg)
	if err != nil {
		return nil, m.feeds.blame(cfg.Feed, err)
	}
	m.at[group] = nil
	m.note(c)
	return c, nil
}

// note adds a socket to those that are counted.
func (m *Memberships) note(c Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns = append(m.conns, c)
}

// Join joins a group, whose packets carry index from then on. Where all sockets are full it
// opens another, and hands it to add, which closes it if it fails: see [Loop.Add].
func (m *Memberships) Join(group netip.AddrPort, index int, add func(Conn) error) error {
	group = m.feeds.Translate(m.cfg.Feed, unmapped(group))
	if c, joined := m.at[group]; joined {
		if c == nil {
			return nil
		}
		return c.Join(group, index)
	}
	for i, c := range m.open {
		if m.first[i].Port() != group.Port() ||
			m.first[i].Addr().Is4() != group.Addr().Is4() {
			continue
		}
		err := c.Join(group, index)
		if err == nil {
			m.at[group] = c
		}
		if !errors.Is(err, ErrFull) {
			return err
		}
	}
	cfg := m.cfg
	cfg.Group, cfg.Index = group, index
	c, err := m.link.Groups(cfg)
	if err != nil {
		return err
	}
	if err := add(c); err != nil {
		return err
	}
	m.open, m.first = append(m.open, c), append(m.first, group)
	m.at[group] = c
	m.note(c)
	return nil
}

// has reports whether a group is joined.
func (m *Memberships) has(group netip.AddrPort) bool {
	_, has := m.at[m.feeds.Translate(m.cfg.Feed, unmapped(group))]
	return has
}

// Leave leaves a group that was joined, and not one that a socket was opened for alone.
func (m *Memberships) Leave(group netip.AddrPort) error {
	group = m.feeds.Translate(m.cfg.Feed, unmapped(group))
	c := m.at[group]
	if c == nil {
		return nil
	}
	delete(m.at, group)
	return c.Leave(group)
}

// Stats returns the counters of each socket.
func (m *Memberships) Stats() []ConnStats {
	m.mu.Lock()
	conns := slices.Clone(m.conns)
	m.mu.Unlock()
	list := make([]ConnStats, len(conns))
	for i, c := range conns {
		list[i] = c.Stats()
	}
	return list
}
