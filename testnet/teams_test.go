package testnet

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"crier/testnet/checker"
	"crier/testnet/world"
)

var (
	teamState = flag.String("team.state", "",
		"keep in `FILE` which schedules of teams are done and which failed, and go on from there; "+
			"an absolute path")
	teamFor   = flag.Duration("team.for", 0, "play schedules of teams for so long; 0: a few of them")
	teamFirst = flag.Uint64("team.first", 1, "start at schedule `K`")
	teamSeeds = flag.Uint64("team.seeds", 0, "play `N` schedules")
	teamTrace = flag.Bool("team.trace", false, "print all that happens; for one schedule")
)

// foundTeams are the schedules in which something was found.
var foundTeams []uint64

// TestTeamSwarm plays random schedules of teams, and lets the Checker judge them: members and
// publishers that crash, pause, are suspended, leave and come back, links that lose, repeat, delay
// and reorder, are cut one way or both, and clocks that don't agree. With -team.state, the same
// command goes on where the last one ended or was killed, and plays again what failed.
//
//	go test ./testnet -run TestTeamSwarm -team.state /tmp/teams -team.seeds 100000 -timeout 9h
func TestTeamSwarm(t *testing.T) {
	n, more := *teamSeeds, []uint64(nil)
	switch {
	case n > 0:
	case *teamFor > 0:
		n = maxSchedules
	case testing.Short():
		n = 20
	default:
		n, more = 40, foundTeams
	}
	sum := &teamSum{}
	run := &campaign{path: *teamState, first: *teamFirst, seeds: n, last: *teamFor, more: more,
		play: sum.play}
	run.run(t)
	t.Logf("%s", sum.tally)
	if got := sum.tally; *teamSeeds == 0 && run.failed == 0 &&
		(got.Handed == 0 || got.Repeated == 0 || got.GivenBack == 0) {
		t.Errorf("these schedules show too little: %s", got)
	}
}

// teamSum adds up what happened in teams.
type teamSum struct {
	mu    sync.Mutex
	tally checker.TeamTally
}

// play plays one schedule.
func (x *teamSum) play(seed uint64) (*world.World, checker.Tally, error) {
	w, c, err := playTeams(seed, nil)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tally.Add(c.TeamTally())
	return w, c.Tally(), err
}

// playTeams plays one schedule, with something changed in it if change isn't nil.
func playTeams(seed uint64, change func(*teamPlay)) (w *world.World, c *checker.Checker,
	err error,
) {
	rerun := fmt.Sprintf("go test ./testnet -run TestTeamSwarm -team.first %d -team.seeds 1", seed)
	cfg := world.Config{Seed: seed}
	if *teamTrace {
		cfg.Trace = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	if change != nil { // what is broken needn't go on
		cfg.Stop = func() bool { return c.Err() != nil }
	}
	w = world.New(cfg)
	c = checker.New(w)
	c.SetRerun(rerun)
	play := newTeamPlay(w, seed)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("seed %d at %s: panic: %v\n%s\nrun it again with: %s", seed,
				world.Stamp(w.Now()), r, debug.Stack(), rerun)
		}
		if err != nil && *teamSeeds == 1 {
			err = fmt.Errorf("%w\nit was: %s", err, play)
		}
	}()
	if change != nil {
		change(play)
	}
	if err = play.run(c); errors.Is(err, world.ErrStopped) {
		err = c.Err()
	}
	return w, c, err
}

// maxTeamTime bounds a schedule's virtual time.
const maxTeamTime = 10 * time.Minute
