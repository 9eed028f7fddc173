package frame

import (
	"fmt"
	"net/netip"
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
	// FindEnd asks for the ends of the stream's sessions, the newest first.
	FindEnd What = 5
	// FindTopics asks publishers for their topics. The FIND's topic is a pattern, its value the
	// time over which the answers are to spread, in nanoseconds.
	FindTopics What = 6
)

var whatNames = [...]string{FindStreams: "streams", FindOffset: "offset", FindTime: "time",
	FindOldest: "oldest", FindEnd: "end", FindTopics: "topics"}

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
	// At reports whether the holder has what a FIND asked for. AtSeq and AtOffset are the
	// frame to begin with, and the offset of the first message that starts there or after
	// it. They are 0 in any other DIGEST.
	At              bool
	AtSeq, AtOffset uint64
	// Proposal is the hash of what survivors of a silent publisher agree on, or 0.
	Proposal uint64
	// Wall, FirstSeq and FirstOffset are those of SESSION, or 0 if unknown.
	Wall                  int64
	FirstSeq, FirstOffset uint64
	// Heard is the time since the holder last heard the publisher.
	Heard time.Duration
	// From and To are the sequence numbers that Ranges tells of: OldestSeq and Position (if that
	// is lower, nothing), but where a digest has several parts, or tells of frames behind a gap, up
	// to NextSeq.
	From, To uint64
	// Topic, Key, Prev and Replay are those of SESSION. Decode allocates Prev.
	Topic, Key []byte
	Prev       *Link
	Replay     uint64
	// Holder is what the holder calls itself, or empty.
	Holder []byte
	// Channels, Groups and Base are those of SESSION, or 0 where the holder doesn't tell.
	Channels, Groups uint32
	Base             netip.AddrPort
}

// EveryChannel is the channel of a FIND for the streams of all channels.
const EveryChannel = 1<<32 - 1

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

// digest parses the fields of DIGEST.
func (d *Decoder) digest(f *Frame) bool {
	var b DigestBody
	var role uint32
	var p properties
	if !d.u64s(&f.Responder, &f.Request) || !d.time(&f.Time) ||
		!d.u64s(&b.Version, &f.OldestSeq, &f.OldestOffset, &b.Position,
			&f.NextSeq, &f.NextOffset) ||
		!d.wall(&b.Wall) || !d.u64s(&b.FirstSeq, &b.FirstOffset) || !d.duration(&b.Heard) ||
		!d.u32to(&role) || role > 255 || !d.bin(&f.Name, MaxName) || !d.properties(f, &p) {
		return false
	}
	b.Role = Role(role)
	b.From, b.To = f.OldestSeq, max(f.OldestSeq, b.Position)
	b.Topic, b.Key, b.Replay, b.Holder = p.topic, p.key, p.replay, p.holder
	b.Channels, b.Groups, b.Base = p.channels, p.groups, p.base
	b.Written, b.Synced, b.Proposal = p.written, p.synced, p.proposal
	b.At, b.AtSeq, b.AtOffset = p.at, p.atSeq, p.atOffset
	if p.part {
		b.From, b.To = p.from, p.to
	}
	if f.OldestSeq > f.NextSeq || b.Position > f.NextSeq || f.OldestOffset > f.NextOffset ||
		b.From < f.OldestSeq || b.To > f.NextSeq || !d.ranges(f) {
		return false
	}
	if n := len(f.Ranges); n > 0 && (f.Ranges[0].From < b.From || f.Ranges[n-1].To > b.To) {
		return false
	}
	b.Prev = p.link()
	whole := b
	f.Digest = &whole
	return true
}

// IsPart reports whether a DIGEST tells of other numbers than those from the oldest to the
// position.
func (f *Frame) IsPart() bool {
	b := f.Digest
	return b.From != f.OldestSeq || b.To != max(f.OldestSeq, b.Position)
}

// digest writes the fields of DIGEST, up to the ranges.
//
//go:noinline
func (e *Encoder) digest(f *Frame) {
	b := f.Digest
	e.u64s(f.Responder, f.Request, f.Time, b.Version, f.OldestSeq, f.OldestOffset, b.Position,
		f.NextSeq, f.NextOffset, nanos(b.Wall), b.FirstSeq, b.FirstOffset, nanos(b.Heard))
	_ = e.enc.EncodeUint32(uint32(b.Role))
	e.cut(f.Name, MaxName)
	p := title(b.Topic, b.Key, b.Prev, b.Replay)
	p.log, p.written, p.synced = b.Written != 0 || b.Synced != 0, b.Written, b.Synced
	p.at, p.atSeq, p.atOffset = b.At, b.AtSeq, b.AtOffset
	p.proposal, p.holder = b.Proposal, b.Holder
	p.part, p.from, p.to = f.IsPart(), b.From, b.To
	p.channels, p.groups, p.base = b.Channels, b.Groups, b.Base
	e.properties(f.Properties, &p)
}

// AppendDigest appends a DIGEST to dst, with as many of f's ranges as fit in size bytes, but at
// least one. Where others are left, it makes f the next part, and more is true: the caller
// appends the parts one by one. f's Digest.From and To must be set.
func (e *Encoder) AppendDigest(dst []byte, f *Frame, size int) (b []byte, more bool) {
	body, ranges, to := f.Digest, f.Ranges, f.Digest.To
	fit := len(ranges)
	if fit > 0 {
		// The bare digest tells that it is a part, and has a short head of its ranges.
		const headGrowth = 2
		body.To, f.Ranges = f.OldestSeq, nil
		bare := len(e.Append(dst, f)) - len(dst)
		fit = max(fitRanges(ranges, size-tagGrowth-headGrowth-bare), 1)
		body.To = to
	}
	if f.Ranges = ranges[:fit]; fit < len(ranges) {
		body.To = ranges[fit].From
	}
	b = e.Append(dst, f)
	body.From, body.To, f.Ranges = body.To, to, ranges[fit:]
	return b, len(f.Ranges) > 0
}

// find parses the fields of FIND.
func (d *Decoder) find(f *Frame) bool {
	var what uint32
	var value uint64
	var p properties
	if !d.u64s(&f.Subscriber, &f.Request) || !d.u32to(&what) || what > 255 ||
		!d.u64s(&value) || !d.bin(&f.Name, MaxName) || !d.properties(f, &p) {
		return false
	}
	f.Find = &FindBody{What(what), value, p.topic, p.key}
	return true
}

// find writes the fields of FIND.
//
//go:noinline
func (e *Encoder) find(f *Frame) {
	b := f.Find
	e.u64s(f.Subscriber, f.Request)
	_ = e.enc.EncodeUint32(uint32(b.What))
	e.u64s(b.Value)
	e.cut(f.Name, MaxName)
	e.properties(f.Properties, &properties{topic: b.Topic, key: b.Key})
}
