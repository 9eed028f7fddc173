package send

import "crier/reliable"

// Publish packs a copy of a message into the resend buffer and returns its offset. Either
// all of its frames have room or none is used. While frames that were not sent yet, or
// must be kept for subscribers, leave no room, Publish returns ErrFull; with WhenFull
// Drop it returns ErrDropped and the offset of the dropped message. It returns a
// TooLargeError for a message that can never be sent, and ErrClosed after Close.
func (st *Stream) Publish(now reliable.Time, message []byte) (uint64, error) {
	if st.closed {
		return 0, reliable.ErrClosed
	}
	if !st.packer.build.IsOpen() || !st.packer.build.Fits(len(message)) {
		if st.window.gathering {
			st.gather(now)
		}
		if err := st.reserve(st.packer.need(len(message))); err == reliable.ErrFull {
			return st.refuse(now, len(message))
		} else if err != nil {
			return 0, err
		}
		if st.window.full {
			st.window.passBy(now)
		}
	}
	return st.accept(now, message), nil
}

// Append is Publish for a message that fits into the open frame as a whole. For any other
// it does nothing and reports false.
func (st *Stream) Append(message []byte) (uint64, bool) {
	if st.closed || !st.packer.build.IsOpen() || !st.packer.build.Fits(len(message)) {
		return 0, false
	}
	st.packer.build.Add(message)
	offset := st.packer.nextOffset
	st.packer.nextOffset++
	st.tally.accepted++
	st.tally.acceptedBytes += uint64(len(message))
	return offset, true
}

// PublishBatch packs messages, which get consecutive offsets, and returns the first
// offset. Either all messages have room or none is taken, or all are dropped. The errors
// are those of Publish; a TooLargeError is wrapped in one that tells which message is too
// large. PublishBatch returns a BatchTooLargeError for more than the resend buffer can
// hold.
func (st *Stream) PublishBatch(now reliable.Time, messages [][]byte) (uint64, error) {
	if st.closed {
		return 0, reliable.ErrClosed
	}
	if st.window.gathering {
		st.gather(now)
	}
	first := st.packer.nextOffset
	if err := st.reserve(st.packer.needAll(messages)); err == reliable.ErrFull {
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
		st.accept(now, messages[0]) // which opens the next frame
		messages = messages[1:]
	}
	return first, nil
}

// accept packs a message that has room and returns its offset.
func (st *Stream) accept(now reliable.Time, message []byte) uint64 {
	st.packer.pack(now, message)
	offset := st.packer.nextOffset
	st.packer.nextOffset++
	st.tally.accepted++
	st.tally.acceptedBytes += uint64(len(message))
	return offset
}

// reserve takes the number of frames that messages need, and checks that they have room
// without overwriting frames that were not sent yet, or must be kept.
func (st *Stream) reserve(frames uint64, err error) error {
	if err != nil {
		return err
	}
	return st.window.roomFor(frames)
}
