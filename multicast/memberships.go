package multicast

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
)

// Memberships are groups of a receiver on one interface that come and go, over as many
// sockets as they take. One goroutine at a time joins and leaves; any may ask for the sockets.
type Memberships struct {
	link LinkConfig
	cfg  GroupConfig
	add  func(Conn) error

	// mu guards conns. A socket without groups is kept for those that follow.
	mu    sync.Mutex
	conns []GroupsConn
	// first has the group that each socket was opened for.
	first []netip.AddrPort
	// at has each group's socket.
	at map[netip.AddrPort]GroupsConn
}

// Memberships returns memberships without a group. All else that the sockets need stands in
// cfg. Each socket is handed to add, which closes it if it returns an error: see Loop.Add.
func (c LinkConfig) Memberships(cfg GroupConfig, add func(Conn) error) *Memberships {
	return &Memberships{link: c, cfg: cfg, add: add, at: make(map[netip.AddrPort]GroupsConn)}
}

// Join joins a group, whose packets carry index from then on. It opens a socket where all
// others are full.
func (m *Memberships) Join(group netip.AddrPort, index int) error {
	group = unmapped(group)
	if c := m.at[group]; c != nil {
		return c.Join(group, index)
	}
	for i, c := range m.conns {
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
	if err := m.add(c); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns, m.first = append(m.conns, c), append(m.first, group)
	m.at[group] = c
	return nil
}

// Leave leaves a group.
func (m *Memberships) Leave(group netip.AddrPort) error {
	group = unmapped(group)
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
