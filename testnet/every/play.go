package every

import (
	"fmt"

	"crier/reliable"
	"crier/testnet/checker"
	"crier/testnet/world"
)

// A Game is a small world of which every schedule is played.
type Game struct {
	Name string
	// Build adds the processes to p.World, and what they do to p.At. Each time it must build
	// the same.
	Build func(p *Play) error
	// End is how long each schedule takes: by then, all that was missing must have settled.
	End reliable.Time
}

// Judge judges a schedule. All that it knows, or will judge by, must be in what it leads to,
// as it stands: no function may hold some.
type Judge interface {
	// Err returns what is broken so far, or nil.
	Err() error
	// Finish judges the end of a schedule without faults since a time, and returns all that
	// is broken, or nil.
	Finish(calm reliable.Time) error
}

// A Play is one schedule of a Game as it is played.
type Play struct {
	World *world.World
	// Checker watches the World.
	Checker *checker.Checker
	// Judge is the Checker, unless Build sets another.
	Judge Judge

	script int // calls of At
	done   int // of those, how many have happened
	procs  []process
}

// process is a process that may crash, or stand still.
type process struct {
	name  string
	does  string        // in words
	until reliable.Time // it may crash
	crash func()
	runs  func() bool
	pub   *world.Publisher
	sub   *world.Subscriber
}

// concerns reports whether an event is the process's, or may be.
func (p *process) concerns(next *world.Next) bool {
	return next.Publisher == p.pub && next.Subscriber == p.sub ||
		next.Publisher == nil && next.Subscriber == nil
}

// At lets something happen at a time; see world.World.At. What fn does must depend on nothing
// but the World. While other functions are scheduled, such as the end of a pause, a state can't be
// told from others: they may hold anything.
func (p *Play) At(at reliable.Time, fn func()) {
	p.script++
	p.World.At(at, func() {
		p.done++
		fn()
	})
}

// newPlay builds a Game.
func newPlay(g *Game, cfg world.Config, s *Scope) (*Play, error) {
	p := &Play{World: world.New(cfg)}
	p.Checker = checker.New(p.World)
	p.Checker.Expect(s.longest())
	p.Judge = p.Checker
	if err := g.Build(p); err != nil {
		return nil, fmt.Errorf("every: the world %q can't be built: %w", g.Name, err)
	}
	for _, c := range s.Crash {
		until := s.Until
		if c.Until > 0 {
			until = min(until, c.Until)
		}
		one := process{name: c.what(), does: c.Name + " crashes", until: until}
		if c.Pause > 0 {
			one.does = fmt.Sprintf("%s stands still for %v", c.Name, c.Pause)
		}
		for _, pub := range p.World.Publishers() {
			if pub.String() == c.Name {
				one.pub, one.crash, one.runs = pub, pub.Crash, pub.Running
				if c.Pause > 0 {
					one.crash = func() { pub.Pause(c.Pause) }
					one.runs = func() bool { return pub.Running() && !pub.Paused() }
				}
			}
		}
		for _, sub := range p.World.Subscribers() {
			if sub.String() == c.Name {
				one.sub, one.crash, one.runs = sub, sub.Crash, sub.Running
				if c.Pause > 0 {
					one.crash = func() { sub.Pause(c.Pause) }
					one.runs = func() bool { return sub.Running() && !sub.Paused() }
				}
			}
		}
		if one.crash == nil {
			return nil, fmt.Errorf("every: %s may crash, and the world %q has no process of that "+
				"name", c.Name, g.Name)
		}
		p.procs = append(p.procs, one)
	}
	return p, nil
}
