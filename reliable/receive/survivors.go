package receive

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/inquest"
)

// Survivors among the answerers. There may be a thousand of them, of whom the inquest knows what
// each has. One has a place in the list while it is asked for something. What nobody has waits, as
// it does for holders that are expected.

// await has what nobody has wait from now on.
func (a *answerers) await(now reliable.Time) {
	if a.expected != nil {
		return
	}
	index := slices.IndexFunc(a.list, func(q *inquiry) bool { return q.gone })
	if index < 0 {
		index = len(a.list)
	}
	a.expected = a.inquiry(now, Holder{}, index)
	a.stream.session.wary = true
	a.expected.req.SetLimit(now, 0)
	a.sit(a.expected)
}

// doubt has what the publisher doesn't answer for wait until it is heard again, or found silent:
// it may be dead, and the survivors be asked.
func (a *answerers) doubt(now reliable.Time) {
	if st := a.stream; st.r.cfg.Inquest && st.phase <= live && st.waits == nil {
		a.await(now)
	}
}

// trust ends the doubt: the publisher is heard, and doesn't answer.
func (a *answerers) trust() {
	if q := a.expected; q != nil && a.stream.waits == nil {
		a.loseWaiting(reliable.CauseUnanswered)
		a.expected, q.gone = nil, true
		if len(a.list) == 2 {
			a.list = a.only[:]
		}
	}
}

// patient reports whether what nobody has may wait.
func (a *answerers) patient() bool {
	f := a.stream.aftermath
	return f == nil || f.patient()
}

// asksSurvivors reports whether a survivor is asked that may answer.
func (a *answerers) asksSurvivors() bool {
	return slices.ContainsFunc(a.list, func(q *inquiry) bool {
		return q.survivor && !q.mute && q.req.Gaps().Len() > 0
	})
}

// causeOf returns the cause for which a gap is given up that nobody is left to be asked for.
func (a *answerers) causeOf(t trail) reliable.Cause {
	cause := t.cause()
	if f := a.stream.aftermath; f != nil && cause == reliable.CauseSilent &&
		f.q.Outcome() != inquest.CutOff {
		return reliable.CauseUnanswered // a certificate says more
	}
	return cause
}

// waitingRuns returns how many runs wait.
func (a *answerers) waitingRuns() int {
	if a.expected == nil {
		return 0
	}
	return a.expected.req.Gaps().Len()
}

// loseWaiting gives up what waits.
func (a *answerers) loseWaiting(cause reliable.Cause) {
	if a.expected != nil {
		a.loseOf(a.expected, 0, endless, cause)
	}
}

// renew has survivors asked for what waits: those that weren't asked yet, or all.
func (a *answerers) renew(now reliable.Time, all bool) {
	if a.expected == nil {
		return
	}
	a.taken = a.expected.req.Take(0, endless, a.taken[:0])
	for _, m := range a.taken {
		if all {
			m.Trail &^= uint32(trailAsked | trailMute | trailAgain)
		}
		a.place(now, m)
	}
}

// survivor returns the survivor to ask for a frame next, nil if there is none, and up to where that
// is so.
func (a *answerers) survivor(seq uint64, t trail) (*inquiry, uint64) {
	q := a.stream.aftermath.q
	a.asks++
	a.skips = a.skips[:0]
	for _, one := range a.list[1:] {
		if t.has(one) || one.mute {
			a.skips = append(a.skips, one.id)
		}
	}
	var skip func(uint64) bool
	if len(a.skips) > 0 {
		skip = func(id uint64) bool { return slices.Contains(a.skips, id) }
	}
	m, until, ok := q.Ask(seq, skip)
	if !ok {
		return nil, until
	}
	return a.placeOf(&m), until
}

// placeOf returns the inquiry of a survivor, nil if there is no place for it now.
func (a *answerers) placeOf(m *inquest.Member) *inquiry {
	now := a.stream.r.now
	q := a.holder(m.ID)
	if q == nil || q.survivor && q.addr != m.Addr {
		if q = a.seat(now, m, q); q == nil {
			return nil
		}
	}
	if q.addr != m.Addr {
		return nil
	}
	q.echo.note(m.Heard, m.Time)
	return q
}

// seat gives a survivor a place: its own, which it had under another address, a free one, or that
// of one that is asked for nothing.
func (a *answerers) seat(now reliable.Time, m *inquest.Member, own *inquiry) *inquiry {
	index := len(a.list)
	switch {
	case own != nil:
		index = own.index
	case index > maxHolders:
		index = slices.IndexFunc(a.list, func(q *inquiry) bool { return q.survivor && q.free() })
	}
	if index < 0 || own != nil && !own.free() {
		return nil
	}
	q := a.inquiry(now, Holder{m.ID, m.Addr}, index)
	q.survivor = true
	a.sit(q)
	return q
}

// sit puts an inquiry into its place in the list.
func (a *answerers) sit(q *inquiry) {
	if q.index == len(a.list) {
		a.list = append(a.list, q)
		return
	}
	a.list[q.index] = q
	for _, one := range a.list { // it was another that was asked in vain
		one.req.ClearTrails(1 << q.index)
	}
}

// free reports whether nothing is asked of a holder.
func (q *inquiry) free() bool { return q.req.Gaps().Len() == 0 && len(q.ranges) == 0 }

// fromMember reports whether a REPAIR comes from a member of the inquest, which may have no place
// in the list.
func (a *answerers) fromMember(from netip.AddrPort, f *frame.Frame) bool {
	q := a.stream.aftermath
	return q != nil && f.Kind == frame.Repair && q.q.Listens(from, f.Responder)
}

// mayVolunteer reports whether a REPAIR counts that answers somebody else's request: a member of
// the inquest has the frame by its last DIGEST, and it is missing here. So one repair to the group
// serves all, whenever each would have asked, and whom.
func (a *answerers) mayVolunteer(from netip.AddrPort, f, inner *frame.Frame) bool {
	q := a.stream.aftermath
	return q != nil && f.Kind == frame.Repair && a.misses(inner.Seq) &&
		q.q.Holds(from, f.Responder, inner.Seq)
}

// misses reports whether a frame is missing, whoever is asked for it.
func (a *answerers) misses(seq uint64) bool {
	for _, q := range a.list {
		if _, missing := q.req.Trail(seq); missing {
			return true
		}
	}
	return false
}

// tripOf returns the round trip of the group, for a survivor: as far as is known, others are
// as far away.
func (a *answerers) tripOf(q *inquiry) time.Duration {
	if q.survivor {
		return a.publisher().req.RoundTrip()
	}
	return 0
}

// dismiss takes the survivors out of the list, and has others asked for what they were asked for.
func (a *answerers) dismiss(now reliable.Time) {
	var taken []nack.Missing
	kept := a.list[:1:1]
	for _, q := range a.list[1:] {
		if q.survivor || q == a.expected {
			taken = q.req.Take(0, endless, taken)
			continue
		}
		q.index = len(kept)
		kept = append(kept, q)
	}
	a.list, a.expected = kept, nil
	for _, q := range kept {
		q.req.ClearTrails(uint32(trailAsked | trailMute | trailAgain | trailPlaced))
	}
	for _, m := range taken {
		m.Trail = 0
		if a.stream.deserted() {
			m.Trail = uint32(trail(reliable.CauseUnanswered) << trailCause)
		}
		a.place(now, m)
	}
}

// hearSurvivor takes a DIGEST of one that may be a survivor of the stream's publisher, or cut off
// from it.
func (st *stream) hearSurvivor(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	st.session.touch(st)
	switch a := st.aftermath; {
	case f.Responder == f.Session:
		st.r.stats.Foreign++
	case f.Request != 0: // an answer to a FIND: it tells its asker
	case a != nil:
		old := a.q.Refused().Old
		if a.q.Hear(now, from, f) {
			st.stats.DigestsHeard++
			a.hearsOfMore(now, f)
		} else if a.q.Refused().Old == old { // else the network had it twice, or out of order
			st.r.stats.Foreign++
		}
	case st.r.cfg.Inquest && st.hears(now):
		st.witnessed(now, from, f)
	}
	st.r.enliven(st.session)
}

// lastDigest returns the last DIGEST of a recorder that is believed to be there, or nil.
func (q *inquiry) lastDigest(now reliable.Time, st *stream) *frame.Frame {
	h := &q.holding
	if !h.known || q.gone || q.survivor || now.Sub(h.at) > h.fresh() {
		return nil
	}
	f := &frame.Frame{
		Kind: frame.Digest, Session: st.session.id, Channel: st.channel,
		Responder: q.id, Time: q.echo.told, OldestSeq: h.oldest.seq, OldestOffset: h.oldest.offset,
		NextSeq: h.next.seq, NextOffset: h.next.offset, Ranges: h.absent,
		Digest: &frame.DigestBody{Role: frame.Recorder, Version: h.version, Position: h.position,
			At: h.began.known, AtSeq: h.began.seq, AtOffset: h.began.offset,
			From: h.oldest.seq, To: max(h.upTo, h.oldest.seq)},
	}
	if h.final {
		f.Flags = frame.Final
	}
	return f
}
