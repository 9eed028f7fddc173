package receive

import (
	"net/netip"

	"crier/nack"
)

// Holder is somebody besides a session's publisher that has its frames, and repairs them
// under an id of its own.
type Holder struct {
	ID   uint64
	Addr netip.AddrPort
}

// maxHolders bounds the holders of a session.
const maxHolders = 16

// Admit lets a holder answer for a session, behind those that were admitted before: it is
// asked for frames that they and the publisher don't have, or don't answer. It reports false where
// the session isn't known or has enough of them, and where nothing is asked for at all.
func (r *Receiver) Admit(session uint64, h Holder) bool {
	s := r.table.byID[session]
	if s == nil || r.cfg.Recovery.Off {
		return false
	}
	for _, st := range s.streams {
		if len(st.asked.list) > maxHolders {
			return false
		}
		for _, q := range st.asked.list {
			if q.id == h.ID {
				return false
			}
		}
	}
	for _, st := range s.streams {
		st.asked.list = append(st.asked.list, &inquiry{
			id: h.ID, addr: h.Addr, req: r.newRequester(s.id ^ h.ID), echo: new(echo),
		})
	}
	return true
}

// newRequester returns a Requester with random numbers of its own.
func (r *Receiver) newRequester(seed uint64) *nack.Requester {
	return nack.NewRequester(nack.RequesterConfig{
		ID: r.cfg.ID, Seed: r.cfg.Seed ^ seed, Recovery: r.cfg.Recovery,
	})
}
