package world

import (
	"time"

	"crier/reliable"
)

// hold adds up the time that a producer was held.
type hold struct {
	on    bool
	since reliable.Time
	sum   time.Duration
}

func (h *hold) begin(now reliable.Time) { h.on, h.since = true, now }

func (h *hold) end(now reliable.Time) { h.sum, h.on = h.total(now), false }

func (h *hold) total(now reliable.Time) time.Duration {
	if h.on {
		return h.sum + now.Sub(h.since)
	}
	return h.sum
}
