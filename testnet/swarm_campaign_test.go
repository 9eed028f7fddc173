package testnet

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crier/testnet/checker"
	"crier/testnet/world"
)

// campaign is the playing of many seeds on all processors.
type campaign struct {
	path  string // of the file with what is done; "": none
	first uint64
	seeds uint64
	more  []uint64      // seeds besides
	last  time.Duration // for how long, if not 0: what isn't played then is left
	play  func(seed uint64) (*world.World, checker.Tally, error)

	mu          sync.Mutex
	total       world.Stats
	tally       checker.Tally
	ran, failed uint64
	slow        uint64
	slowest     time.Duration
	virtual     time.Duration
}

func (c *campaign) run(t *testing.T) {
	done, err := openProgress(c.path)
	if err != nil {
		t.Fatal(err)
	}
	// A schedule leaves megabytes behind, and lives for a moment.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	start := time.Now()
	parts := done.missing(c.first, c.seeds)
	for _, seed := range c.more {
		parts = append(parts, seeds{seed, seed + 1})
	}
	over := func() bool { return nearlyOver(t) || c.last > 0 && time.Since(start) > c.last }
	var wait sync.WaitGroup
	var next atomic.Int64
	cpus := runtime.GOMAXPROCS(0)
	for range cpus {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(parts)) && !over(); i = next.Add(1) - 1 {
				done.run(parts[i], func(seed uint64) error { return c.one(t, seed) })
			}
		})
	}
	wait.Wait()
	if done.err != nil {
		t.Errorf("what was done could not be noted: %v", done.err)
	}
	if left := len(parts) - int(next.Load()) + cpus; left > 0 && c.last == 0 {
		t.Errorf("the test's time is over before some %d seeds were run: run the same again, "+
			"or with a longer -timeout", left*swarmPart)
	}
	t.Logf("%s", c.tally)
	t.Logf("%d seeds from %d on: %d run now, %d failed, in %v; %d events, %d deliveries, %v of "+
		"virtual time; the slowest was %d with %v",
		c.seeds, c.first, c.ran, c.failed, time.Since(start).Round(time.Millisecond),
		c.total.Events, c.total.Delivered,
		c.virtual.Round(time.Second), c.slow, c.slowest.Round(time.Millisecond))
}

// one plays a seed.
func (c *campaign) one(t *testing.T, seed uint64) error {
	began := time.Now()
	w, told, err := c.play(seed)
	took := time.Since(began)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ran++
	if err != nil {
		if c.failed++; c.failed <= 20 {
			t.Errorf("%v\n", err)
		}
	}
	st := w.Stats()
	c.total.Events += st.Events
	c.total.Delivered += st.Delivered
	c.tally.Add(told)
	c.virtual += time.Duration(w.Now())
	if took > c.slowest {
		c.slowest, c.slow = took, seed
	}
	return err
}

// nearlyOver says whether the test's -timeout leaves no time for another part.
func nearlyOver(t *testing.T) bool {
	end, ok := t.Deadline()
	return ok && time.Until(end) < 20*time.Second
}
