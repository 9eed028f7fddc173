package reliable

// Start says where a Receiver begins in a session that is older than itself.
type Start uint8

// The starts, which package subscriber documents.
const (
	Latest Start = iota
	Oldest
)

// Order says when a message is delivered.
type Order uint8

// The orders, which package subscriber documents.
const (
	InOrder Order = iota
	OnArrival
)
