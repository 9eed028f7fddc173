package testnet

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
		if n, more = 300, rareSeeds; testing.Short() {
			n, more = 60, nil
		}
	}
	done, err := openProgress(*swarmProgress)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var (
		wait          sync.WaitGroup
		next          atomic.Int64
		mu            sync.Mutex
		total         world.Stats
		tally         checker.Tally
		ran, failed   uint64
		slow          uint64
		slowest       time.Duration
		virtual, cpus = time.Duration(0), runtime.GOMAXPROCS(0)
	)
	one := func(seed uint64) error {
		began := time.Now()
		w, told, err := runSeed(seed)
		took := time.Since(began)
		mu.Lock()
		defer mu.Unlock()
		ran++
		if err != nil {
			if failed++; failed <= 20 {
				t.Errorf("%v\n", err)
			}
		}
		st := w.Stats()
		total.Events += st.Events
		total.Delivered += st.Delivered
		tally.Add(told)
		virtual += time.Duration(w.Now())
		if took > slowest {
			slowest, slow = took, seed
		}
		return err
	}
	parts := done.missing(*swarmFirst, n)
	for _, seed := range more {
		parts = append(parts, seeds{seed, seed + 1})
	}
	for range cpus {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(parts)) && !nearlyOver(t); i = next.Add(1) - 1 {
				done.run(parts[i], one)
			}
		})
	}
	wait.Wait()
	if *swarmSeeds == 0 && !testing.Short() {
		wantRare(t)
	}
	if done.err != nil {
		t.Errorf("what was done could not be noted: %v", done.err)
	}
	if left := len(parts) - int(next.Load()) + cpus; left > 0 {
		t.Errorf("the test's time is over before some %d seeds were run: run the same again, "+
			"or with a longer -timeout", left*swarmPart)
	}
	t.Logf("%s", tally)
	t.Logf("%d seeds from %d on: %d run now, %d failed, in %v; %d events, %d deliveries, %v of "+
		"virtual time; the slowest was %d with %v",
		n, *swarmFirst, ran, failed, time.Since(start).Round(time.Millisecond), total.Events,
		total.Delivered,
		virtual.Round(time.Second), slow, slowest.Round(time.Millisecond))
}

// nearlyOver says whether the test's -timeout leaves no time for another part.
func nearlyOver(t *testing.T) bool {
	end, ok := t.Deadline()
	return ok && time.Until(end) < 20*time.Second
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
