package world

import (
	"errors"
	"fmt"
)

// What a World may hold, so that one in which absurd things happen ends with an
// error before the machine's memory does.
const (
	maxKept      = 4 << 30 // bytes of messages, which are kept to be compared
	maxScheduled = 1 << 25 // events to come; 32 bytes each
	maxLives     = 1000    // times that one publisher's process starts
	stopEvery    = 256     // events between two questions whether to stop
	keptMessage  = 40      // bytes that a message is counted as, besides its own
)

// ErrStopped is returned by World.Run once Config.Stop has said so.
var ErrStopped = errors.New("testnet: the run was told to stop")

// LimitError says that a World came to hold more than it may. Nothing is wrong with
// the machines in it: the run is too large.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return e.What }

// exceed stops the World since it holds too much.
func (w *World) exceed(format string, args ...any) {
	if w.err == nil {
		w.err = &LimitError{fmt.Sprintf("at %v: %s", Stamp(w.now), fmt.Sprintf(format, args...))}
	}
}

// Stopped reports whether the World stands still. A producer that publishes many messages at
// one instant may then stop.
func (w *World) Stopped() bool {
	if w.err == nil && w.cfg.Stop != nil && w.cfg.Stop() {
		w.err = ErrStopped
	}
	return w.err != nil
}

// keep counts a message that is kept from now on.
func (w *World) keep(size int) {
	if w.kept += uint64(size) + keptMessage; w.kept > maxKept {
		w.exceed("%d GiB of messages were published, and are kept to be compared, which is the "+
			"most: lower the rate, the sizes or the duration", maxKept>>30)
	}
}
