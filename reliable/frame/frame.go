package frame

import (
	"net/netip"
	"time"

	"crier/nack"
)

// Limits of the format.
const (
	// MaxMessage is the size of the largest message, in bytes.
	MaxMessage = 16 << 20
	// MaxName is the length of the longest name of a publisher or a subscriber, in bytes.
	MaxName = 255
	// MaxDatagram is the size of the largest datagram that UDP over IPv4 carries, in
	// bytes.
	MaxDatagram = 65507
	// MinDatagram is the smallest configurable datagram size, in bytes. It leaves a DATA
	// frame useful room.
	MinDatagram = 256
	// MaxSkip is the greatest number of messages that one skip chunk may stand for. It
	// keeps sums of skips and offsets from overflowing.
	MaxSkip = 1 << 40
)

// Frame is one decoded frame. Its kind determines which fields are meaningful. Its byte
// slices are views of the datagram.
type Frame struct {
	// Raw is the whole datagram.
	Raw   []byte
	Kind  Kind
	Flags Flags
	// Session is the random id of one publisher's life on one group.
	Session uint64
	// Channel is a sequence space within the session.
	Channel uint32

	// Immutable promises that neither the frame nor the datagram will change. A holder
	// then needs no copy. Decode clears it.
	Immutable bool

	// GroupIndex is the index of the receiver's group that the datagram came by, and Feed that of
	// the way by which it came, of several that carry the same frames. Decode clears them, and
	// a driver may set them.
	GroupIndex, Feed int
	// Arrived is when the datagram reached this machine, in nanoseconds since the Unix
	// epoch, or 0 if unknown. Decode clears it, and a driver may set it.
	Arrived int64

	// Time is the publisher's clock, in nanoseconds since the session's start. In DATA it
	// is when the frame's first message was accepted; in the other kinds, when the frame
	// was made.
	Time uint64

	// DATA

	// Seq is the frame's sequence number.
	Seq uint64
	// Offset is the offset of the message that the first chunk belongs to.
	Offset uint64
	// Chunks are the messages and skips, without the padding.
	Chunks []Chunk
	// Messages is the number of offsets that the chunks stand for.
	Messages uint64

	// REPAIR, CONFIRM, GONE, DIGEST

	// Responder is the id of the responder. A publisher's is the session's id.
	Responder uint64

	// REPAIR

	// Inner is the DATA datagram.
	Inner []byte
	// Data is Inner decoded, if a driver did so. Decode clears it.
	Data *Frame

	// NACK, STATUS, REPAIR, GONE, CLAIM, GRANT, TEAM

	// Request is the request's number. An answer has the number of the request that it
	// answers.
	Request uint64

	// HEARTBEAT, BYE

	// NextSeq is one past the sequence number of the last DATA frame sent.
	NextSeq uint64
	// NextOffset is the offset of the first message that starts at NextSeq.
	NextOffset uint64
	// OldestSeq is the lowest sequence number held for repair. GONE has it too.
	OldestSeq uint64
	// OldestOffset is the offset of the first message that starts at OldestSeq. GONE has
	// it too.
	OldestOffset uint64
	// Interval is the longest time until the next HEARTBEAT.
	Interval time.Duration
	// Group is the known number of subscribers.
	Group uint32
	// RTT is the group's round trip, or 0 if unknown.
	RTT time.Duration
	// Report is the number of frames after which a subscriber is to send STATUS, or 0 for
	// no such demand.
	Report uint64

	// SESSION

	// Name is the publisher's name. In STATUS it is the subscriber's.
	Name []byte
	// Wall is the wall clock at the session's start, in nanoseconds since the Unix epoch.
	Wall int64
	// FirstSeq and FirstOffset are the numbers that the session starts from.
	FirstSeq    uint64
	FirstOffset uint64
	// Control is the address for NACKs. If it isn't valid, NACKs go to the source.
	Control  netip.AddrPort
	Channels uint32
	// Groups is the number of the session's data groups, or 0 where the frame doesn't tell.
	// Base is the home group that they count from, or invalid if they follow from the topic.
	Groups uint32
	Base   netip.AddrPort
	// Controls are the addresses for NACKs of each feed, in the order of the feeds. One that
	// isn't valid is where the feed comes from. Decode reuses the slice.
	Controls []netip.AddrPort
	// Properties is an encoded msgpack map. The kinds behind GONE have it too, and STATUS. An Encoder
	// writes it as it is. If it is empty, the Encoder writes the fields of the properties
	// that docs/PROTOCOL.md lists, which Decode reads from it.
	Properties []byte
	// Topic is the stream's topic, or empty.
	Topic []byte
	// Key is the full id of the key, or empty.
	Key []byte
	// Prev names the session that this one continues, or is nil. Decode allocates it.
	Prev *Link
	// Replay is the id of the session that this one replays, or 0.
	Replay uint64
	// Teams reports whether the publisher grants work to teams.
	Teams bool

	// NACK, STATUS, CLAIM, GRANT

	// Subscriber is the subscriber's random id.
	Subscriber uint64
	// Echo is the last Time heard from the publisher, or 0 for none.
	Echo uint64
	// Held is the time since Echo was heard.
	Held time.Duration

	// NACK, CONFIRM, GONE

	// Ranges are ascending, disjoint ranges of sequence numbers.
	Ranges []nack.Range

	// STATUS

	// Position is the next sequence number to be delivered.
	Position uint64
	// Room is the number of bytes that the subscriber can still hold.
	Room uint64
	// Recorder reports whether the subscriber is a recorder. Written and Synced are the
	// sequence numbers below which its log survives the end of its process, and the loss
	// of power.
	Recorder        bool
	Written, Synced uint64
	// Positions are those in further channels of the session. The subscriber's progress in
	// channels that it doesn't name is unchanged. Decode reuses the slice.
	Positions []Progress

	// Digest and Find hold the fields of DIGEST and of FIND. Decode allocates them. They are
	// nil in other kinds.
	Digest *DigestBody
	Find   *FindBody
	// Announce holds the fields of ANNOUNCE, and is nil in other kinds. Decode allocates it.
	Announce *AnnounceBody
	// Claim, Grant and Team hold the fields of CLAIM, GRANT and TEAM, and are nil in other kinds.
	Claim *ClaimBody
	Grant *GrantBody
	Team  *TeamBody
	// spare holds what Decode reuses, or is nil.
	spare *spareBodies
}

// Chunk is a message, a part of a message, or a skip: a placeholder for messages that the
// publisher dropped.
type Chunk struct {
	// Data is the message or its part.
	Data []byte
	// Total is the whole message's length, in bytes, if the message starts here and
	// continues in the next frame. Otherwise it is 0.
	Total uint32
	// Skip is the number of messages that the publisher dropped here, or 0 for a message.
	Skip uint64
	// Properties are the message's key and headers, if the message starts here and has any.
	Properties Properties
}

// Progress is a subscriber's place in a channel.
type Progress struct {
	Channel uint32
	// Position is the next sequence number to be delivered. Written and Synced are those of a
	// recorder.
	Position, Written, Synced uint64
}

// EndOffset returns the offset after the last message that a DATA frame has a part of.
func (f *Frame) EndOffset() uint64 { return f.Offset + f.Messages }

// StartOffset returns the offset of the first message that starts in a DATA frame, or
// after it.
func (f *Frame) StartOffset() uint64 {
	if f.Flags&Continues != 0 {
		return f.Offset + 1
	}
	return f.Offset
}
