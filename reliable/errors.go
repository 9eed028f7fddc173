package reliable

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed is returned by Publish after Close.
	ErrClosed = errors.New("the session is closed")
	// ErrFull is returned by Publish while the resend buffer holds only frames that have
	// yet to be sent, or that are kept for subscribers whose pace counts. Nothing was
	// accepted. Try again when Freed has changed, or after Sent.
	ErrFull = errors.New("the resend buffer is full of frames that are not sent yet, " +
		"or that subscribers have yet to take")
	// ErrDropped is returned by Publish if the message found no room and was dropped, as
	// configured. The message has an offset, and subscribers report it lost.
	ErrDropped = errors.New("the message was dropped: the resend buffer is full")
)

// TooLargeError is returned by Publish for a message that can never be sent.
type TooLargeError struct {
	// Size is the size of the message, in bytes.
	Size int
	// Limit is the size of the largest message that can be sent, in bytes.
	Limit int
	// What names the source of the limit.
	What string
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("a message of %d bytes is too large: %s allows %d", e.Size, e.What, e.Limit)
}

// BatchTooLargeError is returned by PublishBatch for messages that don't fit in the resend
// buffer together.
type BatchTooLargeError struct {
	Messages int
	// Size is the size of all messages with their heads, in bytes.
	Size uint64
	// Limit is the size that fits in any case, in bytes.
	Limit uint64
}

func (e *BatchTooLargeError) Error() string {
	return fmt.Sprintf("a batch of %d messages is too large: with their heads they take %d bytes, "+
		"and the resend buffer holds %d at once; publish them in parts, or enlarge the buffer",
		e.Messages, e.Size, e.Limit)
}

// PropertiesError is returned by Publish for a message whose key and headers fill a datagram.
type PropertiesError struct {
	// Size is that of the encoded key and headers, and Limit the largest that fits a Datagram of
	// the present size, all in bytes.
	Size, Limit, Datagram int
}

func (e *PropertiesError) Error() string {
	return fmt.Sprintf("a key and headers of %d bytes leave no room for a message in a datagram of "+
		"%d bytes, which has room for %d: shorten them, or enlarge the datagrams", e.Size,
		e.Datagram, e.Limit)
}
