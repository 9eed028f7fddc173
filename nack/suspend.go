package nack

import "time"

// Suspended says that this process was suspended for d until now: that requests
// went unanswered meanwhile says nothing about the publisher, nor when their answers
// are found about the round trip.
func (r *Requester) Suspended(d time.Duration) {
	clear(r.log[:])
	for p := r.gaps.begin(); r.gaps.has(p); p = r.gaps.next(p) {
		gap := r.gaps.at(p)
		gap.since = gap.since.Add(d)
	}
}
