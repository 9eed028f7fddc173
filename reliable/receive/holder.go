package receive

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
)

// Holder is somebody besides a session's publisher that has its frames, and repairs them
// under an id of its own.
type Holder struct {
	ID   uint64
	Addr netip.AddrPort
}

const (
	// maxHolders bounds the holders of a session.
	maxHolders = 16
	// maxAnswerers is the length of the longest list: the publisher and one that what nobody has
	// waits with count, too.
	maxAnswerers = maxHolders + 2
	// staleTime is how long nothing was heard of a holder whose place is free.
	staleTime = time.Minute
)

// Admit lets a holder answer for a session, behind those that were admitted before: it is
// asked for frames that they and the publisher don't have, or don't answer. It reports false where
// the session isn't known or has enough of them, and where nothing is asked for at all.
func (r *Receiver) Admit(session uint64, h Holder) bool {
	s := r.table.byID[session]
	if s == nil || r.cfg.Recovery.Off {
		return false
	}
	for _, st := range s.streams {
		if len(st.asked.list) > maxHolders || st.asked.holder(h.ID) != nil {
			return false
		}
	}
	for _, st := range s.streams {
		st.asked.admit(r.now, h)
	}
	if !slices.Contains(r.cfg.Holders, h) {
		s.holders = append(s.holders, h)
	}
	return true
}

// holder returns the inquiry of the answerer with an id, or nil.
func (a *answerers) holder(id uint64) *inquiry {
	for _, q := range a.list {
		if q.id == id {
			return q
		}
	}
	return nil
}

// admit adds a holder, and reports false where there is no place for it. In a full list it takes
// the place of one that isn't heard any more, or of one at the address with most places, if that
// has more than the newcomer's would, and it never repaired anything: else a stranger could
// fill all places.
func (a *answerers) admit(now reliable.Time, h Holder) bool {
	if len(a.list) <= maxHolders {
		a.list = append(a.list, a.inquiry(now, h, len(a.list)))
		return true
	}
	for _, q := range a.list[1:] {
		if q.gone {
			a.list[q.index] = a.inquiry(now, h, q.index)
			return true
		}
	}
	var victim *inquiry
	most := a.places(h.Addr.Addr()) + 1
	for _, q := range a.list[1:] {
		if q == a.expected {
			continue
		}
		if h := &q.holding; h.known && now.Sub(h.at) > staleTime {
			victim = q
			break
		}
		if n := a.places(q.addr.Addr()); n > most && !q.credit.proven {
			victim, most = q, n
		}
	}
	if victim == nil {
		return false
	}
	a.list[victim.index] = a.inquiry(now, h, victim.index)
	a.taken = victim.req.Take(0, ^uint64(0), a.taken[:0])
	for _, m := range a.taken {
		a.place(now, m)
	}
	return true
}

// inquiry returns the inquiry of a holder.
func (a *answerers) inquiry(now reliable.Time, h Holder, index int) *inquiry {
	r := a.stream.r
	return &inquiry{
		id: h.ID, index: index, addr: h.Addr, req: r.newRequester(a.stream.session.id ^ h.ID),
		echo: new(echo), credit: credit{left: coldNacks, at: now},
	}
}

// places returns the number of holders at an address.
func (a *answerers) places(at netip.Addr) (n int) {
	for _, q := range a.list[1:] {
		if q.addr.Addr() == at {
			n++
		}
	}
	return n
}

// newRequester returns a Requester with random numbers of its own.
func (r *Receiver) newRequester(seed uint64) *nack.Requester {
	return nack.NewRequester(nack.RequesterConfig{
		ID: r.cfg.ID, Seed: r.cfg.Seed ^ seed, Recovery: r.cfg.Recovery,
	})
}
