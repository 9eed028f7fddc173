package receive

import (
	"slices"
	"sort"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/inquest"
)

// An aftermath is what a stream does with the other survivors of its publisher: an inquest, from
// the silence to its certificate, and then, for a while, whatever amends that. Its frames are asked
// for as all others are: by answerers.
type aftermath struct {
	st *stream
	q  *inquest.Inquest
	// start is where the inquest began.
	start uint64
	// since is when it began, and until when it is over; Never while the inquest goes on.
	since, until reliable.Time
	// own is what is held here, by the last word to q, at told. It is stale if more came since.
	own   inquest.Own
	told  reliable.Time
	stale bool
	// extended is when a DIGEST last had the stream's end looked at.
	extended reliable.Time
	absent   []nack.Range
	// What nobody had waits. It was asked for again at asked, when q had changed so often; and all
	// are asked anew at again, those as well that denied it.
	asked   reliable.Time
	looks   int // that took
	changes uint64
	again   reliable.Time
	// Until then what nobody was found to ask for waits behind the end of the inquest: the stream
	// goes further than the last certificate says, or there was no room.
	open reliable.Time

	// lost are the offsets that were named lost since the publisher fell silent, at most maxLost
	// runs, and messages counts all. frames are the numbers that were given up.
	lost     []nack.Range
	messages uint64
	frames   []nack.Range
	// last is the certificate that was told last, or nil.
	last   *reliable.Certificate
	speech speech
}

const (
	// aftermathTime is for how long survivors hear each other after the certificate.
	aftermathTime = 5 * time.Minute
	// lingerTime is for how long after it the others may need this one: the last word of all may
	// have been lost on its way to them, and they are slower to get what they lack.
	lingerTime = 500 * time.Millisecond
	// amendTime bounds how long frames are waited for that a stream turned out to have.
	amendTime = 30 * time.Second
	// ownGap is the least time between two looks at what is held here.
	ownGap = 10 * time.Millisecond
	// renewGap is the least time between two looks at who may have what nobody had, renewCost what
	// one run adds to it, and renewAll the time after which those are asked again who denied it.
	renewGap  = 10 * time.Millisecond
	renewCost = 20 * time.Microsecond
	renewAll  = 500 * time.Millisecond
	// lookCost is what a look at what one member has adds to renewGap: many times what it takes.
	lookCost = 500 * time.Nanosecond
	// maxLooks bounds the looks at each that count.
	maxLooks = 4096
	// maxLost bounds the runs of a certificate.
	maxLost = 1024
)

// holdInquest begins an inquest at a place, and reports false where none is held.
func (st *stream) holdInquest(now reliable.Time, at inquest.Place) bool {
	r, s := st.r, st.session
	if !r.cfg.Inquest || r.cfg.Recovery.Off {
		return false
	}
	a := &aftermath{st: st, since: now, until: reliable.Never, open: reliable.Never,
		again: now.Add(renewAll)}
	a.q = inquest.New(now, inquest.Config{
		ID: r.cfg.ID, Role: r.cfg.Keeper.Role(), Name: r.cfg.Name, Seed: r.cfg.Seed,
		Session: s.id, Channel: st.channel, Home: s.home(), Counted: st.stats.Announced,
		RoundTrip: st.req.RoundTrip(), FrameSize: st.room.largest, Room: &r.inquests,
	})
	st.become(orphaned)
	st.aftermath, st.ledger, st.witness = a, a, nil
	st.stats.Inquests++
	a.own.Position, a.start = at, at.Seq
	a.update(now)
	for _, h := range st.asked.list[1:] {
		if f := h.lastDigest(now, st); f != nil {
			a.q.Hear(now, h.addr, f)
		}
	}
	st.asked.await(now)
	st.asked.passOn(now, st.asked.publisher(), st.win.next, st.win.high, reliable.CauseSilent)
	st.marks.place(mark{seq: st.marks.soon(st.win.next), kind: reliable.SessionInquest})
	s.reports.hush()
	st.wake()
	return true
}

// update tells what is held here.
func (a *aftermath) update(now reliable.Time) {
	a.stale, a.told = false, now
	a.absent = a.st.stock(&a.own, a.absent[:0])
	a.own.Absent = a.absent
	a.own.Position.Seq = max(a.own.Position.Seq, a.start)
	a.q.Update(now, &a.own)
}

// advance lets time pass.
func (a *aftermath) advance(now reliable.Time) {
	if now >= a.until {
		a.st.endAftermath(now)
		return
	}
	if now >= a.q.Deadline() || a.stale && now >= a.told.Add(ownGap) {
		a.update(now)
		a.q.Advance(now)
		a.extend(now)
	}
	a.renew(now)
	if a.st.phase == orphaned {
		if outcome := a.q.Outcome(); outcome != inquest.Running {
			a.conclude(now, outcome)
		}
		return
	}
	if c := a.q.Amended(); c != nil {
		a.settle(now, c)
		a.certify(now, reliable.SessionAmended, c)
	}
	if now >= a.open {
		a.open = reliable.Never
	}
	if !a.patient() {
		a.st.asked.loseWaiting(reliable.CauseUnanswered)
	}
}

// deadline returns when to call advance.
func (a *aftermath) deadline() reliable.Time {
	at := min(a.until, a.open, a.q.Deadline())
	if a.stale {
		at = min(at, a.told.Add(ownGap))
	}
	return min(at, a.renewAt())
}

// extend takes the evidence of how far the stream goes.
func (a *aftermath) extend(now reliable.Time) {
	st, end := a.st, a.q.Evidence()
	if end.Seq <= st.win.high || end.Offset < st.stats.NextOffset {
		return
	}
	if end.Seq-st.win.high > maxEvidence || !st.extent.believes(now, end.Seq, end.Offset) {
		return
	}
	if st.phase == silent {
		a.wait(now, amendTime)
	}
	st.extent.exists(now, end.Seq)
	st.extent.begins(end.Seq, end.Offset)
	a.stale = true
	st.wake()
}

// hearsOfMore looks at once how far the stream goes when a DIGEST tells of more: all that hear it
// know then, at the same time, of what is repaired to the group next.
func (a *aftermath) hearsOfMore(now reliable.Time, f *frame.Frame) {
	if f.NextSeq > a.st.win.high && now >= a.extended.Add(ownGap) {
		a.extended = now
		a.extend(now)
	}
}

// wait has what nobody was found to ask for wait for a while.
func (a *aftermath) wait(now reliable.Time, d time.Duration) {
	if at := now.Add(d); a.open == reliable.Never || at > a.open {
		a.open = at
	}
}

// hears notes that something came.
func (a *aftermath) hears(now reliable.Time) {
	if a.stale = true; a.st.phase == silent && a.st.asked.gaps() > 0 {
		a.wait(now, a.st.r.cfg.Recovery.Silence)
	}
}

// patient reports whether what nobody is asked for may turn up, or be asked for once there is a
// place.
func (a *aftermath) patient() bool {
	return a.st.phase == orphaned || a.open != reliable.Never || a.st.asked.asksSurvivors()
}

// renewAt returns when to look again for what nobody had.
func (a *aftermath) renewAt() reliable.Time {
	runs := a.st.asked.waitingRuns()
	rests := a.asked.Add(time.Duration(a.looks) * lookCost)
	switch {
	case runs == 0:
		return reliable.Never
	case a.q.Changed() != a.changes:
		return max(rests, min(a.again, a.asked.Add(max(renewGap, time.Duration(runs)*renewCost))))
	}
	return max(rests, a.again)
}

// renew has survivors asked for what nobody had, where that has changed.
func (a *aftermath) renew(now reliable.Time) {
	if now < a.renewAt() {
		return
	}
	a.asked, a.changes = now, a.q.Changed()
	all := now >= a.again
	if all {
		a.again = now.Add(max(renewAll, time.Duration(a.st.asked.waitingRuns())*renewCost))
	}
	a.st.asked.asks = 0
	a.st.asked.renew(now, all)
	a.looks = min(a.st.asked.asks, maxLooks) * (1 + a.q.Members())
}

// conclude ends the inquest.
func (a *aftermath) conclude(now reliable.Time, outcome inquest.Outcome) {
	st, c, cause := a.st, a.q.Certificate(), reliable.CauseUnanswered
	if outcome == inquest.CutOff {
		cause = reliable.CauseSilent
	}
	st.become(silent)
	a.until = now.Add(aftermathTime)
	if outcome != inquest.Agreed {
		for _, g := range c.Nobody {
			st.asked.lose(g.From, g.To, reliable.CauseNobody)
		}
		st.asked.lose(st.win.next, st.room.end(), cause)
	}
	a.settle(now, c)
	a.certify(now, reliable.SessionSilent, c)
}

// settle gives up what a certificate says that nobody has. What else is missing is waited for as
// long as some of it comes: there was no room for it, or it wasn't waited for by others.
func (a *aftermath) settle(now reliable.Time, c *reliable.Certificate) {
	for _, g := range c.Nobody {
		a.st.asked.lose(g.From, g.To, reliable.CauseNobody)
	}
	a.open = reliable.Never
	if a.st.asked.gaps() > 0 {
		a.wait(now, a.st.r.cfg.Recovery.Silence)
	}
	if c.Number > 1 {
		c.Found = a.found(c)
		a.st.stats.Found = max(a.st.stats.Found, c.Found)
	}
}

// certify has a certificate told behind what there is of the stream.
func (a *aftermath) certify(now reliable.Time, kind reliable.EventKind, c *reliable.Certificate) {
	st := a.st
	c.Took = now.Sub(a.since)
	if c.Number > 0 {
		st.stats.Certificates++
	}
	st.marks.place(mark{seq: st.win.high, offset: st.stats.NextOffset, kind: kind,
		cause: reliable.CauseSilent, of: a, certificate: c})
	st.wake()
}

// found returns the number of frames that were given up, and that a survivor has.
func (a *aftermath) found(c *reliable.Certificate) (n uint64) {
	for _, g := range a.frames {
		g = g.Clip(c.Frames.From, c.Frames.To)
		n += g.Len()
		for _, no := range c.Nobody {
			n -= no.Clip(g.From, g.To).Len()
		}
	}
	return n
}

// given returns the numbers of some ranges that were given up.
func (a *aftermath) given(ranges []nack.Range) (list []nack.Range) {
	for _, r := range ranges {
		i := sort.Search(len(a.frames), func(i int) bool { return a.frames[i].To > r.From })
		for ; i < len(a.frames) && a.frames[i].From < r.To; i++ {
			list = append(list, a.frames[i].Clip(r.From, r.To))
		}
	}
	return list
}

// giveUp notes frames that were given up.
func (a *aftermath) giveUp(frames nack.Range) {
	a.stale = true
	if frames.Len() > 0 && len(a.frames) < maxLost {
		a.frames = nack.Normalize(append(a.frames, frames))
	}
}

// note takes offsets that are named lost.
func (a *aftermath) note(lost nack.Range) {
	a.messages += lost.Len()
	if n := len(a.lost); n > 0 && a.lost[n-1].To == lost.From {
		a.lost[n-1].To = lost.To
	} else if n < maxLost {
		a.lost = append(a.lost, lost)
	}
}

// tell completes a certificate that is told now.
func (a *aftermath) tell(c *reliable.Certificate) *reliable.Certificate {
	c.Lost, c.LostMessages = slices.Clone(a.lost), a.messages
	c.Unsettled = a.given(c.Unsettled) // others came meanwhile
	a.last = c
	return c
}

// withdrawn ends the account of losses, since the publisher is heard again, and returns what
// becomes of the last certificate, or nil if there was none.
func (a *aftermath) withdrawn() *reliable.Certificate {
	if a.st.ledger == a {
		a.st.ledger = nil
	}
	if a.last == nil || a.last.Number == 0 {
		return nil
	}
	c := *a.last
	c.Withdrawn = true
	return &c
}

// lingers reports whether others may need this survivor, who has its certificate.
func (a *aftermath) lingers(now reliable.Time) bool {
	return a.until != reliable.Never && a.q.Members() > 0 &&
		now < a.until.Add(lingerTime-aftermathTime)
}

// suspended says that nothing could be heard for so long.
func (a *aftermath) suspended(d time.Duration) {
	a.q.Suspended(d)
	if a.until != reliable.Never {
		a.until = a.until.Add(d)
	}
	if a.open != reliable.Never {
		a.open = a.open.Add(d)
	}
}

// endAftermath leaves the survivors: the publisher is asked again, if it is heard.
func (st *stream) endAftermath(now reliable.Time) {
	a := st.aftermath
	if a == nil {
		return
	}
	a.q.Close()
	st.aftermath = nil
	st.asked.dismiss(now)
	if st.phase == silent {
		st.r.cfg.Keeper.Forget(st.session.id, st.channel)
	}
}

// abandon leaves the survivors of a stream of which nothing more is told.
func (st *stream) abandon() {
	if a := st.aftermath; a != nil {
		a.q.Close()
		st.aftermath = nil
	}
	st.witness, st.ledger = nil, nil
	if k := st.r.cfg.Keeper; k != nil {
		k.Forget(st.session.id, st.channel)
	}
}
