package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// lossReport is a run of messages [from, to) that an application is told are lost.
type lossReport struct {
	*view
	from, to uint64
	cause    reliable.Cause
}

// loss judges a loss report: that its messages exist, that they weren't told
// before, and that its cause is true.
func (v *view) loss(ev *reliable.Event) {
	from, to := ev.Lost.From, ev.Lost.To
	if from >= to || from < v.s.FirstOffset || to > v.s.NextOffset() {
		v.fail("[%d, %d) is reported lost, and the publisher accepted [%d, %d)", from, to,
			v.s.FirstOffset, v.s.NextOffset())
		return
	}
	v.app.lost += to - from
	v.c.tally.Lost[ev.Cause] += to - from
	v.advance("lost", from, to)
	v.app.ready = max(v.app.ready, v.c.w.Now())
	v.certificates.loss(from, to, ev.Cause)
	l := lossReport{v, from, to, ev.Cause}
	l.judgeCause()
	l.judgeTime()
}

// judgeCause asks whether the cause is true.
func (l *lossReport) judgeCause() {
	recovery := l.recovery
	switch l.cause {
	case reliable.CauseGone:
		l.judgeGone()
		l.judgeKept()
	case reliable.CauseUnanswered:
		if recovery.Off {
			l.deny("and recovery is off")
		}
		if !l.app.inquires() { // else its certificate is judged
			l.judgeUnanswered()
			l.judgePatience()
		}
	case reliable.CauseSilent:
		l.pulse.judgeSilent(l.holders.final || l.holders.extended)
		l.pulse.judgeOpen(l.app.begun, l.holders.final, false)
	case reliable.CauseEnded:
		if l.s.Closed == reliable.Never || !l.pulse.bye && !l.holders.ended {
			l.deny("and no BYE was heard")
		}
	case reliable.CauseLate:
		if recovery.MaxWait == 0 {
			l.deny("and there is no MaxWait")
		}
		l.judgeLate()
	case reliable.CauseNotRecovered:
		if !recovery.Off {
			l.deny("and recovery is on")
		}
	case reliable.CauseMemory:
		l.judgeMemory()
	case reliable.CauseClosed:
		if !l.sub.Left() {
			l.deny("and the subscriber was not closed")
		}
	case reliable.CauseDropped:
		l.judgeDropped()
	case reliable.CauseSlow:
		l.judgeSlow()
	case reliable.CauseTooLarge:
		l.judgeTooLarge()
	case reliable.CauseNobody: // its certificate is judged
	default: // a publisher never contradicts itself
		l.deny("which can't be")
	}
}

// deny notes that the cause isn't true, and why.
func (l *lossReport) deny(why string) {
	l.fail("[%d, %d) is lost as %q, %s", l.from, l.to, l.cause, why)
}

// firstFrame returns the first frame that the run of lost ones can start with: the run's
// first cause is the cause of them all, and its first frames may belong to a message that
// was reported already.
func (l *lossReport) firstFrame() uint64 {
	return l.t.first(max(l.from, l.s.FirstOffset+1) - 1)
}

// missing returns the first frame of the lost messages that didn't come.
func (l *lossReport) missing() (uint64, bool) {
	return l.arrivals.missing(l.t.first(l.from), l.t.last(l.to))
}

// judgeGone asks whether the publisher may have overwritten the lost messages, or a holder
// denied them. A holder's word is the last: the publisher was asked before.
func (l *lossReport) judgeGone() {
	if first := l.firstFrame(); first >= l.t.next() || !l.t.mayLack(first) &&
		!within(l.holders.denied, first, l.t.last(l.to)) &&
		!l.holders.any(first-l.s.FirstSeq, l.t.last(l.to)-l.s.FirstSeq) {
		l.fail("[%d, %d) is lost as %q, and the publisher holds it: frame %d on, of %d "+
			"that fit and %d next",
			l.from, l.to, l.cause, first, l.t.slots, l.t.next())
	}
}

// judgeKept asks whether a publisher that should have kept lost messages for this
// subscriber didn't: what one that counts has yet to take is always held, unless a quorum
// of others is enough.
func (l *lossReport) judgeKept() {
	p := l.s.Publisher
	if p.Session() != l.s || !p.Running() || l.t.cfg.Disk.FailReads > 0 ||
		l.t.cfg.Sender.Flow.Pace.Kind == reliable.PaceQuorum {
		return
	}
	kept, since, counts := p.CountedFrom(l.cfg.Receiver.ID, l.s.Partition)
	q, ok := l.missing()
	if !ok || !counts || q < kept {
		return
	}
	if l.t.answers.denied(since, q, l.sub) {
		return // before it had a row, what only the disk held was denied
	}
	l.fail("[%d, %d) is lost as no longer held, and the publisher counts this subscriber from "+
		"frame %d on: it must hold %d", l.from, l.to, kept, q)
}

// judgePatience asks whether a survivor gives something up while its publisher may be dead, and
// others may have it: the inquest is to come first. A publisher that repairs what is missing is
// alive: what it hadn't answered for by then is lost.
func (l *lossReport) judgePatience() {
	quiet := l.c.w.Now().Sub(max(l.pulse.lastHeard, l.pulse.repaired))
	if l.survives() && !l.works && l.pulse.heard && !l.pulse.bye && l.app.live() &&
		quiet > 2*l.pulse.interval+50*time.Millisecond {
		l.fail("[%d, %d) is lost as %q, and the publisher wasn't heard for %v: survivors may "+
			"have it", l.from, l.to, l.cause, quiet)
	}
}

// judgeLate asks whether a frame of lost messages was waited for as long as was
// allowed.
func (l *lossReport) judgeLate() {
	if l.threwAway() || l.holders.found {
		return // which frame it was, or since when it was missing, can't be seen
	}
	a, allowed := &l.arrivals, l.recovery.MaxWait
	for q := l.firstFrame(); q < l.t.last(l.to); q++ {
		if !a.got.has(q-l.s.FirstSeq) && l.c.w.Now().Sub(a.gaps.foundAt(q)) >= allowed {
			return
		}
	}
	l.fail("[%d, %d) is lost as too late, and none of its frames was waited for as long as %v",
		l.from, l.to, allowed)
}

// judgeMemory asks whether a message that was lost for want of memory spans
// frames, and whether memory is short.
func (l *lossReport) judgeMemory() {
	for o := l.from; o < l.to; o++ {
		if !l.t.spans(o) {
			l.fail("offset %d is lost for want of room in the buffer, and fits one frame", o)
		}
	}
	size, e := len(l.s.Payload(l.from)), l.c.ear(l.sub)
	if limit := e.limits.memory; e.peak+2*size+2*frame.MaxDatagram < limit {
		l.fail("offset %d of %d bytes is lost for want of room in the buffer, and %d bytes at "+
			"the most were used of %d", l.from, size, e.peak, limit)
	}
}

// judgeDropped asks whether the publisher dropped the lost messages.
func (l *lossReport) judgeDropped() {
	for o := l.from; o < l.to; o++ {
		if !l.s.Dropped(o) {
			l.fail("offset %d is lost as %q, and the publisher didn't drop it", o, l.cause)
			return
		}
	}
}

// judgeSlow asks whether the subscriber may drop messages, and its application may be slow.
func (l *lossReport) judgeSlow() {
	if o := l.cfg.Receiver.Overload; o != reliable.OverloadDropOldest &&
		o != reliable.OverloadDropNewest {
		l.fail("[%d, %d) is lost as %q, and the subscriber is not to drop, but to %v", l.from, l.to,
			l.cause, o)
	} else if !l.works && l.sub.Pauses() == 0 {
		l.deny("and its application takes no time")
	}
}

// judgeTooLarge asks whether a frame is too large to be repaired.
func (l *lossReport) judgeTooLarge() {
	for q := l.firstFrame(); q < l.t.last(l.to); q++ {
		if l.t.tooLarge(q) {
			return
		}
	}
	l.deny("and each of its frames fits")
}

// judgeTime asks whether a loss was reported within the stated time.
func (l *lossReport) judgeTime() {
	q, ok := l.missing()
	if !ok || l.works || l.sub.Left() {
		return
	}
	found := l.arrivals.gaps.foundAt(q)
	if found == 0 {
		return
	}
	// How many messages were lost, the frame after them tells, once it has come or
	// is lost as well.
	last := l.t.last(l.to)
	found = max(found, l.arrivals.gaps.foundAt(last-1), l.arrivals.gaps.foundAt(last))
	if l.cause == reliable.CauseSilent || l.cause == reliable.CauseEnded {
		found = max(found, l.pulse.lastHeard)
	}
	bound := l.bound()
	// Before it is known where the session begins, nothing of it is told.
	since := max(found, l.help, l.t.woken, l.app.begun)
	if now := l.c.w.Now(); now.Sub(since) > bound && now.Sub(max(since, l.roomAt(q))) > bound {
		l.fail("[%d, %d) is reported lost (%v) %v after frame %d was found missing at %s, or "+
			"anything was done about it: the bound is %v",
			l.from, l.to, l.cause, now.Sub(since), q, world.Stamp(found), bound)
	}
}
