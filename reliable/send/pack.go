package send

import (
	"fmt"

	"crier/reliable"
	"crier/reliable/frame"
)

// Publish packs one message into the resend buffer and returns its offset. The
// message is copied. All of its frames have room or none is used. While frames
// that were not sent yet, or must be kept for subscribers, leave no room, it
// returns ErrFull, or, with WhenFull Drop, the offset of the message that it
// dropped and ErrDropped. It returns a TooLargeError for a message that can never
// be sent, and ErrClosed after Close.
func (s *Sender) Publish(now reliable.Time, message []byte) (uint64, error) {
	if s.closing.on {
		return 0, reliable.ErrClosed
	}
	if !s.packer.build.IsOpen() || !s.packer.build.Fits(len(message)) {
		if s.window.gathering {
			s.gather(now)
		}
		if err := s.reserve(len(message)); err == reliable.ErrFull {
			return s.refuse(now, len(message))
		} else if err != nil {
			return 0, err
		}
		if s.window.full {
			s.window.passBy(now)
		}
	}
	return s.accept(now, message), nil
}

// Append is Publish for a message that fits the open frame whole, which is all
// that it looks at: it reports false, and does nothing, for any other.
func (s *Sender) Append(message []byte) (uint64, bool) {
	if s.closing.on || !s.packer.build.IsOpen() || !s.packer.build.Fits(len(message)) {
		return 0, false
	}
	s.packer.build.Add(message)
	offset := s.packer.nextOffset
	s.packer.nextOffset++
	s.stats.Accepted++
	s.stats.AcceptedBytes += uint64(len(message))
	return offset, true
}

// PublishBatch packs messages, which get consecutive offsets, and returns the
// first one's. All of them have room or none is taken, or all are dropped: the
// errors are those of Publish, a TooLargeError in one that says which message it is, and
// a BatchTooLargeError for more than the resend buffer can hold.
func (s *Sender) PublishBatch(now reliable.Time, messages [][]byte) (uint64, error) {
	if s.closing.on {
		return 0, reliable.ErrClosed
	}
	if s.window.gathering {
		s.gather(now)
	}
	first := s.packer.nextOffset
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
	if s.window.full {
		s.window.passBy(now)
	}
	for len(messages) > 0 {
		if s.packer.build.IsOpen() {
			n, bytes := s.packer.build.AddRun(messages)
			s.packer.nextOffset += uint64(n)
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
	s.packer.pack(now, message)
	offset := s.packer.nextOffset
	s.packer.nextOffset++
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
	used := uint64(s.packer.leastUsed())
	size := uint64(frame.SkipSize) // of what was dropped before
	for i, message := range messages {
		if len(message) > frame.MaxMessage {
			err := &reliable.TooLargeError{Size: len(message), Limit: frame.MaxMessage,
				What: "the protocol"}
			return fmt.Errorf("of a batch of %d messages, none of which is taken, number %d: %w",
				len(messages), i, err)
		}
		size += uint64(len(message) + frameRoomHead)
	}
	frames := 1 + size/used
	if frames >= s.store.Slots() {
		return &reliable.BatchTooLargeError{Messages: len(messages), Size: size,
			Limit: (s.store.Slots() - 2) * used}
	}
	return s.window.roomFor(frames)
}

// reserve checks that a message of n bytes has room without overwriting what was
// not sent yet, or must be kept.
func (s *Sender) reserve(n int) error {
	if n > frame.MaxMessage {
		return &reliable.TooLargeError{Size: n, Limit: frame.MaxMessage, What: "the protocol"}
	}
	frames := s.packer.frames(n)
	if frames >= s.store.Slots() {
		return &reliable.TooLargeError{Size: n, Limit: s.packer.largest(),
			What: "the resend buffer"}
	}
	return s.window.roomFor(frames)
}
