package multicast

import (
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"
)

// ErrFull reports that a socket takes no further group. Another socket does.
var ErrFull = errors.New("multicast: the socket takes no further group; open another one")

// GroupsConn is a socket that receives groups of one port, which come and go while it is
// read. The methods may be called by several goroutines, but not after Close.
type GroupsConn interface {
	Conn
	// Join receives a further group, whose packets carry index. If the interface was
	// removed, the group is joined when it is back. The error is ErrFull if the system
	// allows a socket no more groups than it has. A group that is a member gets the index.
	Join(group netip.AddrPort, index int) error
	// Leave receives a group no more. It does nothing if the group is no member.
	Leave(group netip.AddrPort) error
}

// member is a group that a socket receives.
type member struct {
	group netip.Addr
	// index is that of the group among those of the receiver.
	index int
}

// members are the groups that a socket receives. One goroutine at a time changes them, and
// any number reads.
type members struct {
	list atomic.Pointer[[]member]
	// left are the last groups that were members, oldest first. The datagrams of one that are
	// under way as it is left go astray for no fault.
	left atomic.Pointer[[]netip.Addr]
}

// maxLeft is how many groups that were left are remembered.
const maxLeft = 64

// newMembers returns members with one group.
func newMembers(group netip.Addr, index int) *members {
	m := new(members)
	m.list.Store(&[]member{{group, index}})
	return m
}

// all returns the members, which do not change.
func (m *members) all() []member { return *m.list.Load() }

// index returns the index of a group, and whether it is a member.
func (m *members) index(group netip.Addr) (int, bool) {
	list := *m.list.Load()
	for i := range list {
		if list[i].group == group {
			return list[i].index, true
		}
	}
	return 0, false
}

// set adds a group, or changes its index. It reports whether it was added.
func (m *members) set(group netip.Addr, index int) bool {
	list := slices.Clone(m.all())
	i := slices.IndexFunc(list, func(o member) bool { return o.group == group })
	if i >= 0 {
		list[i].index = index
	} else {
		list = append(list, member{group, index})
	}
	m.list.Store(&list)
	return i < 0
}

// remove removes a group. It reports whether it was a member.
func (m *members) remove(group netip.Addr) bool {
	list := slices.Clone(m.all())
	list = slices.DeleteFunc(list, func(o member) bool { return o.group == group })
	removed := len(list) < len(m.all())
	if removed {
		m.remember(group)
	}
	m.list.Store(&list)
	return removed
}

// remember notes a group that is left.
func (m *members) remember(group netip.Addr) {
	var left []netip.Addr
	if list := m.left.Load(); list != nil {
		left = slices.Clone(*list)
	}
	left = append(slices.DeleteFunc(left, func(a netip.Addr) bool { return a == group }), group)
	left = left[max(0, len(left)-maxLeft):]
	m.left.Store(&left)
}

// leaves reports whether a group was left, one of the last.
func (m *members) leaves(group netip.Addr) bool {
	list := m.left.Load()
	return list != nil && slices.Contains(*list, group)
}

// checkFellow returns an error of type *ConfigError if a group cannot join a socket that
// was opened for another one.
func checkFellow(group, first netip.AddrPort) error {
	if err := CheckGroup(group); err != nil {
		return err
	}
	switch {
	case group.Addr().Is4() != first.Addr().Is4():
		return badConfig("group", group, "is not of the family of group %v; "+
			"use another socket", first)
	case group.Port() != first.Port():
		return badConfig("group", group, "is not of the port of group %v; "+
			"use another socket", first)
	}
	return nil
}
