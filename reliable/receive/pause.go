package receive

import (
	"time"

	"crier/reliable"
)

// pauses finds the times in which this subscriber could hear nothing: its own
// deafness isn't held against publishers.
type pauses struct {
	// The last deadline: being late to it by much shows a suspended process.
	armed reliable.Time
	// Nobody reads the sockets, since then, or it has been taken into account up to then.
	deaf  bool
	since reliable.Time
}

// take notes the time of a call, after that of the last one, and returns for how long
// nothing could be heard.
func (p *pauses) take(now, last reliable.Time) time.Duration {
	switch {
	case p.armed != reliable.Never && now.Sub(p.armed) > reliable.Suspended:
		p.armed, p.since = now, now
		return now.Sub(last)
	case p.deaf && now.Sub(p.since) > reliable.Suspended:
		d := now.Sub(p.since)
		p.since = now
		return d
	}
	return 0
}
