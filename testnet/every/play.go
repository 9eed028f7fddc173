package every

import (
	"fmt"
	"slices"
	"time"

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
	// End is how long each schedule takes.
	End reliable.Time
}

// A Play is one schedule of a Game as it is played.
type Play struct {
	World *world.World
	// Checker judges it.
	Checker *checker.Checker

	script  int // calls of At
	done    int // of those, how many have happened
	foreign int // see unhashed
	procs   []process
}

// process is a process that may crash.
type process struct {
	name  string
	crash func()
	runs  func() bool
	pub   *world.Publisher
	sub   *world.Subscriber
}

// At lets something happen at a time; see world.World.At. What fn does must depend on nothing
// but the World.
func (p *Play) At(at reliable.Time, fn func()) {
	p.script++
	p.World.At(at, func() {
		p.done++
		fn()
	})
}

// newPlay builds a Game.
func newPlay(g *Game, cfg world.Config, crash []string, expect time.Duration) (*Play, error) {
	p := &Play{World: world.New(cfg)}
	p.Checker = checker.New(p.World)
	p.Checker.Expect(expect)
	if err := g.Build(p); err != nil {
		return nil, fmt.Errorf("every: the world %q can't be built: %w", g.Name, err)
	}
	for _, pub := range p.World.Publishers() {
		if slices.Contains(crash, pub.String()) {
			p.procs = append(p.procs, process{pub.String(), pub.Crash, pub.Running, pub, nil})
		}
	}
	for _, sub := range p.World.Subscribers() {
		if slices.Contains(crash, sub.String()) {
			p.procs = append(p.procs, process{sub.String(), sub.Crash, sub.Running, nil, sub})
		}
	}
	return p, nil
}
