package receive

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// answerers are those who may answer a stream's requests: its publisher, and behind it the
// holders that were admitted, in turn. Each missing frame is asked of one at a time.
type answerers struct {
	stream *stream
	// The publisher comes first, and mostly is the only one.
	list []*inquiry
	only [1]*inquiry
	own  inquiry
	// The publisher holds nothing below this number, by its own word.
	oldest uint64
	// The one that what waits for a holder is with; nil: nothing waits for one.
	expected *inquiry
	// Runs on their way from one to another.
	taken []nack.Missing
	// Survivors that aren't asked for a frame.
	skips []uint64
	// asks is how often it was looked for a survivor to ask.
	asks int
}

// start makes the publisher the one that is asked.
func (a *answerers) start(st *stream) {
	s := st.session
	a.stream = st
	a.own = inquiry{id: s.id, req: s.r.newRequester(s.id), echo: &s.echo}
	a.only[0] = &a.own
	a.list = a.only[:]
}

// publisher returns the inquiry of the publisher.
func (a *answerers) publisher() *inquiry { return &a.own }

// find returns who answers from an address under an id: the publisher speaks from its
// source and control addresses, a holder from its own, and under its id. It returns nil
// for a stranger.
func (a *answerers) find(from netip.AddrPort, responder uint64) *inquiry {
	if a.stream.session.speaks(from) {
		return a.publisher()
	}
	for _, q := range a.list[1:] {
		if q.addr == from && q.id == responder {
			return q
		}
	}
	return nil
}

// mayAnswer reports whether an answer counts of one that may answer, by the frame in a
// REPAIR. GONE and CONFIRM name who answers, and GONE a request of this subscriber's to
// it. A holder repeats only frames that it was asked for and that are still missing: while the
// publisher has a frame, a holder says nothing about it. Within an inquest mayVolunteer allows
// more.
func (a *answerers) mayAnswer(of *inquiry, f, inner *frame.Frame) bool {
	switch {
	case of == nil:
		return false
	case f.Kind == frame.Repair:
		return of == a.publisher() || of.req.Asked(inner.Seq) || a.askedBefore(of, inner.Seq)
	case f.Kind == frame.Gone:
		return f.Responder == of.id && of.req.Issued(f.Request)
	}
	return f.Responder == of.id
}

// askedBefore reports whether a holder was asked for a frame that is missing yet, though
// somebody else is asked for it now: its answer was long on its way.
func (a *answerers) askedBefore(of *inquiry, seq uint64) bool {
	for _, q := range a.list {
		if t, missing := q.req.Trail(seq); missing {
			return trail(t).has(of)
		}
	}
	return false
}

// lose gives up the missing frames of [from, to), whoever is asked for them.
func (a *answerers) lose(from, to uint64, cause reliable.Cause) {
	for _, q := range a.list {
		a.loseOf(q, from, to, cause)
	}
}

// loseOf gives up the frames of [from, to) that one answerer is asked for.
func (a *answerers) loseOf(q *inquiry, from, to uint64, cause reliable.Cause) {
	if from >= to {
		return
	}
	r := a.stream.r
	r.removed = q.req.Forget(from, to, r.removed[:0])
	for _, g := range r.removed {
		a.stream.giveUp(g, cause)
	}
}

// advance lets time pass, and gives up or passes on unanswered requests.
func (a *answerers) advance(now reliable.Time) {
	a.divert(now)
	for _, q := range a.list {
		if q != a.publisher() {
			a.skipMute(now, q)
		}
		for _, l := range q.req.Advance(now) {
			if l.Cause == nack.Unanswered {
				a.doubt(now)
			}
			if l.Cause == nack.Unanswered && len(a.list) > 1 {
				l.Trail = uint32(trail(l.Trail).with(q, reliable.CauseUnanswered))
				a.place(now, l.Missing)
				continue
			}
			a.stream.giveUp(l.Range, causeOf(l.Cause))
		}
		if number, ranges, ok := q.req.Request(now); ok {
			q.number, q.ranges = number, append(q.ranges[:0], ranges...)
		}
	}
}

// giveUp notes that missing frames won't come.
func (st *stream) giveUp(frames nack.Range, cause reliable.Cause) {
	st.win.lose(frames.From, frames.To, cause)
	if st.aftermath != nil {
		st.aftermath.giveUp(frames)
	}
	st.wake()
}

// deadline returns when to call advance.
func (a *answerers) deadline() reliable.Time {
	at := reliable.Never
	for _, q := range a.list {
		at = min(at, q.req.Deadline())
	}
	return at
}

// waiting reports whether a NACK waits to be sent.
func (a *answerers) waiting() bool {
	for _, q := range a.list {
		if len(q.ranges) > 0 {
			return true
		}
	}
	return false
}

// nack returns a NACK that waits, with as many ranges as fit, and where it goes; or nil.
func (a *answerers) nack(now reliable.Time) (*frame.Frame, netip.AddrPort) {
	st := a.stream
	for _, q := range a.list {
		if len(q.ranges) == 0 {
			continue
		}
		to, credit := q.addr, &q.credit
		if q == a.publisher() {
			to, credit = st.session.to(), &st.session.credit
			if d := st.session.feeds; d != nil {
				to = d.to(st.stats.Unanswered)
			}
		}
		if !credit.mayAsk(now) {
			q.ranges = q.ranges[:0]
			st.r.stats.Withheld++
			continue
		}
		f := st.frame(now, frame.Nack, q.echo)
		fit := frame.FitRanges(frame.Nack, q.ranges, st.r.cfg.Datagram)
		f.Request, f.Ranges = q.number, q.ranges[:fit]
		q.ranges = q.ranges[fit:]
		st.stats.Nacks++
		if q == a.publisher() {
			st.stats.Unanswered++
		}
		return f, to
	}
	return nil, netip.AddrPort{}
}

// arrived takes a frame that came, whoever was asked for it, and returns when it was found
// missing, and false if it wasn't.
func (a *answerers) arrived(now reliable.Time, seq uint64, repaired bool) (reliable.Time, bool) {
	for _, q := range a.list {
		if q.req.Gaps().Len() == 0 {
			continue // the common case
		}
		gap, missing := nack.Gap{}, false
		if b := a.stream.arbiter; b != nil && b.filling && !repaired {
			gap, missing = q.req.Filled(now, seq)
		} else {
			gap, missing = q.req.Arrived(now, seq, repaired)
		}
		if missing {
			return gap.Found, true
		}
	}
	return 0, false
}

// gaps returns how many gaps there are, whoever is asked for them.
func (a *answerers) gaps() (n int) {
	for _, q := range a.list {
		n += q.req.Gaps().Len()
	}
	return n
}

// pending reports whether holders are asked, or will be when there is room.
func (a *answerers) pending() bool { return len(a.list) > 1 && a.gaps() > 0 }

// missing returns the lowest number, from seq on, that is not missing.
func (a *answerers) missing(seq uint64) uint64 {
	if len(a.list) == 1 {
		return a.own.req.Gaps().Missing(seq)
	}
	for from := seq; ; from = seq {
		for _, q := range a.list {
			seq = q.req.Gaps().Missing(seq)
		}
		if seq == from {
			return seq
		}
	}
}

// forget removes the numbers of [from, to), for which nobody waits any more.
func (a *answerers) forget(from, to uint64) {
	r := a.stream.r
	for _, q := range a.list {
		r.removed = q.req.Forget(from, to, r.removed[:0])
	}
}

// firstMissing returns the lowest missing number, whoever is asked for it.
func (a *answerers) firstMissing() (first uint64, missing bool) {
	for _, q := range a.list {
		if seq, ok := q.req.Gaps().First(); ok && (!missing || seq < first) {
			first, missing = seq, true
		}
	}
	return first, missing
}

// setLimit says up to where there is room.
func (a *answerers) setLimit(now reliable.Time, limit uint64) {
	for _, q := range a.list {
		if q != a.expected {
			q.req.SetLimit(now, limit)
		}
	}
}

// setBehind sets the lateness of the frames that are taken in now.
func (a *answerers) setBehind(d time.Duration) {
	for _, q := range a.list {
		q.req.SetBehind(d)
	}
}

// suspended says that nothing could be heard for so long.
func (a *answerers) suspended(d time.Duration) {
	for _, q := range a.list {
		q.req.Suspended(d)
	}
}

// release forgets all missing frames, and the requests that wait.
func (a *answerers) release() {
	for _, q := range a.list {
		q.req.Forget(0, ^uint64(0), nil)
		q.number, q.ranges = 0, nil
	}
}
