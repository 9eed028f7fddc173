package multicast

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
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

	// The goroutine alone uses what follows.

	// feeds has what was joined on each feed.
	feeds []feedJoins
	// want are the groups that the machine wants, and failed those that no feed has.
	want, failed []netip.AddrPort
}

// feedJoins are the groups of one feed.
type feedJoins struct {
	members *Memberships
	// joined are the groups that are joined, by index.
	joined []netip.AddrPort
	// lacks reports that some cannot be joined, and are tried again; the log says so.
	lacks bool
}

const (
	// joinAgain is how soon groups that cannot be joined are tried again.
	joinAgain = time.Second
	// joinFailures is how many groups may fail when they are tried again.
	joinFailures = 4
)

// begin follows a machine whose groups were opened, or some of them.
func (j *joins) begin(m Joiner, open []*Memberships) {
	j.machine, j.kick = m, make(chan struct{}, 1)
	version, groups := m.Memberships()
	j.version = version
	for _, o := range open {
		f := feedJoins{members: o, joined: slices.Clone(groups)}
		for i, group := range groups {
			if group.IsValid() && !o.has(group) {
				f.joined[i], j.version = netip.AddrPort{}, neverJoined
			}
		}
		j.feeds = append(j.feeds, f)
	}
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
	var again <-chan time.Time
	for {
		retry := false
		select {
		case _, open := <-j.kick:
			if !open {
				return
			}
		case <-again:
			retry = true
		}
		l.Lock()
		_, want := j.machine.Memberships()
		j.want = append(j.want[:0], want...)
		l.Unlock()
		lacks, open := j.follow(l, retry)
		if !open {
			return
		}
		if again = nil; lacks {
			again = time.After(joinAgain)
		}
		if len(j.failed) == 0 || retry {
			continue
		}
		l.Lock()
		for _, group := range j.failed {
			j.machine.NotJoined(group)
		}
		l.Settle()
	}
}

// follow joins and leaves groups until they are those that are wanted. It reports whether
// some cannot be joined, and whether the Loop is open.
func (j *joins) follow(l *Loop, retry bool) (lacks, open bool) {
	fails := make(map[netip.AddrPort]int)
	for f := range j.feeds {
		if !j.feeds[f].follow(l, j.want, retry, fails) {
			return false, false
		}
		lacks = lacks || j.feeds[f].lacks
	}
	j.failed = j.failed[:0]
	for _, group := range j.want {
		if fails[group] == len(j.feeds) {
			j.failed = append(j.failed, group)
		}
	}
	return lacks, true
}

// follow is that of one feed. It counts the groups that cannot be joined, and returns false
// if the Loop is closed.
func (f *feedJoins) follow(
	l *Loop, want []netip.AddrPort, retry bool, fails map[netip.AddrPort]int,
) bool {
	for _, group := range f.joined {
		if group.IsValid() && !slices.Contains(want, group) {
			f.members.Leave(group) // else it is not received, but thrown away
		}
	}
	failures := 0
	var first error
	now := make([]netip.AddrPort, len(want))
	for i, group := range want {
		if i < len(f.joined) && group == f.joined[i] {
			now[i] = group
			continue
		}
		if !group.IsValid() || retry && failures == joinFailures {
			continue
		}
		err := f.members.Join(group, i, l.Add)
		switch {
		case err == nil:
			now[i] = group
		case errors.Is(err, net.ErrClosed):
			return false
		default:
			fails[group]++
			if failures++; first == nil {
				first = err
			}
		}
	}
	f.joined = now
	if failures > 0 && !f.lacks {
		l.cfg.Logger.Error("multicast: groups cannot be joined, and nothing comes by them; "+
			"trying again", "groups", failures, "interface", f.members.cfg.Interface,
			"error", first)
	} else if failures == 0 && f.lacks && retry {
		l.cfg.Logger.Warn("multicast: groups could be joined after all",
			"interface", f.members.cfg.Interface)
	}
	f.lacks = failures > 0
	return true
}
