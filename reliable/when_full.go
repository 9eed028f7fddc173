package reliable

import "time"

// WhenFull says what becomes of a message that finds no room.
type WhenFull uint8

// The answers to a full window, which package publisher documents.
const (
	Block WhenFull = iota
	Drop
)

// String returns the answer as flags write it.
func (w WhenFull) String() string {
	if w == Drop {
		return "drop"
	}
	return "block"
}

// Holder is what leaves no room for a message.
type Holder uint8

const (
	// BySubscribers: those that count have yet to pass what is kept.
	BySubscribers Holder = iota
	// ByDisk: what must be kept isn't on disk yet.
	ByDisk
	// ByRate: the rate limit keeps frames from being sent.
	ByRate
	// BySocket: the socket takes frames more slowly than they come.
	BySocket
	Holders
)

var holderNames = [Holders]string{"subscribers", "disk", "rate limit", "socket"}

// String returns the holder as summaries write it.
func (h Holder) String() string { return holderNames[h%Holders] }

// Held is how often and for how long something left no room.
type Held struct {
	Times uint64
	For   time.Duration
}
