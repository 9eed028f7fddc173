package checker

import (
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// within reports whether some ranges hold one of the numbers from one to below another.
func within(ranges []nack.Range, from, to uint64) bool {
	return slices.ContainsFunc(ranges, func(r nack.Range) bool {
		return r.Clip(from,
			to).Len() > 0
	})
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
	v.lost += to - from
	v.c.tally.Lost[ev.Cause] += to - from
	v.advance("lost", from, to)
	v.ready = max(v.ready, v.c.w.Now())
	cfg := &v.cfg.Receiver
	switch ev.Cause {
	case reliable.CauseGone: // a holder's word is the last: the publisher was asked before
		if first := v.runStart(from); first >= v.t.next() || !v.t.mayLack(first) &&
			!within(v.denied, first, v.t.last(to)) {
			v.fail("[%d, %d) is lost as %q, and the publisher holds it: frame %d on, of %d "+
				"that fit and %d next",
				from, to, ev.Cause, first, v.t.slots, v.t.next())
		}
		v.judgeKept(from, to)
	case reliable.CauseUnanswered:
		if cfg.Recovery.Off {
			v.fail("[%d, %d) is lost as %q, and recovery is off", from, to, ev.Cause)
		}
		v.judgeUnanswered(from, to)
	case reliable.CauseSilent:
		v.judgeSilent()
		v.judgeOpen()
	case reliable.CauseEnded:
		if v.s.Closed == reliable.Never || !v.bye {
			v.fail("[%d, %d) is lost as %q, and no BYE was heard", from, to, ev.Cause)
		}
	case reliable.CauseLate:
		if cfg.Recovery.MaxWait == 0 {
			v.fail("[%d, %d) is lost as %q, and there is no MaxWait", from, to, ev.Cause)
		}
		v.judgeLate(from, to)
	case reliable.CauseNotRecovered:
		if !cfg.Recovery.Off {
			v.fail("[%d, %d) is lost as %q, and recovery is on", from, to, ev.Cause)
		}
	case reliable.CauseMemory:
		v.judgeMemory(from, to)
	case reliable.CauseClosed:
		if !v.sub.Left() {
			v.fail("[%d, %d) is lost as %q, and the subscriber was not closed", from, to, ev.Cause)
		}
	case reliable.CauseDropped:
		for o := from; o < to; o++ {
			if !v.s.Dropped(o) {
				v.fail("offset %d is lost as %q, and the publisher didn't drop it", o, ev.Cause)
				break
			}
		}
	case reliable.CauseSlow:
		if o := cfg.Overload; o != reliable.OverloadDropOldest && o != reliable.OverloadDropNewest {
			v.fail("[%d, %d) is lost as %q, and the subscriber is not to drop, but to %v", from, to,
				ev.Cause, o)
		} else if !v.works && v.sub.Pauses() == 0 {
			v.fail("[%d, %d) is lost as %q, and its application takes no time", from, to, ev.Cause)
		}
	case reliable.CauseTooLarge:
		q := v.runStart(from)
		for q < v.t.last(to) && !v.t.tooLarge(q) {
			q++
		}
		if q >= v.t.last(to) {
			v.fail("[%d, %d) is lost as %q, and each of its frames fits", from, to, ev.Cause)
		}
	default: // a publisher contradicts itself never
		v.fail("[%d, %d) is lost as %q, which can't be", from, to, ev.Cause)
	}
	v.judgeTime(from, to, ev.Cause)
}

// judgeKept asks whether a publisher that should have kept lost messages for this
// subscriber didn't: what one that counts has yet to take is always held, unless a quorum
// of others is enough.
func (v *view) judgeKept(from, to uint64) {
	p := v.s.Publisher
	if p.Session() != v.s || !p.Running() || v.t.cfg.Disk.FailReads > 0 ||
		v.t.cfg.Sender.Flow.Pace.Kind == reliable.PaceQuorum {
		return
	}
	kept, since, counts := p.CountedFrom(v.cfg.Receiver.ID)
	q, ok := v.missing(from, to)
	if !ok || !counts || q < kept {
		return
	}
	for i := range v.t.gones { // before it had a row, what only the disk held was denied
		if g := &v.t.gones[i]; g.sub == v.sub && g.at <= since && g.contains(q) {
			return
		}
	}
	v.fail("[%d, %d) is lost as no longer held, and the publisher counts this subscriber from "+
		"frame %d on: it must hold %d", from, to, kept, q)
}

// judgeLate asks whether a frame of lost messages was waited for as long as was
// allowed.
func (v *view) judgeLate(from, to uint64) {
	if v.threwAway() {
		return // which frame it was can't be seen
	}
	allowed := v.cfg.Receiver.Recovery.MaxWait
	for q := v.runStart(from); q < v.t.last(to); q++ {
		if !v.got.has(q-v.s.FirstSeq) && v.c.w.Now().Sub(v.foundAt(q)) >= allowed {
			return
		}
	}
	v.fail("[%d, %d) is lost as too late, and none of its frames was waited for as long as %v",
		from, to, allowed)
}

// judgeOpen asks whether the session could still fall silent: after BYE it only ends.
func (v *view) judgeOpen() {
	if v.bye && v.begun != 0 && v.byeAt > v.begun && !v.works {
		v.fail("the publisher is said to be silent, and its BYE came at %s", world.Stamp(v.byeAt))
	}
}

// judgeSilent asks whether the publisher was quiet for as long as it must have
// been. That a live publisher isn't, the truth sees to; so it was crashed,
// paused or cut off, or all that it sent was lost or waited.
func (v *view) judgeSilent() {
	quiet, silence := max(v.quiet, v.c.w.Now().Sub(v.lastHeard)), v.silence()
	if v.works {
		silence = 500 * time.Millisecond // it is told later: what was announced then?
		if least := v.cfg.Receiver.Recovery.Silence; least > 0 {
			silence = max(silence, least)
		}
	}
	if quiet < silence {
		v.fail("the publisher is said to be silent, and was quiet for at most %v, not %v",
			quiet, silence)
	}
}

func (v *view) judgeEnded(ev *reliable.Event) {
	switch ev.Cause {
	case reliable.CauseEnded:
		if !v.bye {
			v.fail("the session ended, and no BYE was heard")
		}
		if !v.known {
			return // nothing was ever published, or all of it before
		}
		if v.next != v.s.NextOffset() {
			v.fail("the session ended at offset %d, and the publisher accepted up to %d", v.next,
				v.s.NextOffset())
		}
	case reliable.CauseClosed:
		if !v.sub.Left() {
			v.fail("the session ended as closed, and the subscriber was not closed")
		}
	default:
		v.fail("the session ended by %q", ev.Cause)
	}
}

// judgeMemory asks whether a message that was lost for want of memory spans
// frames, and whether memory is short.
func (v *view) judgeMemory(from, to uint64) {
	for o := from; o < to; o++ {
		if !v.t.spans(o) {
			v.fail("offset %d is lost for want of room in the buffer, and fits one frame", o)
		}
	}
	size := len(v.s.Payload(from))
	e := v.c.ear(v.sub)
	if limit := e.limits.memory; e.peak+2*size+2*frame.MaxDatagram < limit {
		v.fail("offset %d of %d bytes is lost for want of room in the buffer, and %d bytes at "+
			"the most were used of %d", from, size, v.c.ear(v.sub).peak, limit)
	}
}

// judgeTime asks whether a loss was reported within the stated time.
func (v *view) judgeTime(from, to uint64, cause reliable.Cause) {
	q, ok := v.missing(from, to)
	if !ok || v.works || v.sub.Left() {
		return
	}
	found := v.foundAt(q)
	if found == 0 {
		return
	}
	// How many messages were lost, the frame after them tells, once it has come or
	// is lost as well.
	found = max(found, v.foundAt(v.t.last(to)-1), v.foundAt(v.t.last(to)))
	if cause == reliable.CauseSilent || cause == reliable.CauseEnded {
		found = max(found, v.lastHeard)
	}
	bound := v.bound()
	// Before it is known where the session begins, nothing of it is told.
	since := max(found, v.help, v.t.woken, v.begun)
	if now := v.c.w.Now(); now.Sub(since) > bound && now.Sub(max(since, v.roomAt(q))) > bound {
		v.fail("[%d, %d) is reported lost (%v) %v after frame %d was found missing at %s, or "+
			"anything was done about it: the bound is %v",
			from, to, cause, v.c.w.Now().Sub(since), q, world.Stamp(found), bound)
	}
}

// roundTrip returns the longest round trip that there can have been.
func (v *view) roundTrip() time.Duration { return 2*v.maxDelay + 20*time.Millisecond }

// bound is the stated time; see Checker.
func (v *view) bound() time.Duration {
	wait := v.silence() + v.maxTook
	if m := v.cfg.Receiver.Recovery.MaxWait; m > 0 {
		wait = m
	}
	return wait + 100*time.Millisecond + 6*v.roundTrip() + leastBound
}

// leastBound is the part of bound that is never missing.
const leastBound = time.Second
