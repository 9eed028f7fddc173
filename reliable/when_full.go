package reliable

// WhenFull selects the treatment of a message that finds no room.
type WhenFull uint8

// The ways to treat a message that finds no room, which package publisher documents.
const (
	Block WhenFull = iota
	Drop
)

var whenFulls = choices{"block", "drop"}

// String returns block or drop.
func (w WhenFull) String() string { return whenFulls.text(uint8(w)) }

// MarshalText returns the same text as String.
func (w WhenFull) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText parses the text that String returns.
func (w *WhenFull) UnmarshalText(text []byte) error {
	n, err := whenFulls.value(text, "a way to treat a full resend buffer")
	*w = WhenFull(n)
	return err
}

// Blocker is a cause of a lack of room.
type Blocker uint8

const (
	// BySubscribers means that counted subscribers have yet to pass the kept frames.
	BySubscribers Blocker = iota
	// ByDisk means that frames that must be kept aren't on disk yet.
	ByDisk
	// ByRate means that the rate limit keeps frames from being sent.
	ByRate
	// BySocket means that the socket takes frames more slowly than they are published.
	BySocket
	// Blockers is the number of causes.
	Blockers
)

var blockerNames = [Blockers]string{"subscribers", "disk", "rate limit", "socket"}

// String returns the blocker as in summaries.
func (b Blocker) String() string { return blockerNames[b%Blockers] }
