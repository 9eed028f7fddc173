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
// with offsets in [First, Next) of a partition. No subscriber will receive them. There is one
// for each partition that has some.
type UnsentError struct {
	First, Next uint64
	Partition   uint32
}

func (e *UnsentError) Error() string {
	of := ""
	if e.Partition > 0 {
		of = fmt.Sprintf(" of partition %d", e.Partition)
	}
	return fmt.Sprintf("closed before messages %d to %d%s were sent: no subscriber will receive them",
		e.First, e.Next-1, of)
}

// UnpublishedError is returned by Recorded for an offset that no message has yet. Next is the
// offset of the next message.
type UnpublishedError struct{ Offset, Next uint64 }

func (e *UnpublishedError) Error() string {
	return fmt.Sprintf("no message has offset %d yet: the next one gets %d", e.Offset, e.Next)
}

// RecordersError is returned by Recorded if too few recorders are there.
type RecordersError struct{ There, Needed int }

func (e *RecordersError) Error() string {
	return fmt.Sprintf("recorders heard: %d, and %d must hold a message; start more with "+
		"crier record, or ask for fewer (the publisher's own log counts as long as it lacks "+
		"nothing)", e.There, e.Needed)
}

// TooLargeError is returned for a message that is larger than 16 MiB or the resend buffer.
type TooLargeError = reliable.TooLargeError

// BatchTooLargeError is returned for a batch that is larger than the resend buffer.
type BatchTooLargeError = reliable.BatchTooLargeError
