package every

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"crier/reliable"
	"crier/testnet/world"
)

// Config says how a Game is played.
type Config struct {
	Scope Scope
	// Seed decides all that isn't chosen: ids, and the jitter of timers.
	Seed uint64
	// Unpruned plays each schedule to its end, also where a state was met before.
	Unpruned bool
	// Broken is the number of broken schedules after which it ends; 0: one.
	Broken int
	// Progress, if set, is called now and then; false ends it.
	Progress func(r *Result) bool
}

// Result is what came of playing a Game.
type Result struct {
	// Schedules counts all schedules: those played, and those that go on from a state as
	// another did.
	Schedules Count
	// States counts the states that were met at a choice, and Runs the plays.
	States, Runs int
	// Broken counts the schedules that broke the promise, up to where they did.
	Broken int
	// Failures are the first of them.
	Failures []Failure
	// Whole says that all schedules were played.
	Whole bool
	// Deepest is the largest number of choices in a schedule.
	Deepest int
}

// Failure is a schedule that breaks the promise.
type Failure struct {
	Schedule Schedule
	Err      error
}

// A Schedule says which choices were made: all others were that nothing happens.
type Schedule []Made

// Made is the n-th choice of a schedule, from 0.
type Made struct {
	N      int
	Option int
	Text   string // what was chosen, for readers
}

// String returns the schedule as Parse reads it.
func (s Schedule) String() string {
	if len(s) == 0 {
		return "none"
	}
	var b strings.Builder
	for i, m := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d=%d", m.N, m.Option)
	}
	return b.String()
}

// Parse reads a Schedule.
func Parse(text string) (s Schedule, err error) {
	if text == "none" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		var m Made
		if n, err := fmt.Sscanf(part, "%d=%d", &m.N, &m.Option); n != 2 || err != nil ||
			m.N < 0 || m.Option < 1 || len(s) > 0 && s[len(s)-1].N >= m.N {
			return nil, fmt.Errorf("every: %q is no choice of a schedule; write them as 3=1,17=2",
				part)
		}
		s = append(s, m)
	}
	return s, nil
}

// node is a choice on the way to where the explorer is.
type node struct {
	sum    Sum
	n      int // how many options there are
	taken  int
	told   int // the option that text is of
	text   string
	count  Count // of the schedules of the options before
	broken bool
}

// explorer plays all schedules of a Game, depth first.
type explorer struct {
	game *Game
	cfg  Config
	hash *hasher
	memo map[Sum]Count
	path []node
	res  Result

	play  *Play
	depth int   // choices made in this run
	used  int   // faults that count, so far
	fell  int   // crashes so far
	leaf  Count // of the run
	known bool  // the run ended at a state that was met before
	over  bool  // choices have ended
	opts  []option

	fixed Schedule          // the only one that is played, if there is a trace
	trace func(line string) // of a replay
	event *world.Next
	each  func(n int) // is called at each choice of a replay
}

// option is what may be chosen.
type option struct {
	fate  world.Fate
	crash *process
	fault Fault
	costs bool // it counts as a fault
}

// name returns the name of the process that crashes.
func (o *option) name() string {
	if o.crash == nil {
		return ""
	}
	return o.crash.name
}

// text says in words what was chosen at an event.
func (o *option) text(now reliable.Time, next *world.Next) string {
	at := world.Stamp(now)
	switch {
	case o.crash != nil:
		return fmt.Sprintf("%s %s crashes", at, o.crash.name)
	case o.fault == "":
		return ""
	case next.Publisher != nil:
		return fmt.Sprintf("%s %s at %v: %v", at, o.fault, next.Publisher, next.Datagram.Frame)
	}
	return fmt.Sprintf("%s %s at %v: %v", at, o.fault, next.Subscriber, next.Datagram.Frame)
}

func newExplorer(g *Game, cfg Config) *explorer {
	return &explorer{game: g, cfg: cfg, hash: newHasher(), memo: map[Sum]Count{}}
}

// Explore plays every schedule of a Game.
func Explore(g *Game, cfg Config) (*Result, error) {
	x := newExplorer(g, cfg)
	for {
		if err := x.run(); err != nil {
			return &x.res, err
		}
		if x.res.Broken >= max(1, cfg.Broken) {
			return &x.res, nil
		}
		if !x.next() {
			x.res.Whole = true
			return &x.res, nil
		}
		if x.cfg.Progress != nil && x.res.Runs%256 == 0 && !x.cfg.Progress(&x.res) {
			return &x.res, nil
		}
	}
}

// run plays the schedule of the path, and on from its end.
func (x *explorer) run() error {
	x.res.Runs++
	x.depth, x.used, x.fell, x.known, x.over, x.leaf = 0, 0, 0, false, false, One
	p, err := newPlay(x.game, world.Config{Seed: x.cfg.Seed, Chooser: x}, x.cfg.Scope.Crash, x.cfg.Scope.longest())
	if err != nil {
		return err
	}
	x.play = p
	err = p.World.Run(x.game.End)
	switch {
	case errors.Is(err, world.ErrStopped):
		err = p.Checker.Err()
	case err == nil:
		err = p.Checker.Finish(x.cfg.Scope.Until)
	}
	if x.depth < len(x.path) {
		return fmt.Errorf("every: the world %q made other choices when it was played again: it "+
			"isn't deterministic", x.game.Name)
	}
	x.res.Deepest = max(x.res.Deepest, x.depth)
	if err != nil {
		x.res.Broken++
		x.res.Failures = append(x.res.Failures, Failure{x.schedule(), err})
	}
	return nil
}

// schedule returns the choices of the path.
func (x *explorer) schedule() (s Schedule) {
	for i, n := range x.path {
		if n.taken > 0 {
			s = append(s, Made{i, n.taken, n.text})
		}
	}
	return s
}

// next goes to the next schedule, and reports whether there is one.
func (x *explorer) next() bool {
	count := x.leaf
	for len(x.path) > 0 {
		top := &x.path[len(x.path)-1]
		top.count = top.count.Add(count)
		if top.taken++; top.taken < top.n {
			return true
		}
		count = top.count
		if !x.cfg.Unpruned {
			x.memo[top.sum] = count
		}
		x.res.States++
		x.path = x.path[:len(x.path)-1]
	}
	x.res.Schedules = count
	return false
}

// Choose makes the next choice.
func (x *explorer) Choose(next *world.Next) world.Fate {
	if x.over {
		return world.Fate{}
	}
	if x.play.Checker.Err() != nil {
		x.play.World.Halt()
		return world.Fate{}
	}
	if x.play.World.Now() > x.cfg.Scope.Until {
		x.over = true
		x.options(nil)
	} else if !x.options(next) {
		return world.Fate{}
	}
	if x.trace != nil {
		x.event = next
		return x.take(x.takeFixed(), next)
	}
	i := x.depth
	if x.depth++; i == len(x.path) {
		if !x.meet() {
			x.depth--
			return world.Fate{}
		}
	}
	n := &x.path[i]
	if n.n != len(x.opts) {
		x.over, x.depth = true, i // which run reports
		x.play.World.Halt()
		return world.Fate{}
	}
	o := &x.opts[n.taken]
	if n.told != n.taken {
		n.told, n.text = n.taken, o.text(x.play.World.Now(), next)
	}
	return x.take(o, next)
}

// take makes a choice.
func (x *explorer) take(o *option, next *world.Next) world.Fate {
	if x.trace != nil && o.fault+Fault(o.name()) != "" {
		x.trace(o.text(x.play.World.Now(), next))
	}
	if o.costs {
		x.used++
	}
	if o.crash != nil {
		x.fell++
		o.crash.crash()
	}
	return o.fate
}

// meet adds a choice to the path, unless its state was met before.
func (x *explorer) meet() bool {
	n := node{n: len(x.opts)}
	if !x.cfg.Unpruned {
		n.sum = x.hash.state(x.play, x.used, x.fell)
		if count, ok := x.memo[n.sum]; ok {
			x.leaf, x.known = count, true
			x.play.World.Halt()
			return false
		}
	}
	x.path = append(x.path, n)
	return true
}

// options finds what may be chosen at an event, and reports whether there is a choice; with
// nil there is none any more.
func (x *explorer) options(next *world.Next) bool {
	x.opts = append(x.opts[:0], option{})
	if next == nil {
		return false
	}
	s := &x.cfg.Scope
	if d := next.Datagram; next.Open && d.Frame != nil && slices.Contains(s.Kinds, d.Frame.Kind) {
		free := s.Faults < 0 || slices.Contains(s.Free, d.Frame.Kind)
		if free || x.used < s.Faults {
			for _, f := range s.faults() {
				x.opts = append(x.opts, option{fate: s.fate(f), fault: f, costs: !free})
			}
		}
	}
	if x.fell < s.Crashes {
		for i := range x.play.procs {
			p := &x.play.procs[i]
			if p.runs() && (next.Publisher == p.pub && next.Subscriber == p.sub ||
				next.Publisher == nil && next.Subscriber == nil) {
				x.opts = append(x.opts, option{crash: p})
			}
		}
	}
	return len(x.opts) > 1
}
