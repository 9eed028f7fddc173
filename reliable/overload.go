package reliable

// Overload selects a Receiver's answer to an application that takes messages more slowly than
// they come.
type Overload uint8

// The ways to treat a slow application, which package subscriber documents.
const (
	OverloadBlock Overload = iota
	OverloadBuffer
	OverloadDropOldest
	OverloadDropNewest
)

var overloads = choices{"block", "buffer", "drop-oldest", "drop-newest"}

// String returns block, buffer, drop-oldest or drop-newest.
func (o Overload) String() string { return overloads.text(uint8(o)) }

// MarshalText returns the same text as String.
func (o Overload) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText parses the text that String returns.
func (o *Overload) UnmarshalText(text []byte) error {
	n, err := overloads.value(text, "a way to treat a slow application")
	*o = Overload(n)
	return err
}

// Drops reports whether messages that find no room are dropped.
func (o Overload) Drops() bool { return o >= OverloadDropOldest }
