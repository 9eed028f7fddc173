package pub

import (
	"maps"
	"slices"
	"testing"

	"crier/cmd/crier/counts"
	"crier/publisher"
)

// The counters that are named here are in the table.
func TestNamesOfCounters(t *testing.T) {
	all := counts.Of(publisher.Stats{}.Counters())
	for _, name := range append(slices.Collect(maps.Keys(new(options).remarks(&publisher.Stats{}))),
		alwaysShown...) {
		if len(all.Without(name)) == len(all) {
			t.Errorf("no counter of a publisher is named %s", name)
		}
	}
}
