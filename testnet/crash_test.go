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
	crashState = flag.String("crash.state", "",
		"keep in `FILE` which crashes are done and which failed, and go on from there; an "+
			"absolute path")
	crashFor   = flag.Duration("crash.for", 0, "play crashes for so long; 0: 25 of them")
	crashFirst = flag.Uint64("crash.first", 1, "start at crash `K`")
	crashSeeds = flag.Uint64("crash.seeds", 0, "play `N` crashes")
	crashTrace = flag.Bool("crash.trace", false, "print all that happens; for one crash")
)

// foundCrashes are those in which something was found.
var foundCrashes = []uint64{
	31,  // what was given up right before an inquest, though others had it
	87,  // a message whose rest nobody heard of
	107, // survivors whose publishers fall silent at different times
	// what was asked for in vain before it was known where the stream begins, though others had it
	8447, 7756,
	// One that had not begun yet told that it holds the first frame, number 0.
	3389,
}

// TestCrashSwarm plays random crashes of publishers with survivors, and lets the Checker judge
// them and their certificates. With -crash.state, the same command goes on where the last one
// ended or was killed, and plays again what failed.
//
//	go test ./testnet -run TestCrashSwarm -crash.state /tmp/crash -crash.for 30m -timeout 1h
func TestCrashSwarm(t *testing.T) {
	n, more := *crashSeeds, []uint64(nil)
	switch {
	case n > 0:
	case *crashFor > 0:
		n = maxSchedules
	case testing.Short():
		n = 10
	default:
		n, more = 25, foundCrashes
	}
	run := &campaign{path: *crashState, first: *crashFirst, seeds: n, last: *crashFor, more: more,
		play: runCrash}
	run.run(t)
}

// runCrash plays one crash.
func runCrash(seed uint64) (w *world.World, tally checker.Tally, err error) {
	rerun := fmt.Sprintf("go test ./testnet -run TestCrashSwarm -crash.first %d -crash.seeds 1",
		seed)
	cfg := world.Config{Seed: seed}
	if *crashTrace {
		cfg.Trace = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	w = world.New(cfg)
	var s *crash
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("seed %d at %s: panic: %v\n%s\nrun it again with: %s", seed,
				world.Stamp(w.Now()), r, debug.Stack(), rerun)
		}
		if err != nil && *crashSeeds == 1 && s != nil {
			err = fmt.Errorf("%w\nit was: %s", err, s)
		}
	}()
	c := checker.New(w)
	c.SetRerun(rerun)
	defer func() { tally = c.Tally() }()
	s = newCrash(w, seed)
	return w, tally, s.run(c)
}
