package every

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// progressEvery is how many runs there are between two calls of Config.Progress.
const progressEvery = 256

// Explore plays every schedule of a Game.
func Explore(g *Game, cfg Config) (*Result, error) {
	if err := cfg.Scope.validate(); err != nil {
		return nil, err
	}
	memo, stop := newMemo(), new(atomic.Bool)
	workers := make([]*explorer, max(1, cfg.Workers))
	for i := range workers {
		workers[i] = &explorer{game: g, cfg: &cfg, turn: i, memo: memo, stop: stop,
			hash: newHasher()}
	}
	first := workers[0]
	if cfg.File != "" {
		if err := first.load(cfg.File); err != nil {
			return nil, err
		}
	}
	var runs atomic.Int64
	more := func() bool {
		n := runs.Add(1)
		if n%progressEvery != 0 || cfg.Progress == nil {
			return true
		}
		return cfg.Progress(Result{States: memo.states(), Runs: int(n)})
	}
	ended := make([]bool, len(workers))
	errs := make([]error, len(workers))
	var wait sync.WaitGroup
	for i, x := range workers[1:] {
		wait.Go(func() {
			ended[i+1], errs[i+1] = x.all(more)
			stop.Store(true)
		})
	}
	ended[0], errs[0] = first.all(more)
	stop.Store(true)
	wait.Wait()

	res := &Result{States: memo.states(), Unknown: memo.met}
	for i, x := range workers {
		if errs[i] != nil {
			return nil, errs[i]
		}
		res.Runs += x.runs
		res.Deepest = max(res.Deepest, x.deepest)
		if len(res.Failures) == 0 {
			res.Failures = x.failures
		}
		if ended[i] {
			res.Whole, res.Schedules, res.Broken = true, x.whole.all, x.whole.broken
			res.Failures = x.failures
			break
		}
	}
	if cfg.File != "" {
		if err := first.save(cfg.File); err != nil {
			return nil, err
		}
	}
	if len(res.Failures) > 0 && !cfg.All {
		return res, res.shorten(g, cfg)
	}
	return res, nil
}

// shorten replaces the first failure by one with the fewest faults and crashes that there is:
// it plays all schedules with less, first.
func (r *Result) shorten(g *Game, cfg Config) error {
	most := len(r.Failures[0].Schedule)
	cfg.Workers, cfg.File, cfg.Progress = 1, "", nil
	crashes := cfg.Scope.Crashes
	cfg.Scope.Rules = slices.Clone(cfg.Scope.Rules)
	for i := range cfg.Scope.Rules {
		cfg.Scope.Rules[i].Free = false
	}
	for sum := range most + 1 {
		for c := range min(sum, crashes) + 1 {
			cfg.Scope.Faults, cfg.Scope.Crashes = sum-c, c
			x := newExplorer(g, &cfg)
			if _, err := x.all(func() bool { return true }); err != nil {
				return err
			}
			if len(x.failures) > 0 {
				r.Failures = x.failures
				return nil
			}
		}
	}
	return nil
}

// String says what was found, in words.
func (r *Result) String() string {
	if !r.Whole {
		return fmt.Sprintf("%d states in %d runs, and not all of them", r.States, r.Runs)
	}
	unknown := ""
	if r.Unknown > 0 {
		unknown = fmt.Sprintf(" (%d unknown)", r.Unknown)
	}
	return fmt.Sprintf("all %v schedules, %d states%s, %v broken", r.Schedules, r.States, unknown,
		r.Broken)
}
