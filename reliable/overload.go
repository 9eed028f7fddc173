package reliable

// Overload says what a Receiver does when its application takes messages more
// slowly than they come.
type Overload uint8

// The answers to a slow application, which package subscriber documents.
const (
	OverloadBlock Overload = iota
	OverloadBuffer
	OverloadDropOldest
	OverloadDropNewest
)

var overloads = choices{"block", "buffer", "drop-oldest", "drop-newest"}

// String returns block, buffer, drop-oldest or drop-newest.
func (o Overload) String() string { return overloads.text(uint8(o)) }

// MarshalText returns what String does.
func (o Overload) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what String returns.
func (o *Overload) UnmarshalText(text []byte) error {
	n, err := overloads.value(text, "answer to a slow application")
	*o = Overload(n)
	return err
}

// Drops reports whether what finds no room is dropped.
func (o Overload) Drops() bool { return o >= OverloadDropOldest }
