package subscriber

import (
	"testing"

	"crier/reliable/rig"
)

func TestCounters(t *testing.T) { rig.CheckCounters(t, counters) }
