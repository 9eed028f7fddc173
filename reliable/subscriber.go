package reliable

import (
	"net/netip"
	"time"
)

// Member is one subscriber as a publisher knows it.
type Member struct {
	ID       uint64
	Name     string
	Addr     netip.AddrPort
	Position uint64        // the sequence number that it delivers next
	Room     uint64        // bytes that it can still hold
	Heard    Time          // its last word
	RTT      time.Duration // 0 if unknown
	Asked    uint64        // frames that it asked for, and that were held
	Gone     uint64        // frames that it asked for, and that were no longer held
	Refused  uint64        // of these, not served since too many were waiting
	Repaired uint64        // frames that were repeated since it asked
	State    MemberState   // whether its pace counts
	Lag      uint64        // messages from its position to the newest, about
	Offset   uint64        // of the message that it delivers next, about
	Departed bool          // it is no longer there: not heard any more
	Left     bool          // of these, it said that it goes
	// Lacks says that its pace counts, or did until it was evicted, and it has yet to
	// take something that was sent; or had, when it went.
	Lacks bool
	// Asks says that repairs were cut short, by Stop, less than Linger after it had asked
	// for something, and that it hasn't said since that it has that, or does without.
	Asks bool
}

// MemberState says whether a subscriber's pace counts.
type MemberState uint8

// The states of a subscriber, which package publisher documents.
const (
	Watching MemberState = iota
	Behind
	Counted
	Evicted
)

var memberStates = [...]string{Watching: "watching", Behind: "behind", Counted: "counted", Evicted: "evicted"}

// String returns the state as tables write it.
func (s MemberState) String() string { return memberStates[int(s)%len(memberStates)] }

// MemberEvent says that a subscriber's pace counts from now on, or no longer.
type MemberEvent struct {
	Member Member
	// From and To are its states before and after.
	From, To MemberState
	// Gone says that it has left, or was not heard for so long that it is
	// forgotten.
	Gone bool
}
