package nack

import "time"

// The same frames may come several ways. What one way lacks another may bring, and is asked for
// once all have passed it.

// lateness returns for how long a frame may come without a request.
func (r *Requester) lateness() time.Duration { return max(r.reorder, r.wait) }

// SetWait sets the least time for which a frame that was found missing may come another way without
// a request: 0, as at first, where there is none. It is for gaps that are found from now on.
func (r *Requester) SetWait(d time.Duration) { r.wait = min(max(d, 0), maxReorder) }

// Filled is Arrived for a frame that came in order, another way than those after it. It tells
// nothing of how late frames come by one way.
func (r *Requester) Filled(now Time, seq uint64) (Gap, bool) {
	gap, ok := r.gaps.take(seq)
	if ok {
		r.arrived(now, seq, &gap, false)
	}
	return gap, ok
}

// Passed says that all ways have passed the frames below seq. What is missing of them isn't waited
// for any more than frames come late by one way.
func (r *Requester) Passed(now Time, seq uint64) {
	from := r.passed
	r.passed = max(r.passed, seq)
	if r.gaps.Len() == 0 || r.cfg.Recovery.Off {
		return
	}
	p, _ := r.gaps.find(from)
	for ; r.gaps.has(p); p = r.gaps.next(p) {
		gap := r.gaps.at(p)
		if gap.To > seq {
			return
		}
		if gap.tries > 0 || gap.due == Never || gap.wait <= r.reorder {
			continue
		}
		if due := max(now, gap.due.Add(-gap.wait)).Add(r.reorder); due < gap.due {
			gap.due, gap.wait = due, r.reorder
			r.next = min(r.next, due)
		}
	}
}
