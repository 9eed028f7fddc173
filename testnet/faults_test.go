package testnet

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"crier/testnet/checker"
	"crier/testnet/world"
)

var (
	faultsState = flag.String("faults.state", "",
		"keep in `FILE` which schedules are done and which failed, and go on from there; an "+
			"absolute path")
	faultsFor   = flag.Duration("faults.for", 0, "play schedules for so long; 0: 40 of them")
	faultsFirst = flag.Uint64("faults.first", 1, "start at schedule `K`")
	faultsSeeds = flag.Uint64("faults.seeds", 0, "play `N` schedules")
	faultsTrace = flag.Bool("faults.trace", false, "print all that happens; for one schedule")
)

// foundSchedules are those in which something was found.
var foundSchedules = []uint64{
	11, 27, 89, // what a recorder writes again after a failed job
	22, 30, 34, 66, 346, // a log that is opened, and whose sync fails
	104,          // a recorder that is far away, and was given up before its answer came
	162,          // a session that is over, by a recorder that hears its publisher
	206,          // a recorder that is gone, and was asked for each block
	10257, 11156, // what an ended session lacks, for which there is no room
	203, // a CONFIRM for what a recorder was asked for
}

// maxSchedules is how many schedules are planned where time decides.
const maxSchedules = 1_000_000

// TestFaultSwarm plays random schedules of faults with recorders, and lets the Checker judge
// them. With -faults.state, the same command goes on where the last one ended or was killed,
// and plays again what failed.
//
//	go test ./testnet -run TestFaultSwarm -faults.state /tmp/faults -faults.for 30m -timeout 1h
func TestFaultSwarm(t *testing.T) {
	n, more := *faultsSeeds, []uint64(nil)
	switch {
	case n > 0:
	case *faultsFor > 0:
		n = maxSchedules
	case testing.Short():
		n = 20
	default:
		n, more = 40, foundSchedules
	}
	run := &campaign{path: *faultsState, first: *faultsFirst, seeds: n, last: *faultsFor,
		more: more, play: runFaults}
	run.run(t)
}

// runFaults plays one schedule.
func runFaults(seed uint64) (w *world.World, tally checker.Tally, err error) {
	rerun := fmt.Sprintf("go test ./testnet -run TestFaultSwarm -faults.first %d -faults.seeds 1",
		seed)
	cfg := world.Config{Seed: seed}
	if *faultsTrace {
		cfg.Trace = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	w = world.New(cfg)
	var s *faults
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("seed %d at %s: panic: %v\n%s\nrun it again with: %s", seed,
				world.Stamp(w.Now()), r, debug.Stack(), rerun)
		}
		if err != nil && *faultsSeeds == 1 && s != nil {
			err = fmt.Errorf("%w\nit was: %s", err, s)
		}
	}()
	c := checker.New(w)
	c.SetRerun(rerun)
	defer func() { tally = c.Tally() }()
	s = newFaults(w, seed)
	return w, tally, s.run(c)
}
