package nack

import (
	"math/bits"
	"time"
)

// The Requester's schedule: when it has something to do, what it gives up, what
// it asks for, and when it asks again.

// Deadline returns when to call Advance.
func (r *Requester) Deadline() Time {
	if r.gaps.Len() == 0 {
		return Never
	}
	return max(r.next, r.quiet)
}

// Advance gives up what has waited too long and collects what is due. It returns
// the runs given up, valid until the next call; Request then returns what to
// ask for.
func (r *Requester) Advance(now Time) []Lost {
	r.lost, r.ask = r.lost[:0], r.ask[:0]
	if now < r.Deadline() {
		return nil
	}
	r.advanced = now
	r.giveUp(now)
	r.collect(now)
	return r.lost
}

// giveUp moves every gap whose time has ended to r.lost.
func (r *Requester) giveUp(now Time) {
	list := r.gaps.all()
	kept := 0
	for i := range list {
		gap := &list[i]
		if now < r.end(gap) {
			if kept < i {
				list[kept] = *gap
			}
			kept++
			continue
		}
		cause := Late
		switch {
		case r.cfg.NoRecovery:
			cause = NotRecovered
		case gap.since != Never && gap.since.Add(r.cfg.Silence+r.behind) <= now:
			cause = Unanswered
		}
		r.lost = append(r.lost, Lost{gap.Range, cause})
	}
	r.gaps.list = r.gaps.list[:r.gaps.head+kept]
	if r.cfg.NoRecovery && len(r.lost) > 0 {
		r.forgetReorder()
	}
}

// end returns when a gap is given up.
func (r *Requester) end(gap *Gap) Time {
	end := Never
	if gap.since != Never {
		end = gap.since.Add(r.cfg.Silence + r.behind)
	}
	if r.cfg.NoRecovery {
		end = gap.Found.Add(max(2*r.reorder, minReorder))
	}
	if r.cfg.MaxWait > 0 {
		end = min(end, gap.Found.Add(r.cfg.MaxWait))
	}
	return end
}

// collect puts what is due into r.ask, lowest first, and finds the next deadline.
func (r *Requester) collect(now Time) {
	r.outstanding, r.full, r.limited, r.next = 0, false, false, Never
	list := r.gaps.all()
	for i := range list {
		if gap := &list[i]; gap.tries > 0 && gap.due > now {
			r.outstanding += gap.Len()
		}
	}
	room := r.cfg.MaxAsk - min(r.cfg.MaxAsk, r.outstanding)
	jitter := r.rand.Uint64() // one for all: what is asked together is due together
	for i := 0; i < r.gaps.Len(); i++ {
		gap := &r.gaps.all()[i]
		if gap.due <= now {
			part := gap.Range.Clip(gap.From, r.limit)
			r.limited = r.limited || part.Len() < gap.Len()
			if part.Len() > room {
				r.full = true
				part.To = part.From + room
			}
			if part.Len() == 0 {
				gap.since = Never // while nobody asks, nothing goes unanswered
				r.next = min(r.next, r.end(gap))
				continue
			}
			if part.Len() < gap.Len() { // ask for the first part, the rest waits
				rest := *gap
				rest.From, gap.To = part.To, part.To
				r.gaps.insert(i+1, rest)
				gap = &r.gaps.all()[i]
			}
			room -= part.Len()
			r.outstanding += part.Len()
			r.mark(now, gap, jitter)
			r.ask = append(r.ask, part)
		}
		r.next = min(r.next, gap.due, r.end(gap))
	}
}

// mark notes that a gap is asked for now, and when to ask again.
func (r *Requester) mark(now Time, gap *Gap, jitter uint64) {
	if gap.since == Never {
		gap.since = now
	}
	wait := r.timeout() << min(gap.tries, 16)
	// Never so rarely that a chance loss of a few requests ends a gap, however
	// long the round trip is, or is believed to be.
	wait = min(wait, max(min(r.timeout(), r.cfg.Silence/8), r.cfg.Silence/16))
	extra, _ := bits.Mul64(jitter, uint64(wait/2))
	gap.due = now.Add(wait - wait/4 + time.Duration(extra))
	gap.tries++
}
