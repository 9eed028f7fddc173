package member

import (
	"testing"

	"crier/reliable/rig"
)

func TestCounters(t *testing.T) { rig.CheckCounters(t, Counters) }
