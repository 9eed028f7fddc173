package reliable

import "fmt"

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

var overloadNames = [...]string{"block", "buffer", "drop", "drop-newest"}

// String returns the answer as flags write it.
func (o Overload) String() string {
	if int(o) < len(overloadNames) {
		return overloadNames[o]
	}
	return fmt.Sprintf("overload %d", uint8(o))
}

// ParseOverload reads what String writes: block, buffer, drop (the oldest) or
// drop-newest.
func ParseOverload(text string) (Overload, error) {
	for i, name := range overloadNames {
		if text == name {
			return Overload(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no answer to a slow application: use block, buffer, drop or drop-newest", text)
}

// drops says whether what finds no room is dropped.
func (o Overload) Drops() bool { return o >= OverloadDropOldest }
