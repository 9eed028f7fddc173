package send

import (
	"time"

	"crier/reliable"
)

// heartbeats decides when a publisher says how far it is: soon after the last
// data, then ever more rarely, and now and then while data flows.
type heartbeats struct {
	wait time.Duration // from the last frame to the next heartbeat
	last reliable.Time // the last heartbeat
	due  reliable.Time
}

func (h *heartbeats) start(now reliable.Time) {
	h.wait, h.last, h.due = heartbeatFirst, now, now
}

// data notes that data was sent.
func (h *heartbeats) data(now reliable.Time) {
	h.wait = heartbeatFirst
	h.due = min(now.Add(heartbeatFirst), h.last.Add(reliable.HeartbeatData))
}

// sent notes a heartbeat and returns the interval to announce with it: the next
// one comes no later.
func (h *heartbeats) sent(now reliable.Time) time.Duration {
	h.last = now
	h.due = now.Add(h.wait)
	h.wait = min(2*h.wait, heartbeatLast)
	return max(h.due.Sub(now), reliable.HeartbeatData)
}
