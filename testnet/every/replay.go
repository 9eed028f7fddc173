package every

import (
	"errors"
	"fmt"

	"crier/reliable"
	"crier/testnet/world"
)

// Replay plays one schedule of a Game, with a line of trace for each thing that happens, and
// returns what is broken, or nil.
func Replay(g *Game, cfg Config, s Schedule, trace func(line string)) error {
	x := newExplorer(g, cfg)
	x.fixed, x.trace = s, trace
	return x.replay(g.End)
}

// replay plays the fixed schedule.
func (x *explorer) replay(until reliable.Time) error {
	x.depth, x.used, x.fell, x.over = 0, 0, 0, false
	p, err := newPlay(x.game, world.Config{Seed: x.cfg.Seed, Chooser: x, Trace: x.trace},
		x.cfg.Scope.Crash, x.cfg.Scope.longest())
	if err != nil {
		return err
	}
	x.play = p
	err = p.World.Run(until)
	if until < x.game.End {
		return nil
	}
	if n := len(x.fixed); err == nil && n > 0 && x.fixed[n-1].N >= x.depth {
		return fmt.Errorf("every: the schedule has a choice %d, and the world %q offers %d",
			x.fixed[n-1].N, x.game.Name, x.depth)
	}
	switch {
	case errors.Is(err, world.ErrStopped):
		return p.Checker.Err()
	case err == nil:
		return p.Checker.Finish(x.cfg.Scope.Until)
	}
	return err
}

// takeFixed takes the choice of the fixed schedule.
func (x *explorer) takeFixed() *option {
	n := x.depth
	x.depth++
	if x.each != nil {
		x.each(n)
	}
	for _, m := range x.fixed {
		if m.N == n {
			if m.Option >= len(x.opts) {
				x.play.World.Halt()
				return &x.opts[0]
			}
			return &x.opts[m.Option]
		}
	}
	return &x.opts[0]
}
