package nack

import "net/netip"

// Asker is a publisher's record of one subscriber that asks for repairs. The
// owner of the table sets ID and Addr; the Responder does the rest.
type Asker struct {
	ID   uint64         // the subscriber's id
	Addr netip.AddrPort // where its NACKs come from, and unicast repairs go

	Asked   uint64 // frames that it asked for
	Crossed uint64 // of these, ignored since the repair was on its way already
	Gone    uint64 // of these, no longer held
	Refused uint64 // of these, not even queued: too many were waiting

	quota  bucket
	queued uint64 // frames that wait for their repair
	recent uint32 // frames asked for, halved as they age
	shared uint32 // of these, asked for by others as well
}

// halveAt is how many frames make the memory of who shares losses fade.
const halveAt = 256

// alone reports whether what this subscriber loses is mostly lost by nobody
// else: then repairs to the group would only burden the others.
func (a *Asker) alone() bool { return a.recent >= 16 && a.shared*4 < a.recent }

// note counts a frame asked for, by this subscriber only as far as is known.
func (a *Asker) note() {
	a.Asked++
	if a.recent++; a.recent >= halveAt {
		a.recent, a.shared = a.recent/2, a.shared/2
	}
}

// share counts that a frame of this subscriber's was lost by another as well.
func (a *Asker) share() { a.shared = min(a.shared+1, a.recent) }
