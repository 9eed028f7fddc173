package reliable

// WhenFull says what becomes of a message that finds no room.
type WhenFull uint8

// The answers to a full window, which package publisher documents.
const (
	Block WhenFull = iota
	Drop
)

var whenFulls = choices{"block", "drop"}

// String returns block or drop.
func (w WhenFull) String() string { return whenFulls.text(uint8(w)) }

// MarshalText returns what String does.
func (w WhenFull) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what String returns.
func (w *WhenFull) UnmarshalText(text []byte) error {
	n, err := whenFulls.value(text, "answer to a full resend buffer")
	*w = WhenFull(n)
	return err
}

// Blocker is what leaves no room for a message.
type Blocker uint8

const (
	// BySubscribers: those that count have yet to pass what is kept.
	BySubscribers Blocker = iota
	// ByDisk: what must be kept isn't on disk yet.
	ByDisk
	// ByRate: the rate limit keeps frames from being sent.
	ByRate
	// BySocket: the socket takes frames more slowly than they come.
	BySocket
	Blockers
)

var blockerNames = [Blockers]string{"subscribers", "disk", "rate limit", "socket"}

// String returns the blocker as summaries write it.
func (b Blocker) String() string { return blockerNames[b%Blockers] }
