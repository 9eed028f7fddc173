package nack

import (
	"math/bits"
	"time"
)

// This file is the Requester's schedule: which gaps it gives up, which it asks for, and when.

// Deadline returns when Advance must be called.
func (r *Requester) Deadline() Time {
	if r.gaps.Len() == 0 {
		return Never
	}
	// Only requests wait for the quiet time after a NACK. Giving up doesn't.
	return min(max(r.next, r.quiet), r.late, r.silent)
}

// Advance gives up gaps that have waited for too long, and collects those that are due.
// It returns the runs given up, which are valid until the next call. Request then returns
// the ranges to ask for.
func (r *Requester) Advance(now Time) []Lost {
	r.lost, r.ask = r.lost[:0], r.ask[:0]
	if now < r.Deadline() {
		return nil
	}
	r.advanced = now
	if now >= r.late {
		r.giveUpLate(now)
	}
	if now >= r.silent {
		r.giveUpUnanswered(now)
	}
	if r.cfg.Recovery.Off && len(r.lost) > 0 {
		r.forgetReorder()
	}
	if now >= max(r.next, r.quiet) {
		r.collect(now)
	}
	return r.lost
}

// patience returns how long a gap may be open, whatever its requests do; 0 means for
// ever.
func (r *Requester) patience() time.Duration {
	wait := max(r.cfg.Recovery.MaxWait, 0)
	if r.cfg.Recovery.Off {
		if wait == 0 {
			return max(2*r.lateness(), minReorder)
		}
		return min(wait, max(2*r.lateness(), minReorder))
	}
	return wait
}

// lateAt returns when a gap will have been open for too long.
func (r *Requester) lateAt(gap *Gap) Time {
	if wait := r.patience(); wait > 0 {
		return gap.Found.Add(wait)
	}
	return Never
}

// silentAt returns when a gap's requests will have gone unanswered for too long. Repairs
// wait behind a backlog in the network or the subscriber's socket just as all frames do.
func (r *Requester) silentAt(gap *Gap) Time {
	return gap.since.Add(r.cfg.Recovery.Silence + r.behind)
}

// giveUpLate moves every gap that has been open for too long to r.lost. Gaps mostly stand
// in the order in which they were found; then it stops at the first that isn't due.
func (r *Requester) giveUpLate(now Time) {
	r.late = Never
	for p := r.gaps.begin(); r.gaps.has(p); {
		gap := r.gaps.at(p)
		if at := r.lateAt(gap); at > now {
			r.late = min(r.late, at)
			if !r.gaps.unordered {
				return
			}
			p = r.gaps.next(p)
			continue
		}
		cause := Late
		if r.cfg.Recovery.Off {
			cause = NotRecovered
		} else if gap.since != Never && r.silentAt(gap) <= now {
			cause = Unanswered
		}
		p = r.giveUp(p, cause)
	}
}

// giveUpUnanswered moves every gap whose requests went unanswered for too long to r.lost.
func (r *Requester) giveUpUnanswered(now Time) {
	r.silent = Never
	for p := r.gaps.begin(); r.gaps.has(p); {
		if at := r.silentAt(r.gaps.at(p)); at > now {
			r.silent = min(r.silent, at)
			p = r.gaps.next(p)
		} else {
			p = r.giveUp(p, Unanswered)
		}
	}
}

// giveUp moves a gap to r.lost and returns the place of the next.
func (r *Requester) giveUp(p place, cause Cause) place {
	gap := r.gaps.at(p)
	if gap.tries > 0 {
		r.outstanding -= min(r.outstanding, gap.Len())
		if r.full {
			// Gaps that wait for room may go now.
			r.next = min(r.next, r.advanced)
		}
	}
	r.lost = append(r.lost, Lost{gap.missing(), cause})
	return r.gaps.remove(p)
}

// lead returns how long before its time a gap may join a NACK that is sent anyway.
func (r *Requester) lead(gap *Gap) time.Duration {
	if gap.tries == 0 {
		if r.group > SmallGroup {
			return 0 // it backs off
		}
		return gap.wait / 16
	}
	return min(gap.wait/4, r.cfg.Recovery.Silence/32)
}

// collect moves the gaps that are due into r.ask, lowest first, and finds the next
// deadline. Gaps that are due soon go along. Otherwise each gap that is asked for
// repeatedly would end up with a NACK of its own.
func (r *Requester) collect(now Time) {
	r.outstanding, r.full, r.limited, r.next = 0, false, false, Never
	anyDue := false
	for p := r.gaps.begin(); r.gaps.has(p); p = r.gaps.next(p) {
		gap := r.gaps.at(p)
		if gap.due > now {
			r.outstanding += gap.asked()
		} else if gap.From < r.limit {
			anyDue = true
		}
	}
	room := r.cfg.MaxAsk - min(r.cfg.MaxAsk, r.outstanding)
	// All gaps share one draw: those that are asked for together are due together again.
	jitter := r.rand.Uint64()
	for p := r.gaps.begin(); r.gaps.has(p); p = r.gaps.next(p) {
		gap := r.gaps.at(p)
		if gap.due > now {
			if !anyDue || now < gap.due.Add(-r.lead(gap)) || gap.To > r.limit ||
				gap.Len()-gap.asked() > room {
				r.next = min(r.next, gap.due)
				continue
			}
			// A gap that is asked for again has its room already.
			room -= gap.Len() - gap.asked()
			r.outstanding += gap.Len() - gap.asked()
		} else {
			part := gap.Range.Clip(gap.From, r.limit)
			r.limited = r.limited || part.Len() < gap.Len()
			if part.Len() > room {
				r.full = true
				part.To = part.From + room
			}
			if part.Len() == 0 {
				// While nothing is asked for, nothing goes unanswered.
				gap.since = Never
				continue
			}
			// Ask for the first part; the rest waits.
			if part.Len() < gap.Len() {
				p, _ = r.gaps.prev(r.gaps.split(p, part.To))
				gap = r.gaps.at(p)
			}
			room -= part.Len()
			r.outstanding += part.Len()
		}
		r.mark(now, gap, jitter)
		r.ask = join(r.ask, gap.Range)
		r.next = min(r.next, gap.due)
	}
}

// asked returns the number of frames of a gap that are asked for.
func (gap *Gap) asked() uint64 {
	if gap.tries == 0 {
		return 0
	}
	return gap.Len()
}

// mark notes that a gap is asked for now, and when to ask again.
func (r *Requester) mark(now Time, gap *Gap, jitter uint64) {
	if gap.since == Never {
		gap.since = now
	}
	if gap.roomless && gap.tries == 0 && r.cfg.Recovery.MaxWait <= 0 {
		// Until now it waited for room, not for a repair.
		gap.Found = now
	}
	r.silent = min(r.silent, r.silentAt(gap))
	wait := r.timeout() << min(gap.tries, 16)
	// Requests must be frequent enough, however long the round trip is or seems to be,
	// that the loss of a few doesn't end a gap, and that a closed publisher doesn't take
	// their absence for the end.
	patience := min(r.cfg.Recovery.Silence, maxPatience)
	wait = min(wait, max(min(r.timeout(), patience/8), patience/16))
	extra, _ := bits.Mul64(jitter, uint64(wait/2))
	gap.wait = wait - wait/4 + time.Duration(extra)
	gap.due = now.Add(gap.wait)
	gap.tries = min(gap.tries+1, 16)
}
