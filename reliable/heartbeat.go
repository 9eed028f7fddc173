package reliable

import "time"

// heartbeats decides when a publisher says how far it is: soon after the last
// data, then ever more rarely, and now and then while data flows.
type heartbeats struct {
	wait time.Duration // from the last frame to the next heartbeat
	last Time          // the last heartbeat
	due  Time
}

func (h *heartbeats) start(now Time) {
	h.wait, h.last, h.due = heartbeatFirst, now, now
}

// data notes that data was sent.
func (h *heartbeats) data(now Time) {
	h.wait = heartbeatFirst
	h.due = min(now.Add(heartbeatFirst), h.last.Add(HeartbeatData))
}

// sent notes a heartbeat and returns the interval to announce with it: the next
// one comes no later.
func (h *heartbeats) sent(now Time) time.Duration {
	h.last = now
	h.due = now.Add(h.wait)
	h.wait = min(2*h.wait, heartbeatLast)
	return max(h.due.Sub(now), HeartbeatData)
}
