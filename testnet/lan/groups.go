package lan

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"crier/multicast"
)

// maxMembers is how many groups a socket takes at most, as on Linux.
const maxMembers = 20

// groupsConn is a group socket whose groups come and go.
type groupsConn struct{ *conn }

// Join implements multicast.GroupsConn. What is on its way is received if it arrives from
// now on.
func (c *groupsConn) Join(group netip.AddrPort, index int) error {
	group = netip.AddrPortFrom(group.Addr().Unmap(), group.Port())
	if err := c.host.check(group, hostInterface); err != nil {
		return err
	}
	if group.Port() != c.local.Port() {
		return &multicast.ConfigError{Field: "group", Value: group.String(),
			Reason: fmt.Sprintf("is not of the port of group %v; use another socket", c.local)}
	}
	c.host.lan.mu.Lock()
	defer c.host.lan.mu.Unlock()
	i := c.member(group)
	switch {
	case c.closed:
		return net.ErrClosed
	case i >= 0:
		c.members[i].index = index
	case len(c.members) >= maxMembers:
		return multicast.ErrFull
	default:
		c.members = append(c.members, member{group, index})
	}
	return nil
}

// Leave implements multicast.GroupsConn.
func (c *groupsConn) Leave(group netip.AddrPort) error {
	group = netip.AddrPortFrom(group.Addr().Unmap(), group.Port())
	c.host.lan.mu.Lock()
	defer c.host.lan.mu.Unlock()
	if i := c.member(group); i >= 0 {
		c.members = slices.Delete(c.members, i, i+1)
	}
	return nil
}
