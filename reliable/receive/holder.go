package receive

import (
	"net/netip"

	"crier/nack"
	"crier/reliable"
)

// Holder is somebody besides a session's publisher that holds its frames, and repairs
// them under an id of its own.
type Holder struct {
	ID   uint64
	Addr netip.AddrPort
}

// maxHolders bounds the holders of a session.
const maxHolders = 16

// inquiry is what a stream asks of a holder: what its publisher, and the holders before
// this one, don't have or didn't answer. Each missing frame is asked of one at a time.
type inquiry struct {
	Holder
	req *nack.Requester
	ask request
	// The holder's own time, where it told one.
	echo echo
}

// Admit lets a holder answer for a session, behind those that were admitted before: it is
// asked for what they and the publisher don't have, or don't answer. It reports false where
// the session isn't known or has enough of them, and where nothing is asked for at all.
func (r *Receiver) Admit(session uint64, h Holder) bool {
	s := r.table.byID[session]
	if s == nil || r.cfg.NoRecovery || h.ID == s.id {
		return false
	}
	for _, st := range s.streams {
		if len(st.holders) == maxHolders || st.admits(h.ID) {
			return false
		}
	}
	for _, st := range s.streams {
		st.holders = append(st.holders, &inquiry{Holder: h, req: r.newRequester(s.id ^ h.ID)})
	}
	return true
}

// newRequester returns a Requester with random numbers of its own.
func (r *Receiver) newRequester(seed uint64) *nack.Requester {
	return nack.NewRequester(nack.RequesterConfig{
		ID: r.cfg.ID, Seed: r.cfg.Seed ^ seed, NoRecovery: r.cfg.NoRecovery,
		MaxWait: r.cfg.MaxWait, Silence: r.cfg.Silence,
	})
}

// admits reports whether a holder with an id was admitted.
func (st *stream) admits(id uint64) bool {
	for _, h := range st.holders {
		if h.ID == id {
			return true
		}
	}
	return false
}

// passOn takes the word that one who was asked has nothing of [from, to): the publisher,
// whose inquiry is nil, or a holder. The next holder is asked, and behind the last one what
// is missing is lost.
func (st *stream) passOn(now reliable.Time, of *inquiry, from, to uint64, cause reliable.Cause) {
	next, req := st.after(of), st.req
	if of != nil {
		req = of.req
	}
	if next != nil {
		next.prepare(st, now)
		req.HandOver(now, from, to, next.req)
		return
	}
	st.loseAt(req, from, to, cause)
}

// givenUp takes what a Requester gave up. What stayed unanswered is passed on.
func (st *stream) givenUp(now reliable.Time, of *inquiry, lost []nack.Lost) {
	next := st.after(of)
	for _, l := range lost {
		if next != nil && l.Cause == nack.Unanswered {
			next.prepare(st, now)
			next.req.TakeOver(now, l.Found, l.Range)
			continue
		}
		st.win.lose(l.From, l.To, causeOf(l.Cause))
		st.wake()
	}
}

// after returns the holder that is asked after another, or after the publisher: nil is
// for nobody, and for the publisher.
func (st *stream) after(of *inquiry) *inquiry {
	for i, h := range st.holders {
		switch {
		case of == nil:
			return h
		case h == of && i+1 < len(st.holders):
			return st.holders[i+1]
		}
	}
	return nil
}

// prepare tells a holder's Requester what the publisher's knows.
func (h *inquiry) prepare(st *stream, now reliable.Time) {
	h.req.SetGroup(st.req.GroupSize(), 0)
	h.req.SetLimit(now, st.room.limited)
}

// arrived takes a frame that came, whoever was asked for it.
func (st *stream) arrived(now reliable.Time, seq uint64, repaired bool) (nack.Gap, bool) {
	gap, missing := st.req.Arrived(now, seq, repaired)
	for i := 0; i < len(st.holders) && !missing; i++ {
		gap, missing = st.holders[i].req.Arrived(now, seq, repaired)
	}
	return gap, missing
}

// gaps returns how many gaps there are, whoever is asked for them.
func (st *stream) gaps() int {
	n := st.req.Gaps().Len()
	for _, h := range st.holders {
		n += h.req.Gaps().Len()
	}
	return n
}

// firstMissing returns the lowest missing number, whoever is asked for it.
func (st *stream) firstMissing() (uint64, bool) {
	first, ok := st.req.Gaps().First()
	for _, h := range st.holders {
		if seq, missing := h.req.Gaps().First(); missing && (!ok || seq < first) {
			first, ok = seq, true
		}
	}
	return first, ok
}
