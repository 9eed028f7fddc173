package host

import "time"

// Clock is the state of the system's clock.
type Clock struct {
	// Synchronised says that a program holds it to another clock.
	Synchronised bool
	// Off is how far it is believed to be off, and Error how much that may be wrong.
	Off, Error time.Duration
	// Devices lists the clocks of network cards.
	Devices []string
}
