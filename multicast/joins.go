package multicast

import (
	"errors"
	"net"
	"net/netip"
	"slices"
)

// Joiner is a Machine whose groups come and go. The Loop joins and leaves them, without its
// lock.
type Joiner interface {
	Machine
	// Memberships returns the groups that the machine wants to hear, and a version that grows
	// with each change. A group's place in the list is the Group of its packets; a group that
	// is not valid is none. The list is valid until the next call.
	Memberships() (version uint64, groups []netip.AddrPort)
	// NotJoined reports that a group cannot be joined, on any feed.
	NotJoined(group netip.AddrPort)
}

// joins follow the groups of a Joiner.
type joins struct {
	// machine is nil if the groups never change.
	machine Joiner
	// version is that of the groups which the goroutine was told to join. The Loop's lock
	// guards it.
	version uint64
	kick    chan struct{}

	// joined are the groups that were joined, or tried. Only the goroutine uses it, and what
	// follows.
	joined, want, failed []netip.AddrPort
}

// begin follows a machine whose groups were opened, or some of them.
func (j *joins) begin(m Joiner, open []*Memberships) {
	j.machine, j.kick = m, make(chan struct{}, 1)
	version, groups := m.Memberships()
	for _, group := range groups {
		for _, o := range open {
			if group.IsValid() && !o.has(group) {
				j.version = neverJoined
				return
			}
		}
	}
	j.version, j.joined = version, slices.Clone(groups)
}

// neverJoined is a version before all others.
const neverJoined = ^uint64(0)

// look wakes the goroutine if the groups have changed. The caller holds the lock.
func (j *joins) look() {
	version, _ := j.machine.Memberships()
	if version == j.version {
		return
	}
	j.version = version
	select {
	case j.kick <- struct{}{}:
	default: // it has been told before, and has not looked yet
	}
}

// runJoins is the goroutine that joins and leaves.
func (l *Loop) runJoins() {
	j := &l.joins
	for range j.kick {
		l.Lock()
		_, want := j.machine.Memberships()
		j.want = append(j.want[:0], want...)
		l.Unlock()
		if !l.follow() {
			return
		}
		if len(j.failed) == 0 {
			continue
		}
		l.Lock()
		for _, group := range j.failed {
			j.machine.NotJoined(group)
		}
		l.Settle()
	}
}

// follow joins and leaves groups until they are those that are wanted. It returns false if
// the Loop is closed.
func (l *Loop) follow() bool {
	j := &l.joins
	for i, group := range j.joined {
		if group.IsValid() && (i >= len(j.want) || group != j.want[i]) &&
			!slices.Contains(j.want, group) {
			for _, m := range l.cfg.Memberships {
				m.Leave(group) // else it is not received, but thrown away
			}
		}
	}
	j.failed = j.failed[:0]
	failures := make([]joinFailures, len(l.cfg.Memberships))
	for i, group := range j.want {
		if !group.IsValid() || i < len(j.joined) && group == j.joined[i] {
			continue
		}
		lost := 0
		for f, m := range l.cfg.Memberships {
			err := m.Join(group, i, l.Add)
			if errors.Is(err, net.ErrClosed) {
				return false
			}
			if err != nil {
				failures[f].note(group, err)
				lost++
			}
		}
		if lost == len(l.cfg.Memberships) {
			j.failed = append(j.failed, group)
		}
	}
	for f, m := range l.cfg.Memberships {
		if n := failures[f].groups; n > 0 {
			l.cfg.Logger.Error("multicast: groups cannot be joined, and nothing comes by them",
				"groups", n, "interface", m.cfg.Interface, "group", failures[f].group,
				"error", failures[f].err)
		}
	}
	j.joined = append(j.joined[:0], j.want...)
	return true
}

// joinFailures are the groups that cannot be joined on a feed.
type joinFailures struct {
	groups int
	// group is the first, and err its error.
	group netip.AddrPort
	err   error
}

func (f *joinFailures) note(group netip.AddrPort, err error) {
	if f.groups++; f.err == nil {
		f.group, f.err = group, err
	}
}
