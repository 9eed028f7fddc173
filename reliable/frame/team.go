package frame

import (
	"net/netip"
	"time"

	"crier/nack"
)

// Share is how the members of a team divide a stream. It is a property of CLAIM and GRANT.
type Share uint8

// The shares. A CLAIM without one watches: its sender is no member.
const (
	Watch       Share = 0
	ByPartition Share = 1
	ByMessage   Share = 2
)

// ClaimState is what a member has of a partition.
type ClaimState uint8

// The states of an entry of CLAIM.
const (
	// Holds says that the member works on the partition.
	Holds ClaimState = 0
	// Released says that it hands out nothing more of the partition.
	Released ClaimState = 1
	// Ready says that it has what it needs to work on the partition.
	Ready ClaimState = 2
	// Deaf says that it hears nothing of the partition.
	Deaf ClaimState = 3
	// Lapsed says that its lease has run out: it may hand out more while its publisher is silent.
	Lapsed ClaimState = 4
)

// ClaimBody holds the fields of CLAIM that no other kind has. The frame's Subscriber and
// Request are those of the member, Name is its name. Leaving marks a member that leaves. Decode
// reuses the body and its slices.
type ClaimBody struct {
	// Granted is the newest Stamp of a GRANT that the member has, or 0 for none.
	Granted uint64
	// Team is the team's name.
	Team  []byte
	Share Share
	// Weight is the member's part of the work compared to that of others, at least 1.
	Weight uint32
	// Room is how many messages the member takes at once, where work is shared by message.
	Room uint32
	// Window is how many messages of a partition the member may hand out beyond what is
	// confirmed as done.
	Window uint32
	// Oldest says that a new team begins with the oldest message that is held.
	Oldest bool
	// Forget says that the team is to be forgotten. Only a CLAIM that watches has it.
	Forget bool
	// Host is the name of the member's machine, or empty. PID is the number of its process
	// there, or 0.
	Host    []byte
	PID     uint32
	Entries []ClaimEntry
}

// ClaimEntry is what a member says of a partition.
type ClaimEntry struct {
	Channel uint32
	// Epoch is that of the grant, or 0 where work is shared by message.
	Epoch uint64
	State ClaimState
	// Done is the offset below which the member has done all, and Seq a frame in which the
	// message at Done starts, or an earlier one.
	Seq, Done uint64
	// Received is the offset behind the last message that the member has.
	Received uint64
	// Ranges are the offsets that are done besides, Freed those that the member gives back, and
	// Working those whose time it prolongs.
	Ranges, Freed, Working []nack.Range
}

// GrantState is what a member may do with a partition.
type GrantState uint8

// The states of an entry of GRANT.
const (
	// Hold says that the member may work on the offsets.
	Hold GrantState = 0
	// GiveBack says that it may still, and is to release them.
	GiveBack GrantState = 1
	// Prepare says that it may not yet, and is to get ready.
	Prepare GrantState = 2
)

// Refusal is the reason for which a CLAIM is refused, or 0.
type Refusal uint8

// The reasons of refusals.
const (
	// NameTaken says that another live member has the name.
	NameTaken Refusal = 1
	// OtherShare says that the team shares its work in the other way.
	OtherShare Refusal = 2
	// TooMany says that there are too many teams, or members.
	TooMany Refusal = 3
	// NoTeams says that the publisher grants nothing.
	NoTeams Refusal = 4
	// NoTeam says that there is no such team.
	NoTeam Refusal = 5
)

// GrantBody holds the fields of GRANT that no other kind has. The frame's Subscriber is the
// member, its Request that of the CLAIM whose lease it prolongs. Decode reuses the body and its
// slices.
type GrantBody struct {
	// Stamp is the arbiter's lease clock, in nanoseconds since the session's start, never 0.
	Stamp uint64
	// Team is the team's name.
	Team  []byte
	Share Share
	// Lease is for how long what is listed is held, from when the CLAIM was sent.
	Lease time.Duration
	// WorkTime is the time for one message, where work is shared by message.
	WorkTime time.Duration
	// Members is the number of the team's members.
	Members uint32
	Refused Refusal
	// Finished says that the session was closed, and that the team has done all of it.
	Finished bool
	// Passed are offsets of which whatever the frame doesn't list is another's, or done. It is
	// empty where work is shared by partition.
	Passed  []ChannelOffset
	Entries []GrantEntry
}

// ChannelOffset is the offsets [From, Offset) of a channel.
type ChannelOffset struct {
	Channel      uint32
	From, Offset uint64
}

// GrantEntry grants the offsets [From, To) of a partition, or all from From on if To is 0.
type GrantEntry struct {
	Channel uint32
	Epoch   uint64
	State   GrantState
	// Seq is the frame in which the message at From starts, or an earlier one. Where work is
	// shared by partition, From is also the position that is confirmed as done.
	Seq, From, To uint64
	// Attempt counts how often the offsets were granted, from 1 on.
	Attempt uint32
}

// TeamBody holds the fields of TEAM that no other kind has: it answers a CLAIM that watches. The
// frame's Request is that of the CLAIM. Decode reuses the body and its slices.
type TeamBody struct {
	// Team is the team's name.
	Team  []byte
	Share Share
	Lease time.Duration
	// Part counts the parts of the answer from 0 on, of Parts.
	Part, Parts uint32
	// GivenUp and Redelivered count messages.
	GivenUp, Redelivered uint64
	Refused              Refusal
	Members              []TeamMember
	Rows                 []TeamRow
}

// TeamMember is a member of a team.
type TeamMember struct {
	Name       []byte
	Subscriber uint64
	Address    netip.AddrPort
	// Index is the member's place in the whole answer.
	Index        uint32
	Weight, Room uint32
	// Outstanding is the number of messages that it works on, and Done of those that it did.
	Outstanding uint32
	Done        uint64
	// Age is the time since its last CLAIM.
	Age time.Duration
}

// TeamRow is a partition of a team.
type TeamRow struct {
	Channel uint32
	// Owner is one more than the index of the member that works on it; 0: nobody.
	Owner uint32
	Epoch uint64
	// Done is the offset below which all is done, and Newest that of the next message.
	Done, Newest uint64
	Attempt      uint32
	State        GrantState
}
