package every

import (
	"errors"
	"fmt"
	"sync/atomic"

	"crier/testnet/world"
)

// Config says how a Game is played.
type Config struct {
	Scope Scope
	// Seed decides all that isn't chosen: ids, and the jitter of timers.
	Seed uint64
	// Unpruned plays each schedule to its end, also where a state was met before.
	Unpruned bool
	// All goes on where a schedule is broken; otherwise the first one ends it.
	All bool
	// Workers is how many play at once; 0: one. The Result is the same, but for Runs.
	Workers int
	// File, if set, is where all that is known is kept now and then, and read at the start.
	File string
	// Progress, if set, is called now and then; false ends it, and File is written.
	Progress func(r Result) bool
}

// Result is what came of playing a Game.
type Result struct {
	// Whole says that all schedules were played.
	Whole bool
	// Schedules counts them: those played, and those that go on from a state as another
	// did. Broken counts those of them that break the promise.
	Schedules, Broken Count
	// States counts the states that were met at a choice, and Runs the plays.
	States, Runs int
	// Unknown counts those of the States that couldn't be told from others, so that each
	// schedule was played on; see Play.At.
	Unknown int
	// Deepest is the largest number of choices in a schedule that was played.
	Deepest int
	// Failures are the first schedules that broke the promise.
	Failures []Failure
}

// Failure is a schedule that breaks the promise.
type Failure struct {
	Schedule Schedule
	Err      error
}

// maxFailures is how many Failures are kept.
const maxFailures = 10

// node is a choice on the way to where the explorer is.
type node struct {
	sum   Sum   // zero: it isn't known
	n     int   // how many options there are
	taken int   // how many of them were taken before, in the explorer's order
	sofar tally // of those
	event int   // at which it is
	told  int   // the option that what and text are of
	what  string
	text  string
}

// tally counts the schedules that go on from a state.
type tally struct{ all, broken Count }

func (t tally) add(u tally) tally { return tally{t.all.Add(u.all), t.broken.Add(u.broken)} }

// explorer plays all schedules of a Game, depth first.
type explorer struct {
	game *Game
	cfg  *Config
	turn int // which of the workers it is
	memo *memo
	stop *atomic.Bool
	hash *hasher

	path     []node
	whole    tally
	runs     int
	deepest  int
	failures []Failure

	play  *Play
	event int   // events in this run
	depth int   // choices made in this run
	used  int   // faults that count, so far
	fell  int   // crashes so far
	leaf  tally // of the run
	over  bool  // choices have ended
	opts  []option

	replay *replay // the only schedule that is played; nil: all are
}

func newExplorer(g *Game, cfg *Config) *explorer {
	return &explorer{game: g, cfg: cfg, memo: newMemo(), stop: new(atomic.Bool),
		hash: newHasher()}
}

// all plays all schedules that are left, and reports whether it came to the end. More is
// called after each.
func (x *explorer) all(more func() bool) (bool, error) {
	for !x.stop.Load() {
		if err := x.run(); err != nil {
			return false, err
		}
		if len(x.failures) > 0 && !x.cfg.All || x.stop.Load() {
			return false, nil
		}
		if !x.next() {
			return true, nil
		}
		if !more() {
			return false, nil
		}
	}
	return false, nil
}

// run plays the schedule of the path, and on from its end.
func (x *explorer) run() error {
	x.runs++
	x.leaf = tally{all: One}
	broken, err := x.playOne(nil)
	if err != nil {
		return err
	}
	if x.depth < len(x.path) {
		if x.stop.Load() {
			return nil
		}
		return fmt.Errorf("every: the world %q made other choices when it was played again: it "+
			"isn't deterministic", x.game.Name)
	}
	x.deepest = max(x.deepest, x.depth)
	if broken != nil {
		x.leaf.broken = One
		if len(x.failures) < maxFailures {
			x.failures = append(x.failures, Failure{x.schedule(), broken})
		}
	}
	return nil
}

// playOne plays one schedule, and returns what it breaks, or nil, and why it couldn't be
// played.
func (x *explorer) playOne(trace func(string)) (broken, err error) {
	x.event, x.depth, x.used, x.fell, x.over = 0, 0, 0, 0, false
	x.play, err = newPlay(x.game, world.Config{Seed: x.cfg.Seed, Chooser: x, Trace: trace},
		&x.cfg.Scope)
	if err != nil {
		return nil, err
	}
	err = x.play.World.Run(x.game.End)
	switch {
	case errors.Is(err, world.ErrStopped):
		return x.play.Judge.Err(), nil
	case err != nil:
		return err, nil // a machine did what none may do
	}
	return x.play.Judge.Finish(x.cfg.Scope.Until), nil
}

// schedule returns the choices of the path.
func (x *explorer) schedule() (s Schedule) {
	for i := range x.path {
		n := &x.path[i]
		if x.option(n) > 0 {
			s = append(s, Made{n.event, n.what, n.text})
		}
	}
	return s
}

// option returns the option that is taken at a node. Workers take them in orders of their
// own, so that they meet half way.
func (x *explorer) option(n *node) int {
	i := (n.taken + x.turn/2) % n.n
	if x.turn%2 == 1 {
		i = n.n - 1 - i
	}
	return i
}

// next goes to the next schedule, and reports whether there is one.
func (x *explorer) next() bool {
	sum := x.leaf
	for len(x.path) > 0 {
		top := &x.path[len(x.path)-1]
		top.sofar = top.sofar.add(sum)
		if top.taken++; top.taken < top.n {
			return true
		}
		sum = top.sofar
		x.memo.set(top.sum, sum)
		x.path = x.path[:len(x.path)-1]
	}
	x.whole = sum
	return false
}
