package publisher

import "crier/reliable"

var (
	// ErrClosed is returned after Close.
	ErrClosed = reliable.ErrClosed
	// ErrFull is returned by TryPublish while the resend buffer is full of
	// messages that are not with the kernel yet, or that subscribers whose pace
	// counts have yet to take.
	ErrFull = reliable.ErrFull
	// ErrDropped is returned with the offset of a message that was dropped, with
	// WhenFull Drop, for want of room.
	ErrDropped = reliable.ErrDropped
)

// TooLargeError is returned for a message that is larger than 16 MiB, or than
// the resend buffer.
type TooLargeError = reliable.TooLargeError

// BatchTooLargeError is returned for a batch that the resend buffer can't hold at
// once.
type BatchTooLargeError = reliable.BatchTooLargeError
