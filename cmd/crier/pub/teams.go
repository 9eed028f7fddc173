package pub

import (
	"crier/cmd/crier/cli"
	"crier/publisher"
	"crier/reliable"
)

// declareTeams declares the flags for teams.
func (o *options) declareTeams(flags *cli.FlagSet) {
	t := &o.cfg.Teams
	flags.BoolVar(&t.Off, "no-teams", false,
		"grant no messages to teams: their members are refused")
	flags.DurationVar(&t.Lease, "lease", t.Lease,
		"how long a member of a team holds its messages without hearing from the publisher, "+
			"200ms to 1m; another one gets them a 16th later")
	flags.DurationVar(&t.WorkTime, "work-time", t.WorkTime,
		"of a team that shares by message: how long a member may work on one before another gets "+
			"it, 10ms to 24h")
	flags.IntVar(&t.Attempts, "attempts", t.Attempts,
		"of a team that shares by message: how often a message is granted before it is given up")
	flags.DurationVar(&t.Expiry, "team-expiry", 0,
		"forget a team that had no member for so long (default: never)")
	flags.StringVar(&o.teamState, "team-state", "",
		"keep how far teams are in this `FILE`, and go on with that: with --continue where they were")
	cli.Offer(flags, "team-state", cli.Files("json"))
}

// validateTeams checks those flags beyond their types.
func (o *options) validateTeams() error {
	if o.teamState != "" {
		o.cfg.Teams.State = publisher.FileTeams(o.teamState)
	}
	if !o.cfg.Teams.Off {
		return o.validateZeros()
	}
	for _, name := range []string{"lease", "work-time", "attempts", "team-expiry", "team-state"} {
		if o.net.Set.Changed(name) {
			return cli.Usagef("--%s is for teams, and --no-teams grants them nothing: leave one "+
				"of the two out", name)
		}
	}
	return nil
}

// unkept says that messages are kept for teams, and how far they are isn't.
func (o *options) unkept() string {
	t := &o.cfg.Teams
	if t.Off || t.State != nil || o.cfg.Flow.Pace.Kind != reliable.PaceTeams {
		return ""
	}
	return "crier pub: nothing keeps how far teams are: if it starts again, they begin anew; " +
		"--team-state FILE keeps it\n"
}

// validateZeros refuses zeros that are given, which the configuration takes for the defaults.
func (o *options) validateZeros() error {
	t := &o.cfg.Teams
	for _, f := range []struct {
		name string
		zero bool
	}{{"lease", t.Lease == 0}, {"work-time", t.WorkTime == 0}, {"attempts", t.Attempts == 0}} {
		if f.zero && o.net.Set.Changed(f.name) {
			return cli.Usagef("--%s 0 would grant nothing: give more, or leave it out", f.name)
		}
	}
	return nil
}
