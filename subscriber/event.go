package subscriber

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// Kind is the kind of an Event.
type Kind = reliable.EventKind

// The kinds of events.
const (
	// Message is a message.
	Message Kind = reliable.Message
	// Loss names messages that will not come, and the cause.
	Loss Kind = reliable.Loss
	// SessionNew is the first event of a session.
	SessionNew Kind = reliable.SessionNew
	// SessionSilent reports that the publisher wasn't heard for the silence time. It has
	// crashed, is cut off, or is suspended.
	SessionSilent Kind = reliable.SessionSilent
	// SessionResumed reports that a silent publisher is heard again.
	SessionResumed Kind = reliable.SessionResumed
	// SessionEnded is the last event of a session. The publisher sent BYE, or the
	// subscriber was closed, with CauseClosed. A member of a team is told BYE once the team has
	// done all of the session, or its publisher doesn't answer any more.
	SessionEnded Kind = reliable.SessionEnded
	// SessionMoved reports that the publisher continues at another address, Source.
	SessionMoved Kind = reliable.SessionMoved
	// SessionContested reports that another address, Source, sends frames of the session
	// as if the publisher had moved there. The subscriber ignores them.
	SessionContested Kind = reliable.SessionContested
	// StreamForked reports that the publisher began with offsets that another session of
	// its stream, Other, had used: those in Lost. Nothing is lost or merged: each session has
	// its own messages.
	StreamForked Kind = reliable.StreamForked
	// StreamContested reports that another publisher of the same name, whose session is
	// Other, runs as well. Both are told so. Their messages are not merged.
	StreamContested Kind = reliable.StreamContested
	// SessionInquest reports that the publisher wasn't heard for the silence time, and that the
	// survivors tell each other what they have. SessionSilent or SessionResumed follows.
	SessionInquest Kind = reliable.SessionInquest
	// SessionAmended reports that something was learnt after SessionSilent: its Certificate
	// takes the place of the one before.
	SessionAmended Kind = reliable.SessionAmended
	// FeedDown reports that one of several feeds, Feed, is not heard while another one is. Of a
	// feed that is heard again before the application takes this event, nothing is reported.
	FeedDown Kind = reliable.FeedDown
	// FeedUp reports that it is heard again.
	FeedUp Kind = reliable.FeedUp
	// Assigned reports that the member of a team works on the partition from now on.
	Assigned Kind = reliable.Assigned
	// Revoking reports that another member is to have the partition: the messages that were
	// handed out are finished, and no more come.
	Revoking Kind = reliable.Revoking
	// Revoked reports that the partition is no longer the member's. Another one may work on it.
	Revoked Kind = reliable.Revoked
	// NotGranted reports that a publisher grants the member of a team nothing: it refuses it, or
	// doesn't answer. It may do so later.
	NotGranted Kind = reliable.NotGranted
)

// Cause is the cause of a loss.
type Cause = reliable.Cause

// The causes of losses.
const (
	// CauseGone means that the publisher's resend buffer no longer held the messages.
	CauseGone Cause = reliable.CauseGone
	// CauseUnanswered means that requests went unanswered for the silence time.
	CauseUnanswered Cause = reliable.CauseUnanswered
	// CauseSilent means that the publisher fell silent before recovery.
	CauseSilent Cause = reliable.CauseSilent
	// CauseEnded means that the publisher left before recovery.
	CauseEnded Cause = reliable.CauseEnded
	// CauseDropped means that the publisher dropped the messages.
	CauseDropped Cause = reliable.CauseDropped
	// CauseLate means that recovery took longer than MaxWait.
	CauseLate Cause = reliable.CauseLate
	// CauseNotRecovered means that recovery is off.
	CauseNotRecovered Cause = reliable.CauseNotRecovered
	// CauseMemory means that a message of several datagrams found no room within
	// Memory.Total.
	CauseMemory Cause = reliable.CauseMemory
	// CauseMalformed means that the publisher's frames contradict each other.
	CauseMalformed Cause = reliable.CauseMalformed
	// CauseClosed means that the subscriber was closed before recovery.
	CauseClosed Cause = reliable.CauseClosed
	// CauseSlow means that the application was too slow, and Overload selects dropping.
	CauseSlow Cause = reliable.CauseSlow
	// CauseTooLarge means that the MTU of the publisher's network fell after the messages
	// were packed.
	CauseTooLarge Cause = reliable.CauseTooLarge
	// CauseDamaged means that a log had the messages, and that they don't verify any more.
	CauseDamaged Cause = reliable.CauseDamaged
	// CauseNoHolder means that the start lies further back than the publisher's messages, and
	// that nobody answered who may hold them.
	CauseNoHolder Cause = reliable.CauseNoHolder
	// CauseUntil means that delivery was to end there. It is the cause of an end, and of no
	// loss.
	CauseUntil Cause = reliable.CauseUntil
	// CauseUnwritten means that a recorder had the messages, and its disk was full, or failed.
	CauseUnwritten Cause = reliable.CauseUnwritten
	// CauseNobody means that the publisher fell silent, and that none of the survivors that were
	// heard has the messages.
	CauseNobody Cause = reliable.CauseNobody
)

// Range is the offsets [From, To).
type Range = nack.Range

// SessionID identifies one publisher's life on one group. It is random, and prints in hex.
type SessionID = reliable.SessionID

// Title is what a publisher says of a session: whose stream it is, and where it begins.
type Title = reliable.Title

// Certificate is what the survivors of a silent publisher found.
type Certificate = reliable.Certificate

// Survivor is a member of an inquest.
type Survivor = reliable.Survivor

// Role is the part of a member in an inquest.
type Role = frame.Role

// The roles of members.
const (
	// RolePeer is the role of a subscriber.
	RolePeer Role = frame.Peer
	// RoleRecorder is the role of a recorder.
	RoleRecorder Role = frame.Recorder
)

// Position is a place in a stream, from which a consumer can go on: see Event.Position.
type Position = reliable.Position

// Event is one step of the stream. Its kind determines which fields are meaningful:
//
//	all events     Kind Kind
//	               Session SessionID         the publisher's session
//	               Group netip.AddrPort      the session's group
//	               Source netip.AddrPort     the publisher's address
//	               Publisher string          the publisher's name, or "" while unknown
//	               Title *Title              all that it said of the session, or nil while unknown
//	               Partition uint32          the session's sequence space, one of its topic's
//	               Seq uint64                the next message starts in this frame or later
//	               Received time.Time        the time of the event: a message's last part was read
//	Message        Offset uint64             the number of the message in its session
//	               Payload []byte            a view: see the package's documentation
//	               Properties frame.Properties  its key and headers, a view: see Key and Headers
//	               Sent time.Time            by the publisher's clock, or zero while unknown
//	               Arrived time.Time         when this machine's kernel received it, or zero
//	               Recovered bool            whether a part of it came as a repair
//	               Recovery time.Duration    from the detection of its loss to its repair
//	Loss           Lost Range                the offsets that will not come
//	               Cause Cause               the cause of the loss
//	SessionSilent  Certificate *Certificate  the survivors' findings, as of SessionAmended; or nil
//	SessionResumed Certificate *Certificate  the one that is withdrawn, or nil
//	SessionEnded   Cause Cause               CauseEnded, CauseClosed or CauseUntil
//	FeedDown       Feed int                  the feed, by its index in Config; as of FeedUp
//	Assigned       Grant *Grant              what is leased, as of all events of a team
//	Revoked        Revocation Revocation     the reason
//	NotGranted     Refused frame.Refusal     the reason, or 0 where the publisher doesn't answer
//	StreamForked   Lost Range                the offsets that were used twice
//	               Other SessionID           the other session, as of StreamContested
type Event = reliable.Event
