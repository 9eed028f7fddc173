package reliable

import (
	"net/netip"
	"time"
)

// Member is one subscriber as a publisher knows it.
type Member struct {
	ID   uint64
	Name string
	Addr netip.AddrPort
	// Reported says that it has reported its position.
	Reported bool
	// Team is the team that it is a member of, or empty. Then Lag is what it has yet to do of what
	// it was granted: the rest is others'.
	Team string
	// Position is the next sequence number that it delivers, as it reported last.
	Position uint64
	// Room is the number of bytes that it can still hold.
	Room uint64
	// Heard is when it was last heard.
	Heard Time
	// RTT is its round trip, or 0 if unknown.
	RTT time.Duration
	// Asked is the number of frames that it asked for and that were held.
	Asked uint64
	// Again is the number of frames that it asked for once more, after they were repeated.
	Again uint64
	// Gone is the number of frames that it asked for and that were no longer held.
	Gone uint64
	// Refused is the number of asked-for frames that weren't served, since too many waited.
	Refused uint64
	// Repaired is the number of frames that were repeated since it asked.
	Repaired uint64
	State    MemberState
	// Lag is the approximate number of messages from its position to the newest.
	Lag uint64
	// Offset is the approximate offset of the next message that it delivers.
	Offset uint64
	// Recorder says that it keeps a log. Written and Synced are the approximate offsets of
	// the first messages that don't survive the end of its process, or the loss of power,
	// as it reported last.
	Recorder        bool
	Written, Synced uint64
	// Departed says that it left, or isn't heard any more.
	Departed bool
	// Left says that it announced its leaving.
	Left bool
	// Lacks says that its pace counts, or did until it was evicted, and that it has yet to
	// take something sent, or had when it departed.
	Lacks bool
	// Asks says that Stop cut repairs short less than Linger after its last request, and
	// that it hasn't reported since that it has the frames, or does without.
	Asks bool
	// Partitions has its place in each partition that it follows, if the publisher has several.
	// Then Position, Offset, Written and Synced are those of the first one, Lag and the counts
	// are sums over all, and State is that of the partition that is worst off.
	Partitions []MemberPartition
}

// MemberPartition is a subscriber's place in one partition. Its fields are as in Member.
type MemberPartition struct {
	Partition       uint32
	Reported        bool
	Position        uint64
	Offset, Lag     uint64
	State           MemberState
	Lacks           bool
	Written, Synced uint64
}

// MemberState is the state of a subscriber whose pace may count.
type MemberState uint8

// The states of a subscriber, which package publisher documents.
const (
	Watching MemberState = iota
	Behind
	Counted
	Evicted
)

var memberStates = [...]string{
	Watching: "watching", Behind: "behind", Counted: "counted", Evicted: "evicted",
}

// String returns the state as in tables.
func (s MemberState) String() string { return memberStates[int(s)%len(memberStates)] }

// MemberEvent reports that a subscriber's pace counts from now on, or no longer.
type MemberEvent struct {
	Member Member
	// Partition is the one in which its pace counts, or no longer does.
	Partition uint32
	// From and To are the states before and after.
	From, To MemberState
	// Gone says that the subscriber left, or that it was forgotten after a long silence.
	Gone bool
}
