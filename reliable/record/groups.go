package record

import (
	"net/netip"

	"crier/reliable/topic"
)

// Memberships returns the groups to be joined, as Receiver.Memberships does.
func (r *Recorder) Memberships() (version uint64, groups []netip.AddrPort) {
	if r.receiver == nil {
		return 0, r.cfg.Groups
	}
	return r.receiver.Memberships()
}

// NotJoined says that a group of Memberships can't be joined.
func (r *Recorder) NotJoined(group netip.AddrPort) {
	if r.receiver != nil {
		r.receiver.NotJoined(group)
	}
}

// toHome returns the group of a tape's session, in which all hear what is said of it, or an invalid
// address: the first group.
func (t *tape) toHome() netip.AddrPort {
	if t.home.IsValid() || t.title == nil || t.title.Topic == "" {
		return t.home
	}
	for _, of := range t.r.cfg.Topics {
		if of.Name == t.title.Topic {
			return topic.Home(of.Name, of.Base)
		}
	}
	return t.home
}

// toGroup returns the group for repairs of a tape: that of its data, which subscribers leave some
// time after its publisher was heard last.
func (t *tape) toGroup() netip.AddrPort {
	if t.group.IsValid() && (t.live || t.inquires()) {
		return t.group
	}
	return t.toHome()
}
