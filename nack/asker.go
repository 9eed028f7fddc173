package nack

import (
	"net/netip"
	"time"
)

// An Asker is a responder's record of one subscriber that asks for repairs. The owner of
// the record sets ID, Addr and Position; the Responder does the rest. An Asker belongs to
// one Responder, and must not be moved or copied after its first NACK.
type Asker struct {
	// ID is the subscriber's id.
	ID uint64
	// Addr is where its NACKs come from, and where unicast repairs go.
	Addr netip.AddrPort
	// Position is the first frame that it may still need, as far as it has reported.
	Position uint64

	// Asked counts the frames that it asked for.
	Asked uint64
	// Crossed counts those of them that were ignored because the repair was already on
	// its way.
	Crossed uint64
	// Again counts those of them that were repeated to it, or to the group, before it asked: that
	// repair is lost.
	Again uint64
	// Gone counts those that were no longer held, when asked for or when their turn came.
	Gone uint64
	// Refused counts those that were not queued because too many were waiting.
	Refused uint64

	// Repaired counts the frames that were repeated since it asked.
	Repaired uint64

	// quota limits the bytes of its repairs.
	quota bucket
	// scans limits the frames of its NACKs that are looked at.
	scans bucket
	// recent counts the frames that it lost; the count is halved as it ages. fresh counts
	// those lost within the last window, which other subscribers may still ask for; since
	// is when the first of them was lost. shared counts those of both that others lost as
	// well.
	recent uint32
	fresh  uint32
	since  Time
	shared uint32

	// in holds its places in the Responder's queue.
	in [classes]entry
}

// halveAt is the number of losses at which the counts of losses are halved.
const halveAt = 256

// aloneAt is the number of losses that it takes to judge that they are a subscriber's
// own.
const aloneAt = 16

// Waiting returns the number of frames that wait for their repair to this subscriber.
func (a *Asker) Waiting() uint64 { return a.in[Recent].queued + a.in[Behind].queued }

// alone reports whether most of the subscriber's losses are its own. Repairs to the group
// would then only burden the others. Losses within the last window don't count yet, or
// the first subscriber to ask after a burst of loss would always seem alone.
func (a *Asker) alone(now Time, window time.Duration) bool {
	a.settle(now, window)
	return a.recent >= aloneAt && a.shared*4 < a.recent
}

// lose counts a lost frame, which no other subscriber is known to have lost.
func (a *Asker) lose(now Time, window time.Duration) {
	a.settle(now, window)
	if a.fresh == 0 {
		a.since = now
	}
	a.fresh++
}

// settle moves the fresh losses to recent once a window has passed.
func (a *Asker) settle(now Time, window time.Duration) {
	if a.fresh == 0 || now.Sub(a.since) <= window {
		return
	}
	for a.recent, a.fresh = a.recent+a.fresh, 0; a.recent >= halveAt; {
		a.recent, a.shared = a.recent/2, a.shared/2
	}
}

// share counts a lost frame that another subscriber lost as well.
func (a *Asker) share() { a.shared = min(a.shared+1, a.recent+a.fresh) }
