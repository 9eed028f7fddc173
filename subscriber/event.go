package subscriber

import (
	"crier/nack"
	"crier/reliable"
)

// Kind says what an Event is.
type Kind = reliable.EventKind

// The kinds of events.
const (
	// Message is a message.
	Message Kind = reliable.Message
	// Loss names messages that will not come, and why.
	Loss Kind = reliable.Loss
	// SessionNew is the first event of a session.
	SessionNew Kind = reliable.SessionNew
	// SessionSilent says that nothing was heard of the publisher for the silence
	// time: it has crashed, is cut off, or is suspended.
	SessionSilent Kind = reliable.SessionSilent
	// SessionResumed says that a silent publisher is heard again.
	SessionResumed Kind = reliable.SessionResumed
	// SessionEnded is the last event of a session: the publisher said BYE, or
	// the subscriber was closed (Cause is then CauseClosed).
	SessionEnded Kind = reliable.SessionEnded
	// SessionMoved says that the publisher goes on at another address, Source.
	SessionMoved Kind = reliable.SessionMoved
	// SessionContested says that somebody at another address, Source, speaks for the
	// session, as if the publisher had moved there: nothing of that is taken.
	SessionContested Kind = reliable.SessionContested
)

// Cause says why messages were lost.
type Cause = reliable.Cause

// The causes of losses.
const (
	// CauseGone: the publisher's resend buffer no longer held them.
	CauseGone Cause = reliable.CauseGone
	// CauseUnanswered: requests for them went unanswered for the silence time.
	CauseUnanswered Cause = reliable.CauseUnanswered
	// CauseSilent: the publisher fell silent before they were recovered.
	CauseSilent Cause = reliable.CauseSilent
	// CauseEnded: the publisher left before they were recovered.
	CauseEnded Cause = reliable.CauseEnded
	// CauseDropped: the publisher dropped them.
	CauseDropped Cause = reliable.CauseDropped
	// CauseLate: they weren't there within MaxWait.
	CauseLate Cause = reliable.CauseLate
	// CauseNotRecovered: recovery is off.
	CauseNotRecovered Cause = reliable.CauseNotRecovered
	// CauseMemory: the message spans datagrams, and found no room within
	// Memory.All.
	CauseMemory Cause = reliable.CauseMemory
	// CauseMalformed: the publisher's frames contradict each other.
	CauseMalformed Cause = reliable.CauseMalformed
	// CauseClosed: the subscriber was closed before they were recovered.
	CauseClosed Cause = reliable.CauseClosed
	// CauseSlow: the application took messages too slowly, and Overload says to drop.
	CauseSlow Cause = reliable.CauseSlow
	// CauseTooLarge: the MTU of the publisher's network fell after they were made.
	CauseTooLarge Cause = reliable.CauseTooLarge
)

// Range is a run of offsets: From is in it, To is not.
type Range = nack.Range

// SessionID names one publisher's life on one group. It is random, and printed in hex.
type SessionID = reliable.SessionID

// Event is one step of the stream. Which fields mean something depends on Kind:
//
//	all events     Kind Kind
//	               Session SessionID         the publisher's session
//	               Group netip.AddrPort      the group that it is on
//	               Source netip.AddrPort     the publisher's address
//	               Publisher string          its name; "" until it is known
//	               Received time.Time        when it happened, or the message's last part was read
//	Message        Offset uint64             numbers the session's messages
//	               Payload []byte            a view: see the package's documentation
//	               Sent time.Time            by the publisher's clock; zero until that is known
//	               Arrived time.Time         when this machine's kernel took it in; zero if unknown
//	               Recovered bool            a part of it came as a repair,
//	               Recovery time.Duration    so long after it was found missing
//	Loss           Lost Range                the offsets that will not come
//	               Cause Cause               why
//	SessionEnded   Cause Cause               CauseEnded, or CauseClosed
type Event = reliable.Event
