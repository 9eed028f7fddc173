package frame

import "errors"

// Decode returns no other errors than these, so that a caller can count them by cause.
// They carry no details, since a flood of bad datagrams must cost nothing.
var (
	// ErrDamaged means that the datagram isn't a whole crier frame: it is too short, or
	// its checksum is wrong.
	ErrDamaged = errors.New("frame: damaged, or not a crier frame")
	// ErrMalformed means that the checksum is right, but that the content violates
	// docs/PROTOCOL.md. The sender is broken or hostile.
	ErrMalformed = errors.New("frame: malformed")
	// ErrNewer means that the frame needs a newer crier: it has an unknown version or
	// kind, or an unknown flag that must not be ignored.
	ErrNewer = errors.New("frame: needs a newer crier")
)
