package topic

import (
	"net/netip"

	"crier/reliable/config"
)

// Limits and defaults of layouts.
const (
	// MaxPartitions is the greatest number of partitions of a topic.
	MaxPartitions = 256
	// MaxGroups is the greatest number of data groups of a topic.
	MaxGroups = 256
	// DefaultGroups is the number of data groups of a topic with at least as many partitions.
	// One with fewer has a group for each.
	DefaultGroups = 16
)

// Layout is the shape of a topic: its partitions and the groups that carry them. Layouts compare
// with ==. The methods but Complete are for complete layouts.
type Layout struct {
	// Partitions is the number of partitions, 1 to MaxPartitions. Complete takes 0 for 1.
	Partitions int
	// Groups is the number of groups that carry data, 1 to Partitions. Complete takes 0 for
	// Partitions, or for DefaultGroups if that is less. With 1, the home group carries all.
	Groups int
	// Base is the home group. The data groups follow it, each one address further. If Base isn't
	// valid, all groups follow from the topic's name.
	Base netip.AddrPort
}

// Complete returns the layout with its defaults, or a [*config.Error] about the field that is out
// of range.
func (l Layout) Complete() (Layout, error) {
	if l.Partitions == 0 {
		l.Partitions = 1
	}
	if l.Partitions < 1 || l.Partitions > MaxPartitions {
		return l, config.Errorf("Partitions", "%d partitions are outside 1 to %d",
			l.Partitions, MaxPartitions)
	}
	if l.Groups == 0 {
		l.Groups = min(l.Partitions, DefaultGroups)
	}
	if l.Groups < 1 || l.Groups > MaxGroups {
		return l, config.Errorf("Groups", "%d groups are outside 1 to %d", l.Groups, MaxGroups)
	}
	if l.Groups > l.Partitions {
		return l, config.Errorf("Groups", "%d groups are more than the partitions, %d: a group "+
			"carries at least one", l.Groups, l.Partitions)
	}
	if !l.Base.IsValid() {
		return l, nil
	}
	l.Base = netip.AddrPortFrom(l.Base.Addr().Unmap(), l.Base.Port())
	switch last := further(l.Base, l.size()-1); {
	case !l.Base.Addr().IsMulticast():
		return l, config.Errorf("Group", "%v is not a multicast address: use one of 224.0.0.0/4, "+
			"such as 239.77.0.1, or of ff00::/8", l.Base.Addr())
	case l.Base.Port() == 0:
		return l, config.Errorf("Group", "%v has port 0: use 1 to 65535", l.Base)
	case !last.Addr().IsMulticast():
		return l, config.Errorf("Group", "the %d groups behind %v leave the multicast addresses: "+
			"use a lower address, or fewer groups", l.Groups, l.Base.Addr())
	}
	return l, nil
}

// size returns the number of groups, home included.
func (l Layout) size() int {
	if l.Groups > 1 {
		return 1 + l.Groups
	}
	return 1
}

// Index returns the index of the group that carries the data of a channel: 0 is the home group,
// which carries all data of a layout with one group.
func (l Layout) Index(channel uint32) int {
	if l.Groups > 1 {
		return 1 + int(channel%uint32(l.Groups))
	}
	return 0
}

// Group returns the group that carries the data of a channel of the topic.
func (l Layout) Group(name string, channel uint32) netip.AddrPort {
	return l.at(name, l.Index(channel))
}

// All returns the groups of the topic in the order of [Layout.Index]: the home group, and the data
// groups if there are several. No two are the same.
func (l Layout) All(name string) []netip.AddrPort {
	h, all := uint64(0), make([]netip.AddrPort, l.size())
	if !l.Base.IsValid() {
		h = hash(name) // once: whoever announces topics chooses their names
	}
	for i := range all {
		if l.Base.IsValid() {
			all[i] = further(l.Base, i)
		} else {
			all[i] = numbered(h, i)
		}
	}
	return all
}

// at returns the group with an index.
func (l Layout) at(name string, index int) netip.AddrPort {
	if l.Base.IsValid() {
		return further(l.Base, index)
	}
	return named(name, index)
}

// Home returns the home group of a topic: base, or the group of the name if base isn't valid.
func Home(name string, base netip.AddrPort) netip.AddrPort {
	return Layout{Base: base}.at(name, 0)
}
