package nack

import "time"

// Suspended notes that this process was suspended for d until now. Requests that went
// unanswered meanwhile say nothing about the responder, and answers that are found now
// say nothing about the round trip.
func (r *Requester) Suspended(d time.Duration) {
	clear(r.log[:])
	for p := r.gaps.begin(); r.gaps.has(p); p = r.gaps.next(p) {
		gap := r.gaps.at(p)
		gap.since = gap.since.Add(d)
	}
}
