package subscriber

import (
	"crier/multicast/memory"
	"crier/reliable/survivor"
)

// DefaultHistory is the History of a zero Config, in bytes: what fits into the caches of usual
// processors. Larger ones cost more of the throughput than memory alone.
const DefaultHistory = 8 << 20

// history returns how much is kept for others. Where others aren't heard, or nothing is asked for,
// it is nothing.
func (c *Config) history() survivor.History {
	h := survivor.History{Bytes: c.History}
	if h.Bytes == 0 {
		h.Bytes = DefaultHistory
	}
	switch {
	case h.Bytes <= 0:
		return survivor.History{}
	case c.Source.IsValid():
		c.Logger.Info("crier: no history is kept for others: with a Source, other subscribers " +
			"aren't heard")
		return survivor.History{}
	case c.Recovery.Off:
		c.Logger.Info("crier: no history is kept for others: recovery is off")
		return survivor.History{}
	}
	return h
}

// furnish reserves the memory of a history, with huge pages where the system has them: a page that
// isn't in the processor's table costs as much as the copy of a frame. Where the system has none,
// Go's heap has it.
func (s *Subscriber) furnish(h *survivor.History) {
	region, err := memory.Reserve(h.Bytes)
	if err != nil {
		return
	}
	memory.AdviseHuge(region.Bytes())
	s.region, h.Memory = region, region.Bytes()
}
