package subscriber

import (
	"crier/reliable/survivor"
)

// DefaultHistory is the History of a zero Config, in bytes. 0 means off.
const DefaultHistory = 0

// history returns how much is kept for others. Where others aren't heard, or nothing is asked for,
// it is nothing.
func (c *Config) history() survivor.History {
	bytes := c.History
	if bytes == 0 {
		bytes = DefaultHistory
	}
	switch {
	case bytes <= 0:
		return survivor.History{}
	case c.Source.IsValid():
		c.Logger.Info("crier: no history is kept for others: with a Source, other subscribers " +
			"aren't heard")
		return survivor.History{}
	case c.Recovery.Off:
		c.Logger.Info("crier: no history is kept for others: recovery is off")
		return survivor.History{}
	}
	return survivor.History{Bytes: bytes}
}
