package reliable

import (
	"fmt"
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// SessionID names one publisher's life on one group. It is random, and never 0.
type SessionID uint64

// String returns the id in hex, 16 digits.
func (id SessionID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// EventKind says what an Event is.
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
)

var eventNames = [...]string{
	Message: "message", Loss: "loss", SessionNew: "new", SessionSilent: "silent",
	SessionResumed: "resumed", SessionEnded: "ended", SessionMoved: "moved", SessionContested: "contested",
}

// String returns the kind's name.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && eventNames[k] != "" {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Event is one step of a subscriber's stream. Which fields mean something depends on
// Kind.
type Event struct {
	Kind EventKind
	// Session is the publisher's session.
	Session SessionID
	// Group is the group that the session is on, where the driver has said it.
	Group netip.AddrPort
	// Source is the publisher's address.
	Source netip.AddrPort
	// Publisher is the name that the publisher gave its stream; empty until it is known.
	Publisher string

	// Offset numbers a session's messages.
	Offset uint64
	// Payload is the message: a view, valid until the next step.
	Payload []byte
	// Sent is when the publisher accepted the first message of the datagram that this
	// one began in, by its wall clock; zero while that is unknown.
	Sent time.Time
	// Received is when the last part of the message was read, or when the event
	// happened, by this machine's wall clock.
	Received time.Time
	// Arrived is when the kernel of this machine took in the datagram with the last part
	// of the message, or the first of the datagrams that it merged with that one; zero
	// where the system doesn't say.
	Arrived time.Time
	// Recovered says that at least a part of the message came as a repair.
	Recovered bool
	// Recovery is how long that took after it was found missing.
	Recovery time.Duration

	// Lost are the offsets that a Loss names.
	Lost nack.Range
	// Cause is why they are lost, or why the session ended.
	Cause Cause
}

// Run is an Event that may stand for several messages of one frame, where the Receiver
// was configured so.
type Run struct {
	Event
	// Rest holds the messages behind this one, whose offsets follow its own. They are
	// views like Payload.
	Rest []frame.Chunk
}

// Next makes the event that of the message after it, and reports false if it was
// the last. Only Offset and Payload change.
func (r *Run) Next() bool {
	if len(r.Rest) == 0 {
		return false
	}
	r.Offset++
	r.Payload = r.Rest[0].Data
	r.Rest = r.Rest[1:]
	return true
}

// Len returns how many messages the event stands for, this one and those behind it.
func (r *Run) Len() int { return 1 + len(r.Rest) }
