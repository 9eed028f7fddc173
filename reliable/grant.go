package reliable

import (
	"errors"
	"fmt"
	"time"

	"crier/reliable/frame"
)

// Share selects how the members of a team divide a topic among them.
type Share = frame.Share

const (
	// ByPartition gives each partition to one member, which keeps the order in it.
	ByPartition = frame.ByPartition
	// ByMessage gives each message to the member that has the least to do.
	ByMessage = frame.ByMessage
)

// A Grant is what a publisher leases to a member of a team: the messages of a partition from
// From on, below To. One Grant stands for all messages of an event's run.
type Grant struct {
	Team      string
	Session   SessionID
	Partition uint32
	// Epoch grows with each grant of a partition, by one publisher: whatever keeps the effects of
	// messages can refuse those of an older epoch of the same topic, publisher and partition, and
	// where messages are shared, of the same message. Epochs of two publishers have nothing to do
	// with each other. They grow over restarts of the publisher, too, unless it has no state file
	// and its clock went back.
	Epoch uint64
	// From and To are offsets. To is the highest number where there is no end.
	From, To uint64
	// Attempt counts how often the messages were granted. Above 1, another member may have done
	// them.
	Attempt uint32
	// Orphan says that the publisher was silent when the lease ran out, and may be dead: the member
	// has the messages, nobody can say whose they are, and another member may have done them.
	Orphan bool
	// Worker takes the word of what is done. It isn't nil.
	Worker Worker
}

// A Worker takes a member's word of a message, from any goroutine.
type Worker interface {
	Done(*Event) error
	Release(*Event, time.Duration) error
	Working(*Event) error
}

var (
	// ErrNoTeam is returned where an event isn't a team's.
	ErrNoTeam = errors.New("the event isn't one of a team's: only those messages are done or " +
		"released")
	// ErrDoneTwice is returned where a message is done, or was released, already. Where messages are
	// shared, it is ErrRevoked once the publisher knows.
	ErrDoneTwice = errors.New("the message was done, or released, before")
	// ErrRevoked is returned where another member may have the message by now. What was done of
	// it counts nevertheless.
	ErrRevoked = errors.New("the grant of the message is revoked: another member may do it again")
)

// Done says that the message, or the Loss, is done with. Where another one may have it by now, as
// after Close, it returns ErrRevoked; what is done before Close counts all the same. The publisher
// is told within some 10 ms, and Done doesn't wait for that.
//
// Done, Release and Working may be called on any goroutine, and at any time, also behind the
// message's step: then on a copy of the Event, whose Payload and Properties ended with the step.
// They don't block.
func (e *Event) Done() error {
	if e.Grant == nil {
		return ErrNoTeam
	}
	return e.Grant.Worker.Done(e)
}

// Release gives the message back, so that it is granted again, with the next attempt: to any
// member, at once, or after a time of up to a day. Only where work is shared by message: otherwise
// it returns ErrNoTeam. See Done.
func (e *Event) Release(after time.Duration) error {
	if e.Grant == nil {
		return ErrNoTeam
	}
	return e.Grant.Worker.Release(e, after)
}

// Working says that the message is still worked on: its time, after which it would be granted
// again, begins anew. Only where work is shared by message: otherwise it returns ErrNoTeam. See
// Done.
func (e *Event) Working() error {
	if e.Grant == nil {
		return ErrNoTeam
	}
	return e.Grant.Worker.Working(e)
}

// Epoch returns the fencing token of the event's grant, or 0 outside of teams: see Grant.Epoch.
func (e *Event) Epoch() uint64 {
	if e.Grant == nil {
		return 0
	}
	return e.Grant.Epoch
}

// Attempt returns how often the message was granted, or 0 outside of teams. Above 1, another
// member may have done it.
func (e *Event) Attempt() uint32 {
	if e.Grant == nil {
		return 0
	}
	return e.Grant.Attempt
}

// Orphan reports whether the publisher was silent when the member's lease of the message ran out:
// another member may have done it.
func (e *Event) Orphan() bool { return e.Grant != nil && e.Grant.Orphan }

// Revocation is the reason for which a member has lost a grant.
type Revocation uint8

// The reasons of a Revoked.
const (
	// RevokedGivenBack means that the member gave it back, having done all that it handed out.
	RevokedGivenBack Revocation = iota + 1
	// RevokedLapsed means that the lease ran out.
	RevokedLapsed
	// RevokedSuperseded means that the publisher has granted it to another one.
	RevokedSuperseded
	// RevokedEnded means that the session is over, or the member has left.
	RevokedEnded
)

var revocationNames = [...]string{RevokedGivenBack: "given-back", RevokedLapsed: "lapsed",
	RevokedSuperseded: "superseded", RevokedEnded: "ended"}

// String returns the reason's name.
func (r Revocation) String() string {
	if int(r) < len(revocationNames) && revocationNames[r] != "" {
		return revocationNames[r]
	}
	return fmt.Sprintf("revocation %d", uint8(r))
}

// Orphans selects what becomes of orphans: messages that a member was granted, and has yet to hand
// out, when their publisher has fallen silent and the lease has run out.
type Orphans uint8

const (
	// OrphansDeliver delivers them, marked. It is the default.
	OrphansDeliver Orphans = iota
	// OrphansReport reports them lost.
	OrphansReport
)

// A TeamPosition is how far a team has come in a partition, for a publisher that starts again.
type TeamPosition struct {
	Team      string
	Share     Share
	Topic     string
	Publisher string
	Session   SessionID
	Partition uint32
	Epoch     uint64
	Attempt   uint32
	// Seq and Offset are where the first message starts that isn't done.
	Seq, Offset uint64
	// Beyond are offsets that are done besides: pairs of from and to, ascending.
	Beyond []uint64
	// Granted is the offset below which messages may have been handed out before.
	Granted uint64
}

// TeamEventKind is the kind of a TeamEvent.
type TeamEventKind uint8

// The kinds of TeamEvents.
const (
	TeamNew TeamEventKind = iota + 1
	TeamEmpty
	TeamForgotten
	TeamRefused
	MemberJoined
	MemberLeft
	MemberLapsed
	PartitionGranted
	PartitionReleased
	MessageGivenUp
	MessageRedelivered
	ClockBack
)

// A TeamEvent is what happened to a team at its publisher.
type TeamEvent struct {
	Kind      TeamEventKind
	Team      string
	Share     Share
	Member    string
	Partition uint32
	Epoch     uint64
	Offset    uint64
	Attempt   uint32
	Refused   frame.Refusal
}
