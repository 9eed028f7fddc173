package reliable

// Order selects when a message is delivered.
type Order uint8

// The orders, which package subscriber documents.
const (
	InOrder Order = iota
	OnArrival
)

var orders = choices{"in-order", "on-arrival"}

// String returns in-order or on-arrival.
func (o Order) String() string { return orders.text(uint8(o)) }

// MarshalText returns the same text as String.
func (o Order) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText parses the text that String returns.
func (o *Order) UnmarshalText(text []byte) error {
	n, err := orders.value(text, "an order")
	*o = Order(n)
	return err
}
