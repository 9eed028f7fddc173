package nack

import "time"

// A Missing is a run of missing numbers on its way from one Requester to another, which asks
// another responder for them.
type Missing struct {
	Range
	// Found is when the run was found missing.
	Found Time
	// Trail is what the caller keeps with the run, such as who was asked for it. A
	// Requester only hands it on.
	Trail uint32
}

const (
	// leastMute is the least time for which a responder may be quiet, and firstMute that for
	// one whose round trip isn't known yet: it may be far away.
	leastMute = 20 * time.Millisecond
	firstMute = 600 * time.Millisecond
)

// missing returns the gap as it is handed over.
func (gap *Gap) missing() Missing { return Missing{gap.Range, gap.Found, gap.trail} }

// Take removes the numbers of [from, to) that are missing, and appends them to list.
func (r *Requester) Take(from, to uint64, list []Missing) []Missing {
	for from < to {
		p, _ := r.gaps.find(from)
		if !r.gaps.has(p) || r.gaps.at(p).From >= to {
			break
		}
		part := r.gaps.at(p).missing()
		part.Range = part.Clip(from, to)
		r.removed = r.Forget(part.From, part.To, r.removed[:0])
		list = append(list, part)
		from = part.To
	}
	return list
}

// TakeUnasked is Take for runs that were not asked for, and whose trail has none of some bits.
func (r *Requester) TakeUnasked(from, to uint64, bits uint32, list []Missing) []Missing {
	for from < to {
		p, _ := r.gaps.find(from)
		if !r.gaps.has(p) || r.gaps.at(p).From >= to {
			break
		}
		gap := r.gaps.at(p)
		part := gap.Clip(from, to)
		from = part.To
		if gap.tries == 0 && gap.trail&bits == 0 {
			list = r.Take(part.From, part.To, list)
		}
	}
	return list
}

// TakeOver takes a run that another Requester asked for in vain. The run must not overlap a
// gap.
func (r *Requester) TakeOver(now Time, m Missing) {
	if m.Len() == 0 {
		return
	}
	gap := Gap{Range: m.Range, Found: m.Found, trail: m.Trail, due: Never, since: Never,
		roomless: m.From >= r.limit}
	if !r.cfg.Recovery.Off {
		gap.due = now.Add(r.draw(now))
	}
	r.gaps.add(gap)
	r.gaps.unordered = true
	r.next = min(r.next, gap.due)
	r.late = min(r.late, r.lateAt(&gap))
}

// Unheard reports whether the responder, which was heard last at an instant, has been quiet for
// three timeouts while a run was asked for so many times in vain.
func (r *Requester) Unheard(now, heard Time, tries int) bool {
	quiet := max(3*r.timeout(), leastMute)
	if !r.rtt.known {
		quiet = max(quiet, firstMute)
	}
	if now < r.next || now.Sub(heard) < quiet {
		return false
	}
	for p := r.gaps.begin(); r.gaps.has(p); p = r.gaps.next(p) {
		if gap := r.gaps.at(p); int(gap.tries) >= tries && gap.due <= now &&
			now.Sub(gap.since) >= quiet {
			return true
		}
	}
	return false
}

// All appends the missing runs to list.
func (r *Requester) All(list []Missing) []Missing {
	for p := r.gaps.begin(); r.gaps.has(p); p = r.gaps.next(p) {
		list = append(list, r.gaps.at(p).missing())
	}
	return list
}

// ClearTrails takes bits out of the trails of all runs.
func (r *Requester) ClearTrails(bits uint32) {
	for p := r.gaps.begin(); r.gaps.has(p); p = r.gaps.next(p) {
		r.gaps.at(p).trail &^= bits
	}
}

// Trail returns the trail of the gap that contains seq, and false if it isn't missing.
func (r *Requester) Trail(seq uint64) (uint32, bool) {
	p, found := r.gaps.find(seq)
	if !found {
		return 0, false
	}
	return r.gaps.at(p).trail, true
}

// Asked reports whether seq is missing and was asked for.
func (r *Requester) Asked(seq uint64) bool {
	p, found := r.gaps.find(seq)
	return found && r.gaps.at(p).tries > 0
}
