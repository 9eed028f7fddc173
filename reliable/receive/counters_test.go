package receive

import (
	"testing"

	"crier/reliable"
	"crier/reliable/rig"
)

func TestCounters(t *testing.T) {
	rig.CheckCounters(t, Counters)
	rig.CheckCounters(t, SessionCounters, "SessionStats.Partition",
		reliable.SessionID(0), reliable.End(0))
}
