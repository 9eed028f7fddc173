package frame

import (
	"fmt"
	"time"
)

// MaxKey is the length of the longest key id, in bytes.
const MaxKey = 32

// Role is a holder's part in a session.
type Role uint8

// The roles of holders.
const (
	// Publisher is the session's own publisher.
	Publisher Role = 1
	// Recorder keeps a log of the session.
	Recorder Role = 2
	// Peer is a subscriber.
	Peer Role = 3
)

var roleNames = [...]string{Publisher: "publisher", Recorder: "recorder", Peer: "peer"}

// String returns the role as in documents and traces.
func (r Role) String() string {
	if int(r) < len(roleNames) && roleNames[r] != "" {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// What is the question of a FIND.
type What uint8

// The questions of FIND.
const (
	// FindStreams asks for all sessions that have the name and the topic, if there are any
	// in the FIND.
	FindStreams What = 1
	// FindOffset asks for the frame in which the message of an offset starts.
	FindOffset What = 2
	// FindTime asks for the first frame of a time, in nanoseconds since 1970 UTC.
	FindTime What = 3
	// FindOldest asks for the oldest frame.
	FindOldest What = 4
	// FindEnd asks for the end of the newest session.
	FindEnd What = 5
)

var whatNames = [...]string{FindStreams: "streams", FindOffset: "offset", FindTime: "time",
	FindOldest: "oldest", FindEnd: "end"}

// String returns the question as in documents and traces.
func (w What) String() string {
	if int(w) < len(whatNames) && whatNames[w] != "" {
		return whatNames[w]
	}
	return fmt.Sprintf("what(%d)", uint8(w))
}

// DigestBody holds the fields of DIGEST that no other kind has. The frame's Responder is the
// holder, and its Time the holder's clock. OldestSeq and OldestOffset are the first numbers
// that it holds, NextSeq and NextOffset its evidence of the session's extent. Ranges are the
// numbers of [From, To) that it lacks.
type DigestBody struct {
	Role Role
	// Version counts up with each new content. All parts of a digest have the same.
	Version uint64
	// Position is the first sequence number that the holder has neither got nor given up.
	Position uint64
	// Written and Synced are the sequence numbers below which a recorder's log survives the
	// end of its process, and the loss of power.
	Written, Synced uint64
	// AtSeq and AtOffset answer a FIND: the frame to begin with, and the offset of the
	// first message that starts there or after it. They are 0 in any other DIGEST.
	AtSeq, AtOffset uint64
	// Proposal is reserved: the hash of what survivors agree on, or 0.
	Proposal uint64
	// Wall, FirstSeq and FirstOffset are those of SESSION, or 0 if unknown.
	Wall                  int64
	FirstSeq, FirstOffset uint64
	// Heard is the time since the holder last heard the publisher.
	Heard time.Duration
	// From and To are the sequence numbers that Ranges tells of: OldestSeq and Position,
	// but where a digest has several parts.
	From, To uint64
	// Topic, Key, Prev and Replay are those of SESSION. Decode allocates Prev.
	Topic, Key []byte
	Prev       *Link
	Replay     uint64
}

// FindBody holds the fields of FIND that no other kind has. The frame's Subscriber asks, its
// Name is the publisher's or empty, and its Session may be 0 for any session.
type FindBody struct {
	What What
	// Value is the offset or the time.
	Value uint64
	// Topic and Key are those of SESSION, or empty for any.
	Topic, Key []byte
}

// Link names the session that another one continues, and its end as far as it is known.
type Link struct {
	Session               uint64
	Channel               uint32
	Seq, Offset           uint64
	Topic, Publisher, Key []byte
}
