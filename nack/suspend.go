package nack

import "time"

// Suspended says that this process was suspended for d until now: that requests
// went unanswered meanwhile says nothing about the publisher.
func (r *Requester) Suspended(d time.Duration) {
	list := r.gaps.all()
	for i := range list {
		list[i].since = list[i].since.Add(d)
	}
}
