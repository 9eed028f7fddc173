package multicast

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// joinerMachine is a fakeMachine whose groups a test changes.
type joinerMachine struct {
	*fakeMachine
	version   uint64
	groups    []netip.AddrPort
	notJoined []netip.AddrPort
}

func (m *joinerMachine) Memberships() (uint64, []netip.AddrPort) { return m.version, m.groups }
func (m *joinerMachine) NotJoined(group netip.AddrPort) {
	m.notJoined = append(m.notJoined, group)
}

// groupsNetwork is a network of sockets that note their groups.
type groupsNetwork struct {
	Network
	mu     sync.Mutex
	opened []*fakeGroups
	// bad cannot be joined.
	bad string
}

var errBad = errors.New("that group cannot be joined")

func (n *groupsNetwork) Groups(cfg GroupConfig) (GroupsConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if cfg.Group.String() == n.bad {
		return nil, errBad
	}
	g := &fakeGroups{fakeConn: newFakeConn(), n: n, members: map[string]int{}}
	g.members[cfg.Group.String()] = cfg.Index
	n.opened = append(n.opened, g)
	return g, nil
}

func (n *groupsNetwork) Group(cfg GroupConfig) (Conn, error) { return newFakeConn(), nil }

// fakeGroups takes three groups.
type fakeGroups struct {
	*fakeConn
	n       *groupsNetwork
	members map[string]int
}

func (g *fakeGroups) Join(group netip.AddrPort, index int) error {
	g.n.mu.Lock()
	defer g.n.mu.Unlock()
	_, is := g.members[group.String()]
	switch {
	case group.String() == g.n.bad:
		return errBad
	case !is && len(g.members) == 3:
		return ErrFull
	}
	g.members[group.String()] = index
	return nil
}

func (g *fakeGroups) Leave(group netip.AddrPort) error {
	g.n.mu.Lock()
	defer g.n.mu.Unlock()
	delete(g.members, group.String())
	return nil
}

// A Loop joins and leaves the groups that its machine wants, on each feed, and tells it of
// those that no feed has.
func TestLoopFollowsTheGroupsOfItsMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		a, b := netip.MustParseAddrPort("239.1.0.1:7700"), netip.MustParseAddrPort("239.2.0.1:7700")
		feeds := Feeds{{a, "a"}, {b, "b"}}
		networks := []*groupsNetwork{{}, {bad: "239.2.0.5:7700"}}
		m := &joinerMachine{fakeMachine: lt.machine}
		lt.loop.cfg.Machine = m
		for i, n := range networks {
			ms := LinkConfig{Network: n}.Memberships(GroupConfig{Feed: i}, feeds)
			home, err := ms.Open(a, 0)
			if err != nil {
				t.Fatal(err)
			}
			lt.loop.cfg.In = append(lt.loop.cfg.In, home)
			lt.loop.cfg.Memberships = append(lt.loop.cfg.Memberships, ms)
		}
		lt.loop = NewLoop(lt.loop.cfg)
		lt.run()
		want := func(groups string, members ...map[string]int) {
			t.Helper()
			m.groups = nil
			for g := range strings.FieldsSeq(groups) {
				var group netip.AddrPort
				if g != "-" {
					group = netip.MustParseAddrPort("239.1.0." + g + ":7700")
				}
				m.groups = append(m.groups, group)
			}
			lt.loop.Lock()
			m.version++
			lt.loop.Settle()
			synctest.Wait()
			for f, n := range networks {
				var all = map[string]int{}
				for _, g := range n.opened {
					for group, index := range g.members {
						all[group] = index
					}
				}
				for g, index := range members[f] {
					if i, ok := all[g]; !ok || i != index {
						t.Errorf("feed %d: %s: %d, %v; want %d", f, g, i, ok, index)
					}
				}
				if len(all) != len(members[f]) {
					t.Errorf("feed %d: %v, want %v", f, all, members[f])
				}
			}
		}
		want("1", nil, nil)
		want("1 2 3",
			map[string]int{"239.1.0.2:7700": 1, "239.1.0.3:7700": 2},
			map[string]int{"239.2.0.2:7700": 1, "239.2.0.3:7700": 2})
		// One goes and one moves; the bad one is heard on the other feed.
		want("1 - 5 3 6 7",
			map[string]int{"239.1.0.3:7700": 3, "239.1.0.5:7700": 2, "239.1.0.6:7700": 4,
				"239.1.0.7:7700": 5},
			map[string]int{"239.2.0.3:7700": 3, "239.2.0.6:7700": 4, "239.2.0.7:7700": 5})
		if n := len(networks[0].opened); n != 2 {
			t.Errorf("4 groups took %d sockets of 3", n)
		}
		if len(m.notJoined) > 0 {
			t.Errorf("not joined: %v", m.notJoined)
		}
		networks[0].bad = "239.1.0.5:7700"
		want("1", nil, nil)
		want("1 5", nil, nil)
		time.Sleep(5 * joinAgain / 2) // it is tried again, and that is not told
		synctest.Wait()
		if len(m.notJoined) != 1 || m.notJoined[0].String() != "239.1.0.5:7700" {
			t.Errorf("not joined: %v", m.notJoined)
		}
		for _, n := range networks {
			n.mu.Lock()
			n.bad = ""
			n.mu.Unlock()
		}
		time.Sleep(2 * joinAgain)
		synctest.Wait()
		for f, n := range networks {
			joined := 0
			for _, g := range n.opened {
				joined += len(g.members)
			}
			if joined != 1 {
				t.Errorf("feed %d has %d groups once it could join one", f, joined)
			}
		}
		lt.close()
		if log := lt.log.String(); strings.Count(log, "groups cannot be joined") != 3 ||
			!strings.Contains(log, errBad.Error()) {
			t.Errorf("the log: %s", log)
		}
	})
}

// Groups that a machine wants from the start and that were not opened for it are joined.
func TestLoopJoinsWhatWasNotOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lt := newLoopTest(t)
		a, b := netip.MustParseAddrPort("239.1.0.1:7700"), netip.MustParseAddrPort("239.1.0.2:7700")
		network := &groupsNetwork{}
		lt.loop.cfg.Machine = &joinerMachine{fakeMachine: lt.machine, groups: []netip.AddrPort{a, b}}
		ms := LinkConfig{Network: network}.Memberships(GroupConfig{}, nil)
		home, err := ms.Open(a, 0)
		if err != nil {
			t.Fatal(err)
		}
		lt.loop.cfg.In, lt.loop.cfg.Memberships = []Conn{home}, []*Memberships{ms}
		lt.loop = NewLoop(lt.loop.cfg)
		lt.run()
		lt.loop.Lock()
		lt.loop.Settle()
		synctest.Wait()
		if len(network.opened) != 1 || network.opened[0].members[b.String()] != 1 {
			t.Errorf("joined: %+v", network.opened)
		}
		lt.close()
	})
}

// Groups of different ports, or of different families, don't share a socket: it is bound to one
// port.
func TestMembershipsOfSeveralPorts(t *testing.T) {
	network := &groupsNetwork{}
	ms := LinkConfig{Network: network}.Memberships(GroupConfig{}, nil)
	for i, g := range []string{"239.1.0.1:7700", "239.1.0.2:7701", "239.1.0.3:7700",
		"[ff05::1]:7700", "[ff05::2]:7701", "239.1.0.4:7701"} {
		if err := ms.Join(netip.MustParseAddrPort(g), i, func(Conn) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []int{2, 2, 1, 1} {
		if len(network.opened) != 4 || len(network.opened[i].members) != want {
			t.Fatalf("%d sockets, %d has %v", len(network.opened), i, network.opened[i].members)
		}
	}
}
