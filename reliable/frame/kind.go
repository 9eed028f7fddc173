package frame

import "fmt"

// Version is the version of the wire format. It is the first element of every frame.
const Version = 1

// Kind is the kind of a frame. It is the second element of every frame.
type Kind uint8

// The kinds of frames. 10 (parity), 11 (digest) and 12 (discovery) are reserved.
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
)

var kindNames = [...]string{
	Data: "DATA", Repair: "REPAIR", Heartbeat: "HEARTBEAT", Session: "SESSION",
	Nack: "NACK", Status: "STATUS", Confirm: "CONFIRM", Gone: "GONE", Bye: "BYE",
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
	// WantSession marks a STATUS that asks for SESSION and HEARTBEAT.
	WantSession Flags = 1 << 0
	// Leaving marks a STATUS of a subscriber that leaves.
	Leaving Flags = 1 << 1
	// TooLarge marks a GONE of frames that are held, but too large for the network.
	TooLarge Flags = 1 << 2

	// criticalFlags is the mask of the flags that a receiver must know.
	criticalFlags = 0xff00
)
