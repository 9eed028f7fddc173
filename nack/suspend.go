package nack

import "time"

// Suspended says that this process was suspended for d until now: that requests
// went unanswered meanwhile says nothing about the publisher.
func (r *Requester) Suspended(d time.Duration) {
	for p := r.gaps.begin(); r.gaps.has(p); p = r.gaps.next(p) {
		gap := r.gaps.at(p)
		gap.since = gap.since.Add(d)
	}
}
