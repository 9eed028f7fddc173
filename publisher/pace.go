package publisher

import "crier/reliable"

// Pace selects the subscribers whose pace counts. A Publisher keeps its messages until they
// have taken them, and their lack of progress may hold up the producer. The zero value
// selects none: then only the network, the socket and the rate limit hold up the producer.
// Slowest, Quorum and Named return other paces.
type Pace = reliable.Pace

// Slowest returns the pace of the slowest subscriber.
func Slowest() Pace { return reliable.Slowest() }

// Quorum returns the pace by which a message is kept until n subscribers have taken it, or
// all of them if there are fewer.
func Quorum(n int) Pace { return reliable.Quorum(n) }

// Named returns the pace of the slowest of the subscribers with the given names.
func Named(names ...string) Pace { return reliable.Named(names...) }

// PaceTeams returns the pace of the slowest team: each counts as one subscriber, whose position is
// the offset below which the team has done all.
func PaceTeams() Pace { return reliable.OfTeams() }

// WhenFull selects the treatment of a message that finds no room.
type WhenFull = reliable.WhenFull

// The ways to handle a message that finds no room.
const (
	// Block makes Publish wait. It is the default.
	Block WhenFull = reliable.Block
	// Drop gives the message an offset and drops it. Publish returns ErrDropped, and
	// subscribers report the message lost.
	Drop WhenFull = reliable.Drop
)

// MemberState is the state of a subscriber whose pace may count.
type MemberState = reliable.MemberState

// The states of a subscriber.
const (
	// Watching is the state of a subscriber that the pace doesn't select.
	Watching MemberState = reliable.Watching
	// Behind is the state of a selected subscriber that doesn't count yet: its next
	// message is no longer held, or its position is unknown. It counts once its position
	// is at the oldest message held.
	Behind MemberState = reliable.Behind
	// Counted is the state of a subscriber whose pace counts: the messages that it has
	// yet to take are kept.
	Counted MemberState = reliable.Counted
	// Evicted is the state of a subscriber that held the others back for the stall
	// timeout. It counts again once it has caught up with the messages sent by then.
	Evicted MemberState = reliable.Evicted
)

// SubscriberEvent reports that a subscriber's pace counts from now on, or no longer.
type SubscriberEvent = reliable.MemberEvent

// Blocker is a cause of a lack of room: subscribers, the disk, the rate limit or the socket.
// Stats.BlockedBy counts by it.
type Blocker = reliable.Blocker
