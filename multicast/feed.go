package multicast

import (
	"fmt"
	"net/netip"
	"strings"

	"crier/reliable/config"
)

// MaxFeeds is how many feeds there may be.
const MaxFeeds = 4

// Feed is one of several ways that carry the same datagrams.
type Feed struct {
	// Group is the group on that way, or invalid if all feeds have the same one. Where a
	// topic has several groups, it is the home group, which the others follow.
	Group netip.AddrPort
	// Interface is a name ("eth0") or one of the interface's addresses.
	Interface string
}

// String returns the feed as the command line has it, "239.77.0.1:7700@eth0" or "@eth0".
func (f Feed) String() string {
	if !f.Group.IsValid() {
		return "@" + f.Interface
	}
	return f.Group.String() + "@" + f.Interface
}

// Feeds are the feeds of a publisher or a subscriber, two to four; or none.
type Feeds []Feed

// Check returns an error of type *ConfigError if the feeds cannot be used together.
func (f Feeds) Check() error {
	switch {
	case len(f) == 1:
		return badConfig("feeds", f.String(), "is one feed alone; give 2 to %d, or an interface "+
			"in place of it", MaxFeeds)
	case len(f) > MaxFeeds:
		return badConfig("feeds", f.String(), "are %d feeds; give 2 to %d", len(f), MaxFeeds)
	}
	for i, a := range f {
		if a.Interface == "" {
			return badConfig("feeds", f.String(), "lack an interface; write each like @eth0 or "+
				"239.77.0.1:7700@eth0")
		}
		if a.Group != (netip.AddrPort{}) {
			if err := CheckGroup(a.Group); err != nil {
				return err
			}
		}
		for _, b := range f[:i] {
			switch {
			case a.Group.IsValid() != b.Group.IsValid():
				return badConfig("feeds", f.String(), "have a group on one and none on another; "+
					"give each a group, or none")
			case a.Group.IsValid() && a.Group.Addr().Unmap().Is4() != b.Group.Addr().Unmap().Is4():
				return badConfig("feeds", f.String(), "are of different address families; "+
					"use one of them")
			case unmapped(a.Group) == unmapped(b.Group) && a.Interface == b.Interface:
				return badConfig("feeds", f.String(), "have %v twice; two feeds need two "+
					"interfaces, or two groups", a)
			}
		}
	}
	return nil
}

// CheckAlone is Check, and asks that there is no interface beside the feeds.
func (f Feeds) CheckAlone(iface string) error {
	if err := f.Check(); err != nil || len(f) == 0 || iface == "" {
		return err
	}
	return config.Errorf("Interface", "the interface %s stands beside Feeds, which have their "+
		"own: leave it out", iface)
}

// String returns the feeds as the command line has them.
func (f Feeds) String() string {
	var all []string
	for _, feed := range f {
		all = append(all, feed.String())
	}
	return strings.Join(all, ",")
}

// blame returns an error that names the feed, if there are several.
func (f Feeds) blame(feed int, err error) error {
	if len(f) == 0 {
		return err
	}
	return fmt.Errorf("feed %v: %w", f[feed], err)
}

// Translate returns the group on a feed that carries what a group carries on the first:
// as many addresses behind the feed's own as the group is behind the first feed's, if it
// is one of those 257; else the group itself.
func (f Feeds) Translate(feed int, group netip.AddrPort) netip.AddrPort {
	if feed == 0 || feed >= len(f) || f[0].Group == f[feed].Group {
		return group
	}
	group = unmapped(group)
	n, ok := distance(unmapped(f[0].Group), group)
	if !ok {
		return group
	}
	return further(unmapped(f[feed].Group), n)
}

// maxDistance is how far a topic's last group may be behind its home group.
const maxDistance = 256

// distance returns how many addresses b is behind a, if it is one of those of a topic.
func distance(a, b netip.AddrPort) (n int, ok bool) {
	if a.Port() != b.Port() || a.Addr().BitLen() != b.Addr().BitLen() {
		return 0, false
	}
	x, y := a.Addr().As16(), b.Addr().As16()
	for i := range x {
		n = n<<8 + int(y[i]) - int(x[i])
		if n > 1<<16 || n < -1<<16 { // the rest cannot make up for it
			return 0, false
		}
	}
	return n, n >= 0 && n <= maxDistance
}

// further returns the group n addresses behind another.
func further(group netip.AddrPort, n int) netip.AddrPort {
	b := group.Addr().As16()
	for i := len(b) - 1; i >= 0 && n > 0; i-- {
		n += int(b[i])
		b[i] = byte(n)
		n >>= 8
	}
	return netip.AddrPortFrom(netip.AddrFrom16(b).Unmap(), group.Port())
}
