package send

import (
	"time"

	"crier/reliable"
)

// heartbeats schedules HEARTBEAT frames: soon after the last data, then ever more rarely,
// and now and then while data flows.
type heartbeats struct {
	// wait is the time from the last frame to the next heartbeat.
	wait time.Duration
	// last is when the last heartbeat was sent.
	last reliable.Time
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

// sent notes a heartbeat, and returns the interval to announce in it: the next one comes
// no later.
func (h *heartbeats) sent(now reliable.Time) time.Duration {
	h.last = now
	h.due = now.Add(h.wait)
	h.wait = min(2*h.wait, heartbeatLast)
	return max(h.due.Sub(now), reliable.HeartbeatData)
}
