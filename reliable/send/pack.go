package send

import (
	"fmt"
	"sort"

	"crier/reliable"
	"crier/reliable/frame"
)

// minSplit is the least room, in bytes, worth starting a message in that doesn't
// fit whole: less is padded, so that small messages stay in one frame.
const minSplit = 64

// Publish packs one message into the resend buffer and returns its offset. The
// message is copied. All of its frames have room or none is used. While frames
// that were not sent yet, or must be kept for subscribers, leave no room, it
// returns ErrFull, or, with WhenFull Drop, the offset of the message that it
// dropped and ErrDropped. It returns a TooLargeError for a message that can never
// be sent, and ErrClosed after Close.
func (s *Sender) Publish(now reliable.Time, message []byte) (uint64, error) {
	if s.closing {
		return 0, reliable.ErrClosed
	}
	if !s.build.IsOpen() || !s.build.Fits(len(message)) {
		if s.keep.gathering {
			s.gather(now)
		}
		if err := s.reserve(len(message)); err == reliable.ErrFull {
			return s.refuse(now, len(message))
		} else if err != nil {
			return 0, err
		}
		if s.keep.full {
			s.passBy(now)
		}
	}
	return s.accept(now, message), nil
}

// Append is Publish for a message that fits the open frame whole, which is all
// that it looks at: it reports false, and does nothing, for any other.
func (s *Sender) Append(message []byte) (uint64, bool) {
	if s.closing || !s.build.IsOpen() || !s.build.Fits(len(message)) {
		return 0, false
	}
	s.build.Add(message)
	offset := s.nextOffset
	s.nextOffset++
	s.stats.Accepted++
	s.stats.AcceptedBytes += uint64(len(message))
	return offset, true
}

// PublishBatch packs messages, which get consecutive offsets, and returns the
// first one's. All of them have room or none is taken, or all are dropped: the
// errors are those of Publish, a TooLargeError in one that says which message it is, and
// a BatchTooLargeError for more than the resend buffer can hold.
func (s *Sender) PublishBatch(now reliable.Time, messages [][]byte) (uint64, error) {
	if s.closing {
		return 0, reliable.ErrClosed
	}
	if s.keep.gathering {
		s.gather(now)
	}
	first := s.nextOffset
	if err := s.reserveAll(messages); err == reliable.ErrFull {
		for _, message := range messages {
			if _, err = s.refuse(now, len(message)); err != reliable.ErrDropped {
				return 0, err
			}
		}
		return first, reliable.ErrDropped
	} else if err != nil {
		return 0, err
	}
	if s.keep.full {
		s.passBy(now)
	}
	for len(messages) > 0 {
		if s.build.IsOpen() {
			n, bytes := s.build.AddRun(messages)
			s.nextOffset += uint64(n)
			s.stats.Accepted += uint64(n)
			s.stats.AcceptedBytes += uint64(bytes)
			if messages = messages[n:]; len(messages) == 0 {
				break
			}
		}
		s.accept(now, messages[0]) // which opens the next frame
		messages = messages[1:]
	}
	return first, nil
}

// accept packs a message that has room and returns its offset.
func (s *Sender) accept(now reliable.Time, message []byte) uint64 {
	s.pack(now, message)
	offset := s.nextOffset
	s.nextOffset++
	s.stats.Accepted++
	s.stats.AcceptedBytes += uint64(len(message))
	return offset
}

// reserveAll is reserve for many messages, which one after the other don't take
// more frames than is reckoned here.
func (s *Sender) reserveAll(messages [][]byte) error {
	if len(messages) == 1 {
		return s.reserve(len(messages[0]))
	}
	used := uint64(s.leastUsed())
	size := uint64(frame.SkipSize) // of what was dropped before
	for i, message := range messages {
		if len(message) > frame.MaxMessage {
			err := &reliable.TooLargeError{Size: len(message), Limit: frame.MaxMessage, What: "the protocol"}
			return fmt.Errorf("of a batch of %d messages, none of which is taken, number %d: %w", len(messages), i, err)
		}
		size += uint64(len(message) + frameRoomHead)
	}
	frames := 1 + size/used
	if frames >= s.store.Slots() {
		return &reliable.BatchTooLargeError{Messages: len(messages), Size: size, Limit: (s.store.Slots() - 2) * used}
	}
	return s.roomFor(frames)
}

// roomFor returns ErrFull if so many frames would overwrite what was not sent yet,
// or must be kept.
func (s *Sender) roomFor(frames uint64) error {
	s.keep.asked = frames
	if s.keep.gathering || !s.store.Fits(frames) {
		return reliable.ErrFull
	}
	return nil
}

// reserve checks that a message of n bytes has room without overwriting what was
// not sent yet, or must be kept.
func (s *Sender) reserve(n int) error {
	if n > frame.MaxMessage {
		return &reliable.TooLargeError{Size: n, Limit: frame.MaxMessage, What: "the protocol"}
	}
	frames := uint64(1)
	if n+frameRoomHead > s.room() {
		frames = uint64(frame.Frames(n, s.room()))
	}
	if frames >= s.store.Slots() {
		return &reliable.TooLargeError{Size: n, Limit: s.largest(), What: "the resend buffer"}
	}
	return s.roomFor(frames)
}

// frameRoomHead is the longest head of a chunk, in bytes.
const frameRoomHead = 3

// shorter is by how much the last frame of a full batch is shorter where one of equally
// long frames would be damaged, in bytes.
const shorter = 16

// room returns how many bytes of chunks fit any frame.
func (s *Sender) room() int {
	room := frame.DataRoom(s.datagram)
	if s.cfg.Uneven {
		room -= shorter
	}
	return room
}

// leastUsed returns how many bytes of messages a full frame has at the least, with the
// heads of whole ones. It wastes less than a part of minSplit bytes, and has two heads more
// than messages do, of a part that goes on and of one that starts.
func (s *Sender) leastUsed() int { return s.room() - minSplit - 2*frame.PartHead }

// largest returns the largest message that the resend buffer can hold.
func (s *Sender) largest() int {
	return sort.Search(frame.MaxMessage, func(n int) bool {
		return uint64(frame.Frames(n+1, s.room())) >= s.store.Slots()
	})
}

// pack puts a message into frames, sealing those that are full.
func (s *Sender) pack(now reliable.Time, message []byte) {
	if !s.build.IsOpen() {
		s.open(now, s.nextOffset, s.nextOffset)
	}
	if !s.build.Fits(len(message)) && !s.build.Empty() && s.build.Left() < minSplit {
		s.seal(true)
		s.open(now, s.nextOffset, s.nextOffset)
	}
	if s.build.Fits(len(message)) {
		s.build.Add(message)
		return
	}
	s.packRest(now, message[s.build.Start(message):])
}

// packRest puts what is left of a message into the next frames.
func (s *Sender) packRest(now reliable.Time, rest []byte) {
	for len(rest) > 0 {
		if s.build.IsOpen() {
			s.seal(true)
		}
		s.open(now, s.nextOffset, s.nextOffset+1)
		rest = rest[s.build.Continue(rest):]
	}
}

// open starts the next frame, whose first chunk belongs to the message at
// offset, and whose first message to start is at start.
// What was dropped before comes first.
func (s *Sender) open(now reliable.Time, offset, start uint64) {
	skip := s.keep.skipped
	offset, start = offset-skip, start-skip
	room := s.store.Open(offset, start > offset)
	size := frame.DataSize(s.datagram)
	if s.cfg.Uneven && (s.store.Next()+1)%s.store.Most() == 0 {
		size -= shorter
	}
	s.build.Open(room[:0:size], s.cfg.Session, s.cfg.Channel, s.store.Next(), offset, s.sessionTime(now))
	s.openDue = now.Add(s.cfg.BatchWait)
	if skip > 0 {
		s.build.Skip(skip)
		s.keep.skipped = 0
	}
}

// seal closes the open frame; full pads it to the size of a full one.
func (s *Sender) seal(full bool) {
	b := s.build.Seal(full)
	s.store.Seal(len(b), s.nextOffset-s.keep.skipped)
}
