package send

import (
	"fmt"

	"crier/reliable"
	"crier/reliable/frame"
)

// Publish packs a copy of a message into the resend buffer and returns its offset. Either
// all of its frames have room or none is used. While frames that were not sent yet, or
// must be kept for subscribers, leave no room, Publish returns ErrFull; with WhenFull
// Drop it returns ErrDropped and the offset of the dropped message. It returns a
// TooLargeError for a message that can never be sent, and ErrClosed after Close.
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

// Append is Publish for a message that fits into the open frame as a whole. For any other
// it does nothing and reports false.
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

// PublishBatch packs messages, which get consecutive offsets, and returns the first
// offset. Either all messages have room or none is taken, or all are dropped. The errors
// are those of Publish; a TooLargeError is wrapped in one that tells which message is too
// large. PublishBatch returns a BatchTooLargeError for more than the resend buffer can
// hold.
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

// reserveAll is reserve for many messages. One by one, they don't take more frames than
// it assumes.
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

// reserve checks that a message of n bytes has room without overwriting frames that were
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
