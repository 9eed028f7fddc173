package receive

import (
	"net/netip"

	"crier/reliable"
)

// Topic is a topic to follow.
type Topic struct {
	// Name of the topic. Empty means whatever is heard on the home group, Base.
	Name string
	// Base is the home group, which the data groups follow. If it isn't valid, all groups
	// follow from the name.
	Base netip.AddrPort
	// Partitions that are wanted; nil means all.
	Partitions []uint32
}

// MaxTopics is the number of topics that may be followed at once.
const MaxTopics = 64

// Follow follows a topic from now on, and reports false if it is followed already, if there are
// MaxTopics of them, or if there is no such topic. Memberships change with it.
func (r *Receiver) Follow(now reliable.Time, t Topic) bool { return false }

// Unfollow leaves a topic, and closes its sessions: events tell their end.
func (r *Receiver) Unfollow(now reliable.Time, name string) {}

// Memberships returns the groups to be joined, in the order of frame.Frame.Group, and the version
// of that list, which grows with each change. A group that isn't valid is a place that is free. The
// list is valid until the next call of the Receiver, and not to be changed.
func (r *Receiver) Memberships() (version uint64, groups []netip.AddrPort) {
	return 0, r.cfg.Groups
}

// NotJoined says that a group of Memberships can't be joined: nothing comes by it.
func (r *Receiver) NotJoined(group netip.AddrPort) {}
