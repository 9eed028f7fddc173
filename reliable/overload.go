package reliable

import "fmt"

// Overload says what a Receiver does when its application takes messages more
// slowly than they come.
type Overload uint8

const (
	// OverloadBlock stops delivering, not reading: what waits for the application
	// is held up to Buffer, and what comes beyond is thrown away and asked for when
	// there is room. Its position is what the application has taken, so that a
	// publisher whose pace counts it is held back.
	OverloadBlock Overload = iota
	// OverloadBuffer is the same, but its position is what has come: only a full
	// buffer holds a publisher back.
	OverloadBuffer
	// OverloadDropOldest drops what has waited longest when the buffer is full.
	// It holds nobody back. It needs InOrder.
	OverloadDropOldest
	// OverloadDropNewest drops what comes when the buffer is full. It holds nobody
	// back.
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
