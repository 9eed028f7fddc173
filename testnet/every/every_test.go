package every_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/every"
)

// scope is small.
func scope(faults int) every.Scope {
	return every.Scope{Rules: every.All(), Late: 5 * time.Millisecond,
		Again: 100 * time.Microsecond, Faults: faults, Crash: []every.Crash{{Name: "pub0"}}, Crashes: 1,
		Until: reliable.Time(100 * time.Millisecond)}
}

// TestPruned plays a world's schedules with and without pruning.
func TestPruned(t *testing.T) {
	var found [2]*every.Result
	for i := range found {
		res, err := every.Explore(every.Small{Subscribers: 2, Frames: 2}.Game(), every.Config{Seed: 1, Scope: scope(1),
			Unpruned: i == 0})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Failures {
			t.Errorf("%v: %v", f.Schedule, f.Err)
		}
		found[i] = res
	}
	a, b := found[0], found[1]
	if a.Schedules != b.Schedules || a.Broken != b.Broken || a.Runs <= b.Runs || !a.Whole {
		t.Errorf("without pruning %+v, with it %+v", a, b)
	}
	t.Log(b)
}
