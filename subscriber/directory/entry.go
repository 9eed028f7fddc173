package directory

import (
	"net/netip"
	"reflect"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/directory"
)

// SessionID is the id of a session.
type SessionID = reliable.SessionID

// Entry is a publisher and its topic, as it announces them. Nothing of it is proven: whoever can
// send to the network can make it up. The topic's name is sound, but the other names may have any
// characters: quote them for a terminal.
type Entry struct {
	Session SessionID
	// Topic is the topic's name: 1 to 255 bytes of UTF-8 without control characters.
	Topic string
	// Partitions and Groups are the numbers of its partitions and of the groups with their data.
	// Base is its home group, if a group was given for it, and else not valid: then its groups
	// follow from its name.
	Partitions, Groups int
	Base               netip.AddrPort
	// Publisher is the publisher's name, Host that of its machine, and PID the number of its
	// process there. They may be empty.
	Publisher, Host string
	PID             uint32
	// Addr is the publisher's own address.
	Addr netip.AddrPort
	// Started is when the session began, by the publisher's clock.
	Started time.Time
	// Bytes and Messages are what was published in a second, on average since the announcement
	// before. Subscribers is the number of subscribers that the publisher knows.
	Bytes, Messages uint64
	Subscribers     int
	// Teams are up to 8 of those that share the topic's messages.
	Teams []Team
	// Heard is when it was last announced.
	Heard time.Time
}

// Team is a team that shares a topic's messages: its Name and Share, the number of its Members, and
// its Lag, the number of messages that it hasn't done.
type Team = directory.Team

func (c *Client) entry(r *directory.Row) Entry {
	return Entry{
		Session: r.Session, Topic: r.Topic, Partitions: r.Layout.Partitions,
		Groups: r.Layout.Groups, Base: r.Layout.Base, Publisher: r.Publisher, Host: r.Host,
		PID: r.PID, Addr: r.Addr, Started: time.Unix(0, r.Wall), Bytes: r.Facts.Bytes,
		Messages: r.Facts.Messages, Subscribers: r.Facts.Subscribers,
		Teams: r.Facts.Teams,
		Heard: c.start.Add(time.Duration(r.Heard)),
	}
}

// ConflictKind is the kind of a Conflict.
type ConflictKind = directory.ClashKind

// The kinds of conflicts.
const (
	// SameGroup: two topics use one group, whose subscribers drop the other's datagrams.
	SameGroup ConflictKind = directory.SameGroup
	// SameName: two publishers of a topic have the same name.
	SameName ConflictKind = directory.SameName
	// OtherLayout: two publishers of a topic differ in partitions or groups.
	OtherLayout ConflictKind = directory.OtherLayout
)

// Conflict is a conflict between two publishers.
type Conflict struct {
	Kind ConflictKind
	A, B Entry
	// Group is the group that both use, in a SameGroup.
	Group netip.AddrPort
}

// ChangeKind is the kind of a Change.
type ChangeKind uint8

// The kinds of changes.
const (
	// Found: a publisher was found.
	Found ChangeKind = iota
	// Updated: its numbers are others.
	Updated
	// Gone: it ended, or wasn't heard for long.
	Gone
)

var changeNames = [...]string{Found: "found", Updated: "updated", Gone: "gone"}

// String returns the kind in a word.
func (k ChangeKind) String() string {
	if int(k) < len(changeNames) {
		return changeNames[k]
	}
	return "unknown"
}

// Change is a change of what is known.
type Change struct {
	Kind ChangeKind
	// Entry is the publisher, of one that is gone as it was last known.
	Entry Entry
}

// changes returns what differs between two lists: what is gone, and then what is there.
func changes(before, after []Entry) (list []Change) {
	old := make(map[SessionID]*Entry, len(before))
	for i := range before {
		old[before[i].Session] = &before[i]
	}
	var now []Change
	for i := range after {
		e := &after[i]
		was := old[e.Session]
		delete(old, e.Session)
		switch {
		case was == nil:
			now = append(now, Change{Found, *e})
		case !was.same(e):
			now = append(now, Change{Updated, *e})
		}
	}
	for i := range before {
		if old[before[i].Session] != nil {
			list = append(list, Change{Gone, before[i]})
		}
	}
	return append(list, now...)
}

// same reports whether two entries say the same, whenever they were heard.
func (e *Entry) same(other *Entry) bool {
	a, b := *e, *other
	a.Heard = b.Heard
	teams := slices.Equal(a.Teams, b.Teams)
	a.Teams, b.Teams = nil, nil
	return teams && reflect.DeepEqual(a, b)
}
