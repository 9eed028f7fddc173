package send

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// Publish packs a copy of a message into the resend buffer and returns its offset. Either
// all of its frames have room or none is used. While frames that were not sent yet, or
// must be kept for subscribers, leave no room, Publish returns ErrFull; with WhenFull
// Drop it returns ErrDropped and the offset of the dropped message. It returns a
// TooLargeError for a message that can never be sent, and ErrClosed after Close.
func (st *Stream) Publish(now reliable.Time, message []byte) (uint64, error) {
	return st.PublishWith(now, nil, message)
}

// PublishWith is Publish for a message with properties, which Sender.Properties returns. If they
// leave no room for a message in a datagram, it returns a PropertiesError.
func (st *Stream) PublishWith(
	now reliable.Time, properties frame.Properties, message []byte,
) (uint64, error) {
	if st.closed() {
		return 0, reliable.ErrClosed
	}
	if !st.packer.build.IsOpen() || !st.packer.build.FitsWith(properties, len(message)) {
		st.window.gather.look(now)
		frames, err := st.packer.need(properties, len(message))
		if err == nil {
			err = st.window.roomFor(frames)
		}
		if err == reliable.ErrFull {
			return st.refuse(now, len(message))
		} else if err != nil {
			return 0, err
		}
		if st.window.full {
			st.window.passBy(now)
		}
	}
	offset := st.accept(now, properties, message)
	st.session.schedule.published(st)
	return offset, nil
}

// Append is Publish for a message that fits into the open frame as a whole. For any other
// it does nothing and reports false.
func (st *Stream) Append(message []byte) (uint64, bool) {
	if st.closed() || !st.packer.build.IsOpen() || !st.packer.build.Fits(len(message)) {
		return 0, false
	}
	st.packer.build.Add(message)
	offset := st.packer.nextOffset
	st.packer.nextOffset++
	st.tally.accepted++
	st.tally.acceptedBytes += uint64(len(message))
	return offset, true
}

// AppendMessage is Append for a message with a key and headers. The error is that of
// Sender.Properties.
func (st *Stream) AppendMessage(
	key []byte, headers []reliable.Header, message []byte,
) (offset uint64, ok bool, err error) {
	if st.closed() || !st.packer.build.IsOpen() {
		return 0, false, nil
	}
	if ok, err = st.packer.build.AddMessage(key, headers, message); !ok {
		return 0, false, err
	}
	offset = st.packer.nextOffset
	st.packer.nextOffset++
	st.tally.accepted++
	st.tally.acceptedBytes += uint64(len(message))
	return offset, true, nil
}

// PublishMessage is Publish for a message with a key and headers. If they leave no room for a
// message in a datagram, it returns a PropertiesError. Its other errors are those of Publish and
// Sender.Properties.
func (st *Stream) PublishMessage(
	now reliable.Time, key []byte, headers []reliable.Header, message []byte,
) (uint64, error) {
	if len(key) == 0 && len(headers) == 0 {
		return st.PublishWith(now, nil, message)
	}
	// Mostly it fits into the open frame, where it is encoded once.
	offset, ok, err := st.AppendMessage(key, headers, message)
	if err != nil {
		return 0, err
	}
	if ok {
		st.session.schedule.published(st)
		return offset, nil
	}
	properties, err := st.session.Properties(key, headers)
	if err != nil {
		return 0, err
	}
	return st.PublishWith(now, properties, message)
}

// Properties encodes the key and the headers of a message. The result is valid until the next
// call.
func (s *Sender) Properties(key []byte, headers []reliable.Header) (frame.Properties, error) {
	properties, err := frame.AppendProperties(s.properties[:0], key, headers)
	if err == nil && len(properties) > 0 {
		s.properties = properties
	}
	return properties, err
}

// PublishBatch packs messages, which get consecutive offsets, and returns the first
// offset. Either all messages have room or none is taken, or all are dropped. The errors
// are those of Publish; a TooLargeError is wrapped in one that tells which message is too
// large. PublishBatch returns a BatchTooLargeError for more than the resend buffer can
// hold.
func (st *Stream) PublishBatch(now reliable.Time, messages [][]byte) (uint64, error) {
	if st.closed() {
		return 0, reliable.ErrClosed
	}
	st.window.gather.look(now)
	first := st.packer.nextOffset
	frames, err := st.packer.needAll(messages)
	if err == nil {
		err = st.window.roomFor(frames)
	}
	if err == reliable.ErrFull {
		for _, message := range messages {
			if _, err = st.refuse(now, len(message)); err != reliable.ErrDropped {
				return 0, err
			}
		}
		return first, reliable.ErrDropped
	} else if err != nil {
		return 0, err
	}
	if st.window.full {
		st.window.passBy(now)
	}
	for len(messages) > 0 {
		if st.packer.build.IsOpen() {
			n, bytes := st.packer.build.AddRun(messages)
			st.packer.nextOffset += uint64(n)
			st.tally.accepted += uint64(n)
			st.tally.acceptedBytes += uint64(bytes)
			if messages = messages[n:]; len(messages) == 0 {
				break
			}
		}
		st.accept(now, nil, messages[0]) // which opens the next frame
		messages = messages[1:]
	}
	st.session.schedule.published(st)
	return first, nil
}

// accept packs a message that has room and returns its offset.
func (st *Stream) accept(
	now reliable.Time, properties frame.Properties, message []byte,
) uint64 {
	st.packer.pack(now, properties, message)
	offset := st.packer.nextOffset
	st.packer.nextOffset++
	st.tally.accepted++
	st.tally.acceptedBytes += uint64(len(message))
	return offset
}

// refuse handles a message that finds no room.
func (st *Stream) refuse(now reliable.Time, size int) (uint64, error) {
	if st.window.gather.on {
		return 0, reliable.ErrFull
	}
	st.window.noteFull(now)
	st.session.schedule.touch(st)
	if st.cfg.Flow.WhenFull == reliable.Block {
		return 0, reliable.ErrFull
	}
	offset, err := st.SkipOffsets(1)
	if err != nil {
		return 0, err
	}
	st.tally.droppedBytes += uint64(size)
	st.tally.acceptedBytes += uint64(size)
	return offset, reliable.ErrDropped
}

// skip tells subscribers of dropped messages in a frame of their own, if no message takes
// the word along. It waits until there is plenty of room; otherwise such frames would
// leave none for messages.
func (st *Stream) skip(now reliable.Time) {
	room := max(2, st.store.Slots()/4)
	if st.closed() {
		room = 1
	}
	if st.store.Sent() == st.store.Next() && st.store.Fits(room) {
		st.packer.open(now, st.packer.nextOffset, st.packer.nextOffset)
	}
}

// Flush lets the open frame go without waiting for more messages.
func (st *Stream) Flush() {
	if st.packer.flush = st.packer.filling(); st.packer.flush {
		st.session.schedule.touch(st)
	}
}

// FlushedOffset returns the offset of the first message that is not yet wholly with the
// kernel.
func (st *Stream) FlushedOffset() uint64 { return st.packer.flushedOffset() }

// NextOffset returns the offset of the next message.
func (st *Stream) NextOffset() uint64 { return st.packer.nextOffset }

// Frontier returns the number of the first frame that no accepted message has a part in.
func (st *Stream) Frontier() uint64 {
	if st.packer.filling() {
		return st.store.Next() + 1
	}
	return st.store.Next()
}

// Pending reports whether an accepted message is not with the kernel yet, or was dropped
// and subscribers were not told.
func (st *Stream) Pending() bool { return st.packer.pending() }

// Freed counts the times that room came after ErrFull. A publisher that waits may try
// again when the count has changed.
func (st *Stream) Freed() uint64 { return st.window.freed + st.window.gather.freed }

// Fits reports whether a message of n bytes fits into the open frame as a whole.
func (st *Stream) Fits(n int) bool { return st.packer.build.IsOpen() && st.packer.build.Fits(n) }

// Full reports whether a message found no room, and there is none for it yet.
func (st *Stream) Full() bool { return st.window.full }
