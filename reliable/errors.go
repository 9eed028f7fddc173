package reliable

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed is returned by Publish after Close.
	ErrClosed = errors.New("the session is closed")
	// ErrFull is returned by Publish while the resend buffer is full of frames
	// that have not been sent yet, or must be kept for subscribers whose pace
	// counts. Nothing was accepted; try again when Freed has changed, or after Sent.
	ErrFull = errors.New("the resend buffer is full of frames that are not sent yet, or that subscribers have yet to take")
	// ErrDropped is returned by Publish where the message found no room and was
	// dropped, as configured. It has an offset, and subscribers are told.
	ErrDropped = errors.New("the message was dropped: the resend buffer is full")
)

// TooLargeError is returned by Publish for a message that can never be sent.
type TooLargeError struct {
	Size  int    // of the message, in bytes
	Limit int    // the largest that can be sent, in bytes
	What  string // whose limit it is
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("a message of %d bytes is too large: %s allows %d", e.Size, e.What, e.Limit)
}

// BatchTooLargeError is returned by PublishBatch for messages that together are
// more than the resend buffer can hold.
type BatchTooLargeError struct {
	Messages int
	Size     uint64 // of them all, in bytes, with their heads
	Limit    uint64 // the most that certainly fits, in bytes
}

func (e *BatchTooLargeError) Error() string {
	return fmt.Sprintf("a batch of %d messages is too large: with their heads they take %d bytes, and the resend buffer holds %d at once; publish them in parts, or enlarge the buffer",
		e.Messages, e.Size, e.Limit)
}
