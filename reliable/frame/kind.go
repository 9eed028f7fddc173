package frame

import "fmt"

// Version is the version of the wire format. It is the first element of every frame.
const Version = 1

// Kind is the kind of a frame. It is the second element of every frame.
type Kind uint8

// The kinds of frames. 10 (parity) is reserved.
const (
	// Data carries messages, or parts of them.
	Data Kind = 1
	// Repair carries a DATA datagram again, for the subscribers that missed it.
	Repair Kind = 2
	// Heartbeat announces the session's next numbers and its oldest held ones.
	Heartbeat Kind = 3
	// Session describes the publisher: its name, its start and its first numbers.
	Session Kind = 4
	// Nack names the frames that a subscriber misses.
	Nack Kind = 5
	// Status reports a subscriber's position.
	Status Kind = 6
	// Confirm promises requested frames, so that subscribers hold back their requests.
	Confirm Kind = 7
	// Gone names requested frames that are no longer held.
	Gone Kind = 8
	// Bye ends the session.
	Bye Kind = 9
	// Digest tells what a holder has of a session.
	Digest Kind = 11
	// Find asks holders for a session, or for a place in it.
	Find Kind = 12
	// Claim is what a member of a team says of its work.
	Claim Kind = 13
	// Grant leases work to a member of a team.
	Grant Kind = 14
	// Announce tells of a topic to whoever looks for topics.
	Announce Kind = 15
	// Team tells of a team to whoever asks.
	Team Kind = 16
)

var kindNames = [...]string{
	Data: "DATA", Repair: "REPAIR", Heartbeat: "HEARTBEAT", Session: "SESSION",
	Nack: "NACK", Status: "STATUS", Confirm: "CONFIRM", Gone: "GONE", Bye: "BYE",
	Digest: "DIGEST", Find: "FIND", Claim: "CLAIM", Grant: "GRANT", Announce: "ANNOUNCE",
	Team: "TEAM",
}

// Kinds returns all kinds, in the order of their numbers.
func Kinds() []Kind {
	return []Kind{Data, Repair, Heartbeat, Session, Nack, Status, Confirm, Gone, Bye, Digest, Find,
		Claim, Grant, Announce, Team}
}

// String returns the kind's name as in documents and traces.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("KIND(%d)", uint8(k))
}

// Flags is the third element of every frame. A receiver ignores unknown flags in the low
// byte, and drops a frame with unknown flags in the high byte.
type Flags uint16

const (
	// Continues marks a DATA frame whose first chunk continues a message.
	Continues Flags = 1 << 8
	// Unfinished marks a DATA frame whose last message continues in the next frame.
	Unfinished Flags = 1 << 9
	// Replay marks the DATA, HEARTBEAT, SESSION, BYE and ANNOUNCE of a session that publishes a
	// recorded one again.
	Replay Flags = 1 << 13
	// WantSession marks a STATUS that asks for SESSION and HEARTBEAT.
	WantSession Flags = 1 << 0
	// Leaving marks a STATUS of a subscriber that leaves, and a CLAIM of a member that does.
	Leaving Flags = 1 << 1
	// TooLarge marks a GONE of frames that are held, but too large for the network.
	TooLarge Flags = 1 << 2
	// Contested marks a STATUS of a subscriber that hears another live publisher of the
	// same name.
	Contested Flags = 1 << 3
	// Live marks a DIGEST of a holder that hears the publisher.
	Live Flags = 1 << 4
	// Full marks a DIGEST of a holder that has no room for more.
	Full Flags = 1 << 5
	// Final marks a DIGEST of a session that is over: its next numbers are the end's.
	Final Flags = 1 << 6
	// Ended marks a DIGEST of a session that ended by BYE.
	Ended Flags = 1 << 7

	// criticalFlags is the mask of the flags that a receiver must know.
	criticalFlags = 0xff00
	// dataFlags are those that DATA may have.
	dataFlags = Continues | Unfinished | Replay
)
