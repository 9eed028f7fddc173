package host

import "errors"

// ErrDamaged says that datagrams came which differ from those that were sent.
var ErrDamaged = errors.New("what came is not what was sent")

// Card is what a network card can do, and how it is set.
type Card struct {
	Driver string
	// Features has what it does for the kernel, by the kernel's name, such as
	// tx-udp-segmentation.
	Features map[string]bool
	// Ring is how many frames it may hold before the kernel takes them, and RingMost how many
	// it could; 0 where it doesn't say.
	Ring, RingMost int
	// Delay is for how many microseconds it may hold back an interrupt, unless Adaptive.
	Delay    int
	Adaptive bool
	// Stamps reports that it stamps all that it receives with its own clock, and Clock
	// is that clock's number as a PTP device, or -1.
	Stamps bool
	Clock  int
}
