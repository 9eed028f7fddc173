package testnet

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crier/reliable"
)

var (
	swarmSeeds = flag.Uint64("swarm.seeds", 0, "run `N` seeds of the swarm; 0: 300, or 60 with -short")
	swarmFirst = flag.Uint64("swarm.first", 1, "start the swarm at seed `K`")
	swarmTrace = flag.Bool("swarm.trace", false, "print all that happens; for one seed")
)

// TestSwarm runs scenarios that are made from seeds, each with its own mixture of
// publishers, subscribers, sizes and faults, and lets the Checker judge them.
// Any number of seeds can be run:
//
//	go test ./testnet -run TestSwarm -swarm.seeds 10000 -timeout 1h
func TestSwarm(t *testing.T) {
	n, more := *swarmSeeds, []uint64(nil)
	if n == 0 {
		if n, more = 300, rareSeeds; testing.Short() {
			n, more = 60, nil
		}
	}
	seedOf := func(i uint64) uint64 {
		if i >= n {
			return more[i-n]
		}
		return *swarmFirst + i
	}
	start := time.Now()
	var (
		wait          sync.WaitGroup
		next          atomic.Uint64
		mu            sync.Mutex
		total         WorldStats
		tally         Tally
		failed, slow  uint64
		slowest       time.Duration
		virtual, cpus = time.Duration(0), runtime.GOMAXPROCS(0)
	)
	for range cpus {
		wait.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= n+uint64(len(more)) {
					return
				}
				seed, began := seedOf(i), time.Now()
				w, told, err := runSeed(seed)
				took := time.Since(began)
				mu.Lock()
				if err != nil {
					if failed++; failed <= 20 {
						t.Errorf("%v\n", err)
					}
				}
				st := w.Stats()
				total.Events += st.Events
				total.Delivered += st.Delivered
				tally.add(told)
				virtual += time.Duration(w.Now())
				if took > slowest {
					slowest, slow = took, seed
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if *swarmSeeds == 0 && !testing.Short() {
		wantRare(t)
	}
	t.Logf("%s", tally)
	t.Logf("%d seeds from %d on, %d failed, in %v; %d events, %d deliveries, %v of virtual time; the slowest was %d with %v",
		n, *swarmFirst, failed, time.Since(start).Round(time.Millisecond), total.Events, total.Delivered,
		virtual.Round(time.Second), slow, slowest.Round(time.Millisecond))
}

// add adds up tallies.
func (t *Tally) add(u Tally) {
	t.Delivered += u.Delivered
	t.Recovered += u.Recovered
	for i, n := range u.Lost {
		t.Lost[i] += n
	}
	for i, n := range u.Events {
		t.Events[i] += n
	}
}

func (t Tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d messages delivered, %d of them recovered; lost", t.Delivered, t.Recovered)
	for cause := reliable.CauseGone; cause <= reliable.CauseSlow; cause++ {
		fmt.Fprintf(&b, ", %d %v", t.Lost[cause], cause)
	}
	b.WriteString("; sessions")
	for kind := reliable.SessionNew; kind <= reliable.SessionContested; kind++ {
		fmt.Fprintf(&b, ", %d %v", t.Events[kind], kind)
	}
	return b.String()
}

// runSeed runs one scenario and returns its World, what was told in it, and what
// broke the promise.
func runSeed(seed uint64) (w *World, tally Tally, err error) {
	rerun := fmt.Sprintf("go test ./testnet -run TestSwarm -swarm.first %d -swarm.seeds 1", seed)
	cfg := WorldConfig{Seed: seed}
	if *swarmTrace {
		cfg.Trace = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	w = NewWorld(cfg)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("seed %d at %s: panic: %v\n%s\nrun it again with: %s", seed, stamp(w.Now()), r, debug.Stack(), rerun)
		}
	}()
	c := NewChecker(w)
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
