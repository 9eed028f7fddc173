package sim

import (
	"testing"

	"crier/cmd/crier/counts"
	"crier/reliable/receive"
)

// The counters that are named here are in the table.
func TestNamesOfCounters(t *testing.T) {
	all := counts.Of(receive.SessionStats{}.Counters())
	for _, name := range alwaysShown {
		if len(all.Without(name)) == len(all) {
			t.Errorf("no counter of a session is named %s", name)
		}
	}
}
