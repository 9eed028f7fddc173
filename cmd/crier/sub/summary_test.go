package sub

import (
	"maps"
	"slices"
	"testing"

	"crier/cmd/crier/counts"
	"crier/subscriber"
)

// The counters that are named here are in the tables.
func TestNamesOfCounters(t *testing.T) {
	all := counts.Of(subscriber.Stats{}.Counters())
	for _, name := range append(slices.Collect(maps.Keys(new(Summary).remarks(0))),
		alwaysShown...) {
		if len(all.Without(name)) == len(all) {
			t.Errorf("no counter of a subscriber is named %s", name)
		}
	}
	all = sessionCounters(new(subscriber.Session))
	for _, name := range append(slices.Clone(alwaysOfSession), aheadOfTally...) {
		if len(all.Without(name)) == len(all) {
			t.Errorf("no counter of a session is named %s", name)
		}
	}
}
