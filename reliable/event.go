package reliable

import (
	"fmt"
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// EventKind says what an Event is.
type EventKind uint8

const (
	// Message is a message.
	Message EventKind = iota + 1
	// Loss names messages that will not come, and why.
	Loss
	// SessionNew is the first event of a session.
	SessionNew
	// SessionSilent says that nothing was heard of the publisher for the silence
	// time: it has crashed, is cut off, or is suspended.
	SessionSilent
	// SessionResumed says that a silent publisher is heard again.
	SessionResumed
	// SessionEnded is the last event of a session: the publisher said BYE, or
	// the receiver was closed.
	SessionEnded
	// SessionMoved says that the publisher goes on at another address, Source.
	SessionMoved
	// SessionContested says that somebody at another address, Source, speaks for the
	// session: nothing of that is taken.
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

// Cause says why messages were lost.
type Cause uint8

const (
	// CauseGone: the publisher's resend buffer no longer held them.
	CauseGone Cause = iota + 1
	// CauseUnanswered: requests for them went unanswered for the silence time.
	CauseUnanswered
	// CauseSilent: the publisher fell silent before they were recovered.
	CauseSilent
	// CauseEnded: the publisher left before they were recovered.
	CauseEnded
	// CauseDropped: the publisher dropped them.
	CauseDropped
	// CauseLate: they weren't there within MaxWait.
	CauseLate
	// CauseNotRecovered: recovery is off.
	CauseNotRecovered
	// CauseMemory: the message spans frames, and found no room within MaxMemory; or its
	// session had to give its place in the table to one from another address.
	CauseMemory
	// CauseMalformed: the publisher's frames contradict each other.
	CauseMalformed
	// CauseClosed: the subscriber was closed before they were recovered.
	CauseClosed
	// CauseSlow: the application took messages too slowly, and the subscriber
	// dropped them, as configured.
	CauseSlow
	// CauseTooLarge: the MTU of the publisher's network fell after they were made.
	CauseTooLarge
)

var causeNames = [...]string{
	CauseGone: "no longer held", CauseUnanswered: "unanswered", CauseSilent: "publisher silent",
	CauseEnded: "session ended", CauseDropped: "dropped by publisher", CauseLate: "too late",
	CauseNotRecovered: "recovery off", CauseMemory: "no room in the buffer", CauseMalformed: "malformed",
	CauseClosed: "subscriber closed", CauseSlow: "slow consumer", CauseTooLarge: "larger than the MTU",
}

// String returns the cause as loss reports name it.
func (c Cause) String() string {
	if int(c) < len(causeNames) && causeNames[c] != "" {
		return causeNames[c]
	}
	return fmt.Sprintf("cause %d", uint8(c))
}

// Event is what a Receiver hands to the application. A Message event may stand for
// several messages of one frame, where the Receiver was configured so: Next moves
// on to the next of them.
type Event struct {
	Kind    EventKind
	Session uint64
	Source  netip.AddrPort // the publisher

	// Message
	Offset    uint64
	Payload   []byte        // a view, valid until the next Poll, Hold or Handle
	Sent      int64         // by the publisher's wall clock, Unix nanoseconds; 0 if unknown
	Received  Time          // when the last of its frames came
	Arrived   int64         // when that came to this machine, Unix nanoseconds; 0 if unknown
	Recovered bool          // at least one of its frames came as a repair
	Recovery  time.Duration // from finding the gap to its repair, if recovered

	// Loss: the offsets [Lost.From, Lost.To)
	Lost  nack.Range
	Cause Cause

	// Rest holds the messages behind this one, whose offsets follow its own. They are
	// views like Payload.
	Rest []frame.Chunk
}

// Next makes the event that of the message after it, and reports false if it was
// the last. Only Offset and Payload change.
func (ev *Event) Next() bool {
	if len(ev.Rest) == 0 {
		return false
	}
	ev.Offset++
	ev.Payload = ev.Rest[0].Data
	ev.Rest = ev.Rest[1:]
	return true
}

// Run returns how many messages the event stands for, this one and those behind it.
func (ev *Event) Run() int { return 1 + len(ev.Rest) }
