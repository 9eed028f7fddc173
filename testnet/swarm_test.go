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
	swarmSeeds = flag.Uint64("swarm.seeds", 0,
		"run `N` seeds of the swarm; 0: 300, or 60 with -short")
	swarmFirst = flag.Uint64("swarm.first", 1, "start the swarm at seed `K`")
	swarmTrace = flag.Bool("swarm.trace", false, "print all that happens; for one seed")
)

// TestSwarm runs scenarios that are made from seeds, each with its own mixture of
// publishers, subscribers, sizes and faults, and lets the Checker judge them.
// Any number of seeds can be run; with -swarm.progress, in as many pieces as one likes:
// the same command again goes on where the last one ended or was killed, and runs again
// what failed.
//
//	go test ./testnet -run 'TestSwarm$' -swarm.first 1000001 -swarm.seeds 50000
//
// -swarm.progress /tmp/swarm -timeout 1h
func TestSwarm(t *testing.T) {
	n, more := *swarmSeeds, []uint64(nil)
	if n == 0 {
		if n, more = 120, rareSeeds; testing.Short() {
			n, more = 60, nil
		}
	}
	run := &campaign{path: *swarmProgress, first: *swarmFirst, seeds: n, more: more, play: runSeed}
	run.run(t)
	if *swarmSeeds == 0 && !testing.Short() {
		wantRare(t)
	}
}

// runSeed runs one scenario and returns its World, what was told in it, and what
// broke the promise.
func runSeed(seed uint64) (w *world.World, tally checker.Tally, err error) {
	rerun := fmt.Sprintf("go test ./testnet -run TestSwarm -swarm.first %d -swarm.seeds 1", seed)
	cfg := world.Config{Seed: seed}
	if *swarmTrace {
		cfg.Trace = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	w = world.New(cfg)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("seed %d at %s: panic: %v\n%s\nrun it again with: %s", seed,
				world.Stamp(w.Now()), r, debug.Stack(), rerun)
		}
	}()
	c := checker.New(w)
	c.SetRerun(rerun)
	defer watchRare(w).done()
	defer func() { tally = c.Tally() }()
	s := newScenario(w, seed)
	if err := s.run(c); err != nil {
		if *swarmSeeds == 1 {
			err = fmt.Errorf("%w\nit was: %s", err, s)
		}
		return w, tally, err
	}
	return w, tally, nil
}
