package publisher

import "crier/reliable"

// Pace says whose pace counts: for whom a Publisher keeps what it has sent, and
// who may hold it. The zero value is nobody's: only the network, the socket and the rate
// limit hold the producer. Slowest, Quorum, Named and ParsePace make others.
type Pace = reliable.Pace

// Slowest is the pace of the slowest subscriber.
func Slowest() Pace { return reliable.Slowest() }

// Quorum is a pace by which a message is kept until n subscribers have taken it; until
// all have, where there are fewer.
func Quorum(n int) Pace { return reliable.Quorum(n) }

// Named is the pace of the slowest of the subscribers with these names.
func Named(names ...string) Pace { return reliable.Named(names...) }

// ParsePace reads none, slowest, quorum:N or named:a,b.
func ParsePace(text string) (Pace, error) { return reliable.ParsePace(text) }

// WhenFull says what becomes of a message for which there is no room.
type WhenFull = reliable.WhenFull

// The answers to a full window.
const (
	// Block lets Publish wait. It is the default.
	Block WhenFull = reliable.Block
	// Drop gives the message an offset and drops it: Publish returns ErrDropped, and
	// subscribers report it lost.
	Drop WhenFull = reliable.Drop
)

// MemberState says whether a subscriber's pace counts.
type MemberState = reliable.MemberState

// The states of a subscriber.
const (
	// Watching: its pace doesn't count.
	Watching MemberState = reliable.Watching
	// Behind: its pace would count, and what it takes next is no longer held, or it
	// hasn't said where it is. It counts once it is at the oldest that is held.
	Behind MemberState = reliable.Behind
	// Counted: what it has yet to take is kept.
	Counted MemberState = reliable.Counted
	// Evicted: it held the others back for the stall time. It counts again once it
	// has caught up with what was sent by then.
	Evicted MemberState = reliable.Evicted
)

// SubscriberEvent says that a subscriber's pace counts from now on, or no longer.
type SubscriberEvent = reliable.MemberEvent

// Blocker is what leaves no room for a message: subscribers, the disk, the rate limit
// or the socket. Stats.BlockedBy counts by it.
type Blocker = reliable.Blocker
