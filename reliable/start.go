package reliable

// Start says where a Receiver begins in a session that is older than itself.
type Start uint8

const (
	// Latest begins with the first message that is heard.
	Latest Start = iota
	// Oldest begins with the oldest message that the publisher still holds.
	Oldest
)

// Order says when a message is delivered.
type Order uint8

const (
	// InOrder delivers each session's messages by offset.
	InOrder Order = iota
	// OnArrival delivers a message as soon as it is there; one that spans frames when
	// all before it has come or is lost.
	OnArrival
)
