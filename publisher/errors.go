package publisher

import (
	"errors"
	"fmt"

	"crier/reliable"
)

var (
	// ErrClosed is returned after Close.
	ErrClosed = reliable.ErrClosed
	// ErrFull is returned by TryPublish while the resend buffer holds only messages that
	// the kernel, or subscribers whose pace counts, have yet to take.
	ErrFull = reliable.ErrFull
	// ErrDropped is returned with the offset of a message that was dropped for lack of
	// room, with WhenFull Drop.
	ErrDropped = reliable.ErrDropped
	// ErrNobodyCounts is returned by WaitTaken if Flow.Pace is its zero value.
	ErrNobodyCounts = errors.New("Flow.Pace: no subscriber's pace counts, " +
		"so there is none to wait for: use Slowest, Quorum or Named")
)

// UnsentError is returned by Close and Shutdown if accepted messages were not sent: those
// with offsets in [First, Next). No subscriber will receive them.
type UnsentError struct{ First, Next uint64 }

func (e *UnsentError) Error() string {
	return fmt.Sprintf("closed before messages %d to %d were sent: no subscriber will receive them",
		e.First, e.Next-1)
}

// TooLargeError is returned for a message that is larger than 16 MiB or the resend buffer.
type TooLargeError = reliable.TooLargeError

// BatchTooLargeError is returned for a batch that is larger than the resend buffer.
type BatchTooLargeError = reliable.BatchTooLargeError
