package receive

import "crier/reliable"

// A Gate decides which messages are delivered, and follows no stream but those that are taken:
// see Receiver.Take.
type Gate interface {
	// Pass returns what becomes of the messages [offset, to) of a stream, where to is above
	// offset. The grant, if it isn't nil, is that of the events of those that are delivered.
	Pass(session uint64, channel uint32, offset uint64) (v Verdict, g *reliable.Grant, to uint64)
}

// Verdict is what becomes of a message.
type Verdict uint8

// The verdicts.
const (
	// Wait leaves it, and what comes after it, where it is.
	Wait Verdict = iota
	// Deliver hands it out.
	Deliver
	// Skip passes over it.
	Skip
)
