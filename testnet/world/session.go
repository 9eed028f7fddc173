package world

import (
	"bytes"
	"fmt"
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// Session is the truth about one partition of a session, which is a stream of its own: the
// messages that its publisher accepted there, and the publisher's fate.
type Session struct {
	ID          reliable.SessionID
	Partition   uint32
	Publisher   *Publisher
	Source      netip.AddrPort // where its frames come from
	Start       reliable.Time
	FirstSeq    uint64
	FirstOffset uint64
	// Prev is the session that it continues; zero if it continues none.
	Prev reliable.Link
	// Ended is when the publisher's process crashed or left; Never while it runs.
	Ended reliable.Time
	// Crashed says that it crashed; else it has said BYE and left. Closed is when
	// it was told to leave; Never if it wasn't.
	Crashed bool
	Closed  reliable.Time

	index    int              // among those of its World
	sources  []netip.AddrPort // where it was before
	sent     uint64
	blocks   [][]byte
	messages []accepted
	marks    []mark // of the first messages; nil while none has one
}

// accepted is one message.
type accepted struct {
	at         reliable.Time
	block      uint32
	from, size uint32
	dropped    bool
}

// firstBlock is how much is allocated at first for messages, and blockSize the most that is
// allocated at once, in bytes.
const (
	firstBlock = 1 << 10
	blockSize  = 64 << 10
)

// accept notes a message.
func (s *Session) accept(now reliable.Time, payload []byte, dropped bool) {
	last := len(s.blocks) - 1
	if last < 0 || len(s.blocks[last])+len(payload) > cap(s.blocks[last]) {
		size := min(firstBlock<<min(len(s.blocks), 16), blockSize)
		s.blocks = append(s.blocks, make([]byte, 0, max(size, len(payload))))
		last++
	}
	from := len(s.blocks[last])
	s.blocks[last] = append(s.blocks[last], payload...)
	s.messages = append(s.messages, accepted{now, uint32(last), uint32(from), uint32(len(payload)),
		dropped})
}

// mark is what a message has besides its payload.
type mark struct {
	properties frame.Properties
	order      uint64
}

// mark notes what the message that was accepted last has besides its payload, and its place
// among all of the session.
func (s *Session) mark(properties frame.Properties, order uint64) {
	if len(s.Publisher.streams) == 1 && len(properties) == 0 {
		return
	}
	for len(s.marks) < len(s.messages) {
		s.marks = append(s.marks, mark{order: uint64(len(s.marks))})
	}
	s.marks[len(s.marks)-1] = mark{bytes.Clone(properties), order}
}

// Properties returns the key and headers of the message with that offset, which must have been
// accepted; nil if it has none. They must not be changed.
func (s *Session) Properties(offset uint64) frame.Properties { return s.markOf(offset).properties }

// Order returns the place of that message among all of the session that were accepted, in
// whatever partition, from 0.
func (s *Session) Order(offset uint64) uint64 { return s.markOf(offset).order }

func (s *Session) markOf(offset uint64) mark {
	if i := offset - s.FirstOffset; i < uint64(len(s.marks)) {
		return s.marks[i]
	}
	return mark{order: offset - s.FirstOffset}
}

// Of returns the stream's row in a Receiver's list of sessions, or nil.
func (s *Session) Of(list []receive.SessionStats) *receive.SessionStats {
	for i := range list {
		if list[i].ID == s.ID && list[i].Partition == s.Partition {
			return &list[i]
		}
	}
	return nil
}

// String names the session, and with several partitions the stream.
func (s *Session) String() string {
	if len(s.Publisher.streams) > 1 {
		return fmt.Sprintf("%v/%d", s.ID, s.Partition)
	}
	return s.ID.String()
}

// Index returns the stream's place among those of its World, from 0.
func (s *Session) Index() int { return s.index }

// NextOffset returns the offset after that of the last message accepted.
func (s *Session) NextOffset() uint64 { return s.FirstOffset + uint64(len(s.messages)) }

// SentOffset returns the offset of the first message that was not handed to the
// network, or not all of it.
func (s *Session) SentOffset() uint64 { return s.sent }

// Accepted says whether a message with that offset was accepted.
func (s *Session) Accepted(offset uint64) bool {
	return offset >= s.FirstOffset && offset < s.NextOffset()
}

// Payload returns the message with that offset, which must have been accepted.
// It must not be changed.
func (s *Session) Payload(offset uint64) []byte {
	m := &s.messages[offset-s.FirstOffset]
	return s.blocks[m.block][m.from : m.from+m.size : m.from+m.size]
}

// Dropped says whether the publisher dropped the message with that offset.
func (s *Session) Dropped(offset uint64) bool { return s.messages[offset-s.FirstOffset].dropped }

// AcceptedAt returns when that message was accepted.
func (s *Session) AcceptedAt(offset uint64) reliable.Time {
	return s.messages[offset-s.FirstOffset].at
}

// note follows the frames that were handed to the network.
func (s *Session) note(f *frame.Frame) {
	if f.Kind != frame.Data {
		return
	}
	s.sent = f.EndOffset()
	if f.Flags&frame.Unfinished != 0 {
		s.sent--
	}
}
