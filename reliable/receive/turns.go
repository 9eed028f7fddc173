package receive

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/mix"
)

// The turns of the answerers: who is asked for a missing frame, and who is asked next.
//
// The publisher comes first. Holders follow that have the frame by their DIGEST, in an order
// that differs from block to block of frames, so that several share the work. A stream that
// catches up asks those before the publisher. An answerer that was asked for a gap in vain
// isn't asked for it again, but in a second round, where one of them didn't answer at all.

const (
	// askedBlock is the number of frames in a row that the same holder is asked for.
	askedBlock = 64
	// muteTries is the number of requests without any answer after which the next holder is
	// asked, and muteTime how long one is taken for mute then, though it sends DIGESTs.
	muteTries = 3
	muteTime  = 10 * time.Second
)

// choose returns the answerer to ask for a frame next, nil if there is none, and up to where
// it is the one.
func (a *answerers) choose(seq uint64, t trail) (best *inquiry, until uint64) {
	until = endless
	if a.stream.aftermath != nil {
		q, to := a.survivor(seq, t)
		if until = min(until, to); q != nil {
			return q, until
		}
	}
	late := a.catchesUp()
	least, most := 0, uint64(0)
	for _, q := range a.list {
		if t.has(q) {
			continue
		}
		rank, score, to := a.rank(q, seq, late)
		until = min(until, to)
		if rank < 0 {
			continue
		}
		if best == nil || rank < least || rank == least && score > most {
			best, least, most = q, rank, score
		}
	}
	if end := seq - seq%askedBlock + askedBlock; best != nil && best != a.expected && end != 0 {
		until = min(until, end) // the last block of all has no end
	}
	return best, until
}

// rank returns the rank of an answerer for a frame, the lower the sooner, or -1 if it lacks the
// frame; its score among those of the same rank; and up to where both are so.
func (a *answerers) rank(q *inquiry, seq uint64, late bool) (rank int, score, until uint64) {
	if q == a.publisher() {
		switch {
		case !a.publisherAnswers():
			return -1, 0, endless
		case seq < a.oldest:
			return -1, 0, a.oldest
		case late:
			return 1, 0, ^uint64(0)
		}
		return 0, 0, ^uint64(0)
	}
	switch {
	case q == a.expected && !a.patient():
		return -1, 0, endless
	case q == a.expected:
		return 5, 0, endless
	case q.survivor: // whose turn is known elsewhere
		return -1, 0, endless
	}
	s, until := q.holding.of(seq)
	now := a.stream.r.now
	stale := q.holding.known && now.Sub(q.holding.at) > q.holding.fresh()
	switch {
	case s == lacks:
		return -1, 0, until
	case q.gone, q.mute && (stale || now.Sub(q.mutedAt) > a.stream.r.cfg.Recovery.Silence):
		return -1, 0, ^uint64(0) // it is gone
	case q.mute, stale:
		rank = 4
	case s == unknown:
		rank = 3
	case late:
		rank = 0
	default:
		rank = 2
	}
	if s == has {
		score = mix.Uint64(seq/askedBlock ^ mix.Uint64(q.id))
	} else {
		score = uint64(maxHolders - q.index) // as they were admitted
	}
	return rank, score, until
}

// publisherServes reports whether the publisher may hold a frame, and may answer.
func (a *answerers) publisherServes(seq uint64) bool {
	return seq >= a.oldest && a.publisherAnswers()
}

// publisherAnswers reports whether the publisher may answer.
func (a *answerers) publisherAnswers() bool {
	return !a.stream.deserted() && a.stream.session.source.IsValid()
}

// catchesUp reports whether the stream is behind by more than a window.
func (a *answerers) catchesUp() bool {
	st := a.stream
	return st.win.high-st.win.next > st.room.span()
}

// passOn takes the word that one who was asked has nothing of [from, to). The next one is
// asked, and behind the last one missing frames are lost. Frames of the publisher's for which
// there is no room stay where they are.
func (a *answerers) passOn(now reliable.Time, of *inquiry, from, to uint64, cause reliable.Cause) {
	if len(a.list) == 1 {
		a.loseOf(of, from, to, cause)
		return
	}
	end := to
	if of == a.publisher() {
		to = min(to, a.stream.room.edge())
	}
	for from < to {
		a.taken = of.req.Take(from, to, a.taken[:0])
		for _, m := range a.taken {
			m.Trail = uint32(trail(m.Trail).with(of, cause))
			a.place(now, m)
		}
		from, to = to, min(end, a.nobody(to, trail(0).with(of, cause)))
	}
}

// nobody returns up to where, from the end of the room for frames on, nobody is left to be asked,
// where all that there is room for is given up: so is that, at the same instant. It returns seq if
// that isn't so.
func (a *answerers) nobody(seq uint64, t trail) uint64 {
	w := &a.stream.win
	if seq < a.stream.room.edge() || w.passedLost(w.next) < seq {
		return seq
	}
	q, until := a.choose(seq, t)
	if q != nil {
		return seq
	}
	return until
}

// place has the next answerer asked for a missing run, or gives it up.
func (a *answerers) place(now reliable.Time, m nack.Missing) {
	for m.Len() > 0 {
		t := trail(m.Trail)
		q, until := a.choose(m.From, t)
		if q == nil {
			if again, ok := t.again(); ok {
				m.Trail = uint32(again)
				continue
			}
		}
		for until < m.To && (q == nil || !q.survivor) { // blocks in a row of the same one
			next, to := a.choose(until, t)
			if next != q {
				break
			}
			until = to
		}
		part := m
		part.To = min(until, m.To)
		m.From = part.To
		switch {
		case q == nil:
			a.stream.giveUp(part.Range, a.causeOf(t))
			continue
		case q == a.publisher():
			part.Trail |= uint32(trailPlaced)
		default:
			a.prepare(now, q)
		}
		q.req.TakeOver(now, part)
	}
}

// prepare gives a holder's Requester the knowledge of the publisher's.
func (a *answerers) prepare(now reliable.Time, q *inquiry) {
	q.req.SetGroup(a.publisher().req.GroupSize(), a.tripOf(q))
	if limit := a.stream.room.limited; limit != 0 && q != a.expected {
		q.req.SetLimit(now, limit)
	}
}

// divert has holders asked, before the publisher, for frames that it doesn't hold, and for all
// that it wasn't asked for yet while the stream catches up.
func (a *answerers) divert(now reliable.Time) {
	pub, st := a.publisher(), a.stream
	first, any := pub.req.Gaps().First()
	if len(a.list) == 1 || !any || a.publisherServes(first) && !a.catchesUp() {
		return
	}
	cause := reliable.CauseGone
	if st.deserted() {
		cause = reliable.CauseSilent
	}
	for from, to := first, st.room.edge(); from < to; {
		a.taken = pub.req.TakeUnasked(from, to, uint32(trailPlaced), a.taken[:0])
		for _, m := range a.taken {
			if t := trail(m.Trail); t.cause() == 0 && !a.publisherServes(m.From) {
				m.Trail |= uint32(trail(cause) << trailCause)
			}
			a.place(now, m)
		}
		from, to = to, a.nobody(to, trail(cause)<<trailCause)
	}
	// Some that it was asked for may have had no room when it said that it has them no more.
	a.passOn(now, pub, first, min(a.oldest, st.room.edge()), reliable.CauseGone)
}

// skipMute has others asked for what a holder doesn't answer for, and for all else that it is
// still to be asked for.
func (a *answerers) skipMute(now reliable.Time, q *inquiry) {
	if !q.req.Unheard(now, q.answered, muteTries) {
		return
	}
	q.silence(now)
	a.taken = q.req.All(a.taken[:0])
	runs := len(a.taken)
	for _, m := range a.taken[:runs] {
		t := trail(m.Trail)
		if t&trailAgain != 0 {
			continue
		}
		if q.req.Asked(m.From) {
			t = t.with(q, reliable.CauseUnanswered) | trailMute
		}
		if next, _ := a.choose(m.From, t); next == nil || next == q ||
			next == a.expected && a.stream.aftermath != nil {
			continue // it has the whole silence time
		}
		from := len(a.taken)
		a.taken = q.req.Take(m.From, m.To, a.taken)
		for _, m := range a.taken[from:] {
			m.Trail = uint32(t)
			a.place(now, m)
		}
		a.taken = a.taken[:from]
	}
}
