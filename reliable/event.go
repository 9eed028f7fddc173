package reliable

import (
	"fmt"
	"iter"
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// SessionID names one publisher's life on one group. It is random, and never 0.
type SessionID uint64

// String returns the id in hex, 16 digits.
func (id SessionID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// EventKind is the kind of an Event.
type EventKind uint8

// The kinds of events, which package subscriber documents.
const (
	Message EventKind = iota + 1
	Loss
	SessionNew
	SessionSilent
	SessionResumed
	SessionEnded
	SessionMoved
	SessionContested
	StreamForked
	StreamContested
	SessionInquest
	SessionAmended
	FeedDown
	FeedUp
	Assigned
	Revoking
	Revoked
	NotGranted
)

var eventNames = [...]string{
	Message: "message", Loss: "loss", SessionNew: "new", SessionSilent: "silent",
	SessionResumed: "resumed", SessionEnded: "ended",
	SessionMoved: "moved", SessionContested: "contested",
	StreamForked: "stream-forked", StreamContested: "stream-contested",
	SessionInquest: "inquest", SessionAmended: "amended",
	FeedDown: "feed-down", FeedUp: "feed-up",
	Assigned: "assigned", Revoking: "revoking", Revoked: "revoked",
	NotGranted: "not-granted",
}

// String returns the kind's name.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && eventNames[k] != "" {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Event is one step of a subscriber's stream. Its kind determines which fields are
// meaningful.
type Event struct {
	Kind EventKind
	// Partition is the session's sequence space that the event is of.
	Partition uint32
	// Session is the publisher's session.
	Session SessionID
	// Group is the session's group, if the driver has configured the groups.
	Group netip.AddrPort
	// Source is the publisher's address.
	Source netip.AddrPort
	// Publisher is the publisher's name, or empty while unknown.
	Publisher string

	// Title is what the publisher said of the session, or nil while unknown. Don't change it.
	Title *Title

	// Seq is the number of the frame that the message ended in. For other events, the next
	// message starts in that frame or after it.
	Seq uint64
	// Offset is the number of the message in its session.
	Offset uint64
	// Payload is the message: a view, valid until the next step.
	Payload []byte
	// Properties are the key and the headers of the message: a view like Payload.
	Properties frame.Properties
	// Sent is when the publisher accepted the first message of the datagram that this
	// message began in, by the publisher's wall clock. It is zero while that is unknown.
	Sent time.Time
	// Received is when the last part of the message was read, or when the event
	// happened, by this machine's wall clock.
	Received time.Time
	// Arrived is when the kernel of this machine received the datagram with the last part
	// of the message, or the first of the datagrams that it merged with that one. It is
	// zero if the system doesn't tell.
	Arrived time.Time
	// Recovered says that at least a part of the message came as a repair.
	Recovered bool
	// Recovery is the time from the detection of the loss to the repair.
	Recovery time.Duration

	// Lost are the offsets that a Loss names, or those that a StreamForked says were used
	// twice.
	Lost nack.Range
	// Feed is the index of the feed that a FeedDown or a FeedUp is about.
	Feed int
	// Other is the other session that a StreamForked or a StreamContested is about.
	Other SessionID
	// Cause is the cause of the loss, or of the session's end.
	Cause Cause
	// Certificate is what the survivors of a silent publisher found: of SessionSilent and
	// SessionAmended, and of the SessionResumed that withdraws it. It is nil without an inquest.
	// Don't change it.
	Certificate *Certificate
	// Grant is what makes the event this member's, in a team; it is nil outside of teams. Don't
	// change it.
	Grant *Grant
	// Revocation is the reason of a Revoked.
	Revocation Revocation
	// Refused is the reason of a NotGranted; 0 means that the publisher answers no claim.
	Refused frame.Refusal
}

// Key returns the key of the message, or nil if it has none: a view like Payload.
func (e *Event) Key() []byte { return e.Properties.Key() }

// Headers returns the names and values of the message's headers, in the publisher's order: views
// like Payload.
func (e *Event) Headers() iter.Seq2[[]byte, []byte] { return e.Properties.Headers() }

// Header returns the value of a header, a view like Payload, and reports whether the message has
// it.
func (e *Event) Header(name string) (value []byte, ok bool) { return e.Properties.Header(name) }

// Run is an Event that may stand for several messages of one frame, if the Receiver is
// configured for runs.
type Run struct {
	Event
	// Rest are the messages behind this one, with consecutive offsets. They are views
	// like Payload.
	Rest []frame.Chunk
}

// Next advances the event to the run's next message. It returns false if there is none.
// Only Offset, Payload and Properties change.
func (r *Run) Next() bool {
	if len(r.Rest) == 0 {
		return false
	}
	r.Offset++
	r.Payload, r.Properties = r.Rest[0].Data, r.Rest[0].Properties
	r.Rest = r.Rest[1:]
	return true
}

// Len returns the number of messages that the event stands for, including this one.
func (r *Run) Len() int { return 1 + len(r.Rest) }
