package reliable

// Start says where a Receiver begins in a session that is older than itself.
type Start uint8

// The starts, which package subscriber documents.
const (
	Latest Start = iota
	Oldest
)

var starts = choices{"latest", "oldest"}

// String returns latest or oldest.
func (s Start) String() string { return starts.text(uint8(s)) }

// MarshalText returns what String does.
func (s Start) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what String returns.
func (s *Start) UnmarshalText(text []byte) error {
	n, err := starts.value(text, "start")
	*s = Start(n)
	return err
}

// Order says when a message is delivered.
type Order uint8

// The orders, which package subscriber documents.
const (
	InOrder Order = iota
	OnArrival
)

var orders = choices{"in-order", "on-arrival"}

// String returns in-order or on-arrival.
func (o Order) String() string { return orders.text(uint8(o)) }

// MarshalText returns what String does.
func (o Order) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what String returns.
func (o *Order) UnmarshalText(text []byte) error {
	n, err := orders.value(text, "order")
	*o = Order(n)
	return err
}
