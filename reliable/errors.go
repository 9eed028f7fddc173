package reliable

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed is returned by Publish after Close.
	ErrClosed = errors.New("the session is closed")
	// ErrFull is returned by Publish while the resend buffer is full of frames
	// that have not been sent yet. Nothing was accepted; try again after Sent.
	ErrFull = errors.New("the resend buffer is full of frames that are not sent yet")
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
