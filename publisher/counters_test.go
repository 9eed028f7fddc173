package publisher

import (
	"testing"

	"crier/reliable/rig"
)

// What the socket took has no row, since datagrams_sent and bytes_sent count it: see
// TestZeroConfig.
func TestCounters(t *testing.T) {
	rig.CheckCounters(t, counters, "Stats.Socket.Sent", "Stats.Socket.SentBytes")
}
