package nack

import (
	"net/netip"
	"time"
)

// Asker is a publisher's record of one subscriber that asks for repairs. The
// owner of the table sets ID, Addr and Position; the Responder does the rest. It belongs to
// one Responder, and must not be moved or copied after its first NACK.
type Asker struct {
	ID   uint64         // the subscriber's id
	Addr netip.AddrPort // where its NACKs come from, and unicast repairs go
	// Position is the first frame that it may still need, as far as it has said.
	Position uint64

	Asked   uint64 // frames that it asked for
	Crossed uint64 // of these, ignored since the repair was on its way already
	Gone    uint64 // of these, no longer held, when asked for or when their turn came
	Refused uint64 // of these, not even queued: too many were waiting

	Repaired uint64 // frames that were repeated since it asked

	quota  bucket // bytes of repairs
	scans  bucket // frames of NACKs
	recent uint32 // frames lost, halved as they age
	fresh  uint32 // frames lost just now: others may still ask for them
	since  Time   // the first of fresh
	shared uint32 // of both, lost by others as well

	in [classes]entry // its places in the Responder's queue
}

// halveAt is how many frames make the memory of who shares losses fade.
const halveAt = 256

// aloneAt is how many losses it takes to judge that they are a subscriber's own.
const aloneAt = 16

// Waiting returns how many frames wait for their repair to this subscriber.
func (a *Asker) Waiting() uint64 { return a.in[Recent].queued + a.in[Behind].queued }

// alone reports whether what this subscriber loses is mostly lost by nobody
// else: then repairs to the group would only burden the others. What it lost
// within the last window says nothing yet, or the first to ask after a burst of
// loss would always seem alone.
func (a *Asker) alone(now Time, window time.Duration) bool {
	a.settle(now, window)
	return a.recent >= aloneAt && a.shared*4 < a.recent
}

// lose counts a frame lost, by this subscriber only as far as is known.
func (a *Asker) lose(now Time, window time.Duration) {
	a.settle(now, window)
	if a.fresh == 0 {
		a.since = now
	}
	a.fresh++
}

// settle takes what was lost a window ago for known.
func (a *Asker) settle(now Time, window time.Duration) {
	if a.fresh == 0 || now.Sub(a.since) <= window {
		return
	}
	for a.recent, a.fresh = a.recent+a.fresh, 0; a.recent >= halveAt; {
		a.recent, a.shared = a.recent/2, a.shared/2
	}
}

// share counts that a frame of this subscriber's was lost by another as well.
func (a *Asker) share() { a.shared = min(a.shared+1, a.recent+a.fresh) }
