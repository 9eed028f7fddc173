package frame

import (
	"net/netip"
	"time"
)

// AnnounceBody holds the fields of ANNOUNCE that no other kind has. The frame's Session is the
// publisher's, and its Request the number of the FIND that it answers, or 0. Time, Wall, Control,
// Topic and Name are those of SESSION.
type AnnounceBody struct {
	// Partitions and Groups are the numbers of the topic's partitions and groups.
	Partitions, Groups uint32
	// Base is the group that the topic's groups count from. It isn't valid if they follow
	// from the topic's name.
	Base netip.AddrPort
	// Interval is the longest time until the next ANNOUNCE to the group, or 0 in the last one.
	Interval time.Duration
	// Host is the name of the publisher's machine, or empty. PID is the number of its
	// process there, or 0.
	Host []byte
	PID  uint32
	// Bytes and Messages are what the publisher sent in the last second.
	Bytes, Messages uint64
	// Subscribers is the known number of subscribers.
	Subscribers uint32
}
