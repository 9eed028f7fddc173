package subscriber

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
)

// Kind says what an Event is.
type Kind = reliable.EventKind

// The kinds of events.
const (
	// Message is a message.
	Message = reliable.Message
	// Loss names messages that will not come, and why.
	Loss = reliable.Loss
	// SessionNew is the first event of a session.
	SessionNew = reliable.SessionNew
	// SessionSilent says that nothing was heard of the publisher for the silence
	// time: it has crashed, is cut off, or is suspended.
	SessionSilent = reliable.SessionSilent
	// SessionResumed says that a silent publisher is heard again.
	SessionResumed = reliable.SessionResumed
	// SessionEnded is the last event of a session: the publisher said BYE, or
	// the subscriber was closed (Cause is then CauseClosed).
	SessionEnded = reliable.SessionEnded
	// SessionMoved says that the publisher goes on at another address, Source.
	SessionMoved = reliable.SessionMoved
	// SessionContested says that somebody at another address, Source, speaks for the
	// session, as if the publisher had moved there: nothing of that is taken.
	SessionContested = reliable.SessionContested
)

// Cause says why messages were lost.
type Cause = reliable.Cause

// The causes of losses.
const (
	// CauseGone: the publisher's resend buffer no longer held them.
	CauseGone = reliable.CauseGone
	// CauseUnanswered: requests for them went unanswered for the silence time.
	CauseUnanswered = reliable.CauseUnanswered
	// CauseSilent: the publisher fell silent before they were recovered.
	CauseSilent = reliable.CauseSilent
	// CauseEnded: the publisher left before they were recovered.
	CauseEnded = reliable.CauseEnded
	// CauseDropped: the publisher dropped them.
	CauseDropped = reliable.CauseDropped
	// CauseLate: they weren't there within MaxWait.
	CauseLate = reliable.CauseLate
	// CauseNotRecovered: recovery is off.
	CauseNotRecovered = reliable.CauseNotRecovered
	// CauseMemory: the message spans datagrams, and found no room within
	// Config.MaxMemory.
	CauseMemory = reliable.CauseMemory
	// CauseMalformed: the publisher's frames contradict each other.
	CauseMalformed = reliable.CauseMalformed
	// CauseClosed: the subscriber was closed before they were recovered.
	CauseClosed = reliable.CauseClosed
	// CauseSlow: the application took messages too slowly, and Overload says to drop.
	CauseSlow = reliable.CauseSlow
	// CauseTooLarge: the MTU of the publisher's network fell after they were made.
	CauseTooLarge = reliable.CauseTooLarge
)

// Range is a run of offsets: From is in it, To is not.
type Range = nack.Range

// Event is one step of the stream. Which fields mean something depends on Kind.
type Event struct {
	Kind Kind
	// Session is the publisher's session, and Source its address.
	Session uint64
	Source  netip.AddrPort

	// Offset numbers a session's messages.
	Offset uint64
	// Payload is the message: a view, see the package's documentation.
	Payload []byte
	// Sent is when the publisher accepted the first message of the datagram that
	// this one began in, by its wall clock; zero while that is unknown.
	Sent time.Time
	// Received is when the last part of the message came, or when the event
	// happened, by this machine's wall clock.
	Received time.Time
	// Arrived is when the kernel of this machine took in the datagram with the last
	// part of the message, by the wall clock, or the first of the datagrams that it
	// merged with that one; zero where the system doesn't say.
	Arrived time.Time
	// Recovered says that at least a part of the message came as a repair, and
	// Recovery how long that took after it was found missing.
	Recovered bool
	Recovery  time.Duration

	// Lost and Cause say which offsets are lost, and why.
	Lost  Range
	Cause Cause
}
