package frame

import "fmt"

// Version is the wire format's version, the first element of every frame.
const Version = 1

// Kind is what a frame is, its second element.
type Kind uint8

// The kinds of frames.
const (
	Data      Kind = 1 // messages, or parts of them
	Repair    Kind = 2 // a DATA datagram again, for whoever missed it
	Heartbeat Kind = 3 // how far the session is, and what is still held
	Session   Kind = 4 // who publishes, since when, from which numbers on
	Nack      Kind = 5 // what a subscriber misses
	Status    Kind = 6 // how far a subscriber is
	Confirm   Kind = 7 // what was asked for is coming: hold back
	Gone      Kind = 8 // what was asked for is no longer held
	Bye       Kind = 9 // the end of the session

	// Reserved: parity 10, digest 11, discovery 12.
)

var kindNames = [...]string{
	Data: "DATA", Repair: "REPAIR", Heartbeat: "HEARTBEAT", Session: "SESSION",
	Nack: "NACK", Status: "STATUS", Confirm: "CONFIRM", Gone: "GONE", Bye: "BYE",
}

// String returns the kind's name as documents and traces write it.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("KIND(%d)", uint8(k))
}

// Flags are a frame's third element. A receiver ignores unknown flags in the
// low byte and drops a frame with unknown flags in the high byte.
type Flags uint16

const (
	// Continues: the first chunk of a DATA frame continues a message.
	Continues Flags = 1 << 8
	// Unfinished: the last message of a DATA frame goes on in the next.
	Unfinished Flags = 1 << 9
	// WantSession: a STATUS asks for SESSION and HEARTBEAT.
	WantSession Flags = 1 << 0
	// Leaving: a STATUS says that the subscriber goes.
	Leaving Flags = 1 << 1
	// TooLarge: what a GONE names is held, and too large for the network.
	TooLarge Flags = 1 << 2

	criticalFlags = 0xff00
)
