package frame

import "errors"

// Decode returns one of these, and nothing else, so that a caller can count
// them. They carry no detail since a flood of bad datagrams must cost nothing.
var (
	// ErrDamaged means that the datagram isn't a whole crier frame: it is too
	// short, or its checksum is wrong.
	ErrDamaged = errors.New("frame: damaged, or not a crier frame")
	// ErrMalformed means that the checksum is right and the content isn't what
	// docs/PROTOCOL.md describes: the sender is broken or hostile.
	ErrMalformed = errors.New("frame: malformed")
	// ErrNewer means that the frame needs a newer crier: its version or kind is
	// unknown, or it has an unknown flag that must not be ignored.
	ErrNewer = errors.New("frame: needs a newer crier")
)
