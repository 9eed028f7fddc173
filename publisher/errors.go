package publisher

import (
	"errors"
	"fmt"

	"crier/reliable"
)

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
	// ErrNobodyCounts is returned by WaitTaken where Flow.Pace is nobody's.
	ErrNobodyCounts = errors.New("Flow.Pace: nobody's pace counts, so nobody says what it has taken: use Slowest, Quorum or Named")
)

// UnsentError is returned by Close and Shutdown where accepted messages were not sent:
// those from First on, and below Next. Nobody will get them.
type UnsentError struct{ First, Next uint64 }

func (e *UnsentError) Error() string {
	return fmt.Sprintf("closed before messages %d to %d were sent: nobody will get them", e.First, e.Next-1)
}

// TooLargeError is returned for a message that is larger than 16 MiB, or than
// the resend buffer.
type TooLargeError = reliable.TooLargeError

// BatchTooLargeError is returned for a batch that the resend buffer can't hold at
// once.
type BatchTooLargeError = reliable.BatchTooLargeError
