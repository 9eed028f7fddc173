package frame

import (
	"net/netip"
	"time"

	"crier/nack"
)

// Limits of the format.
const (
	// MaxMessage is the largest message, in bytes.
	MaxMessage = 16 << 20
	// MaxName is the longest stream or subscriber name, in bytes.
	MaxName = 255
	// MaxDatagram is the largest datagram that UDP over IPv4 carries, in bytes.
	MaxDatagram = 65507
	// MinDatagram is the smallest datagram that leaves a DATA frame room for
	// something worth sending, in bytes.
	MinDatagram = 256
	// MaxSkip is how many messages one skip chunk may stand for, so that sums
	// of them and of offsets can't overflow.
	MaxSkip = 1 << 40
)

// Frame is one decoded frame. Which fields mean something depends on Kind.
// Slices are views of the datagram that was decoded.
type Frame struct {
	Raw     []byte // the whole datagram
	Kind    Kind
	Flags   Flags
	Session uint64 // a random id: one publisher's life on one group
	Channel uint32 // a sequence space within the session

	// Immutable promises that neither the frame nor the datagram will change:
	// whoever wants to keep it needs no copy. Decode clears it.
	Immutable bool

	// Feed is which of the receiver's groups the datagram came by. Decode leaves it 0;
	// a driver may set it.
	Feed int
	// Arrived is when the datagram came to this machine, in nanoseconds since the
	// Unix epoch, where whoever decoded it knows; Decode clears it.
	Arrived int64

	// Time is the publisher's, in nanoseconds since the session's start: when
	// the first message of a DATA frame was accepted, or when a HEARTBEAT,
	// SESSION or BYE was made.
	Time uint64

	// DATA
	Seq      uint64  // this frame's sequence number
	Offset   uint64  // of the message that the first chunk belongs to
	Chunks   []Chunk // nil padding is left out
	Messages uint64  // how many offsets the chunks stand for

	// REPAIR
	Responder uint64 // who repairs: the session's id if it is the publisher
	Inner     []byte // the DATA datagram
	// Data is Inner decoded, where whoever decoded the REPAIR has done so;
	// Decode clears it.
	Data *Frame

	// NACK, STATUS, REPAIR, GONE
	Request uint64 // the request's number; in an answer, that of what it answers

	// HEARTBEAT, BYE; GONE has Oldest and OldestOffset
	NextSeq      uint64        // one past the last DATA frame that was sent
	NextOffset   uint64        // of the first message that starts there
	OldestSeq    uint64        // the lowest that is held for repair
	OldestOffset uint64        // of the first message that starts there
	Interval     time.Duration // until the next HEARTBEAT, at most
	Group        uint32        // subscribers, as far as is known
	RTT          time.Duration // of the group; 0 if unknown
	Report       uint64        // frames after which a subscriber is to send STATUS; 0 if that doesn't matter

	// SESSION
	Name        []byte // of the stream; in STATUS, of the subscriber
	Wall        int64  // the wall clock at the session's start, Unix nanoseconds
	FirstSeq    uint64
	FirstOffset uint64
	Control     netip.AddrPort // where NACKs go, if not to the source
	Channels    uint32
	Properties  []byte // a msgpack map

	// NACK, STATUS
	Subscriber uint64        // a random id
	Echo       uint64        // the last Time heard from the publisher; 0 for none
	Held       time.Duration // how long ago that was heard

	// NACK, CONFIRM, GONE: sequence numbers, ascending
	Ranges []nack.Range

	// STATUS
	Position uint64 // the sequence number that is delivered next
	Room     uint64 // bytes that the subscriber can still hold
}

// Chunk is a message or a part of one, or stands for messages that the publisher
// dropped.
type Chunk struct {
	// Data is the message, or the part of it.
	Data []byte
	// Total is the whole message's length, in bytes, if it starts here and goes
	// on in the next frame; else 0.
	Total uint32
	// Skip is how many messages the publisher dropped here; 0 for a message.
	Skip uint64
}

// EndOffset returns the offset of the first message after those that a DATA
// frame has a part of.
func (f *Frame) EndOffset() uint64 { return f.Offset + f.Messages }

// StartOffset returns the offset of the first message that starts in a DATA
// frame, or after it.
func (f *Frame) StartOffset() uint64 {
	if f.Flags&Continues != 0 {
		return f.Offset + 1
	}
	return f.Offset
}
