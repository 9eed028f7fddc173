package pub

import (
	"crier/cmd/crier/cli"
	"crier/publisher"
)

// declareFlow declares the flags for a producer that outruns a consumer.
func (o *options) declareFlow(flags *cli.FlagSet) {
	flow, kept := &o.cfg.Flow, &o.cfg.Retention
	flags.TextVar(&flow.Pace, "pace", flow.Pace,
		"whose `PACE` counts: none, slowest, quorum:N, named:a,b (names of subscribers), or teams")
	cli.Offer(flags, "pace", cli.Words("none", "slowest", "quorum:", "named:", "teams"))
	flags.TextVar(&flow.WhenFull, "when-full", flow.WhenFull,
		"treatment of a message that finds no room, by `WORD`: block, which waits, or drop")
	cli.Offer(flags, "when-full", cli.Words("block", "drop"))
	flags.Var(cli.SizeOf(&kept.Disk), "disk",
		"with --pace: how much is kept on disk when memory is full (default: nothing)")
	flags.StringVar(&kept.DiskDir, "disk-dir", "",
		"with --disk: the `DIRECTORY` for it; nothing of it outlives the command")
	cli.Offer(flags, "disk-dir", cli.Directories())
	flags.DurationVar(&flow.StallTimeout, "stall-timeout", flow.StallTimeout,
		"with --pace: how long a subscriber that makes no progress may hold the others")
	flags.IntVar(&flow.WaitFor, "wait-for", 0,
		"publish nothing before so many `SUBSCRIBERS` were heard")
	flags.TextVar(&flow.MaxRate, "max-rate", flow.MaxRate,
		"send no faster than this `RATE`, 525kbit to 8Tbit, such as 100Mbit (default: no limit)")
	flags.Var(cli.SizeOf(&flow.MaxBurst), "max-burst",
		"with --max-rate: how much may go out at once, up to 1GiB (default: 1 ms of the rate)")
}

// Bounds of --max-rate, the upper one also of --repair-floor. The lower is a datagram of any size
// a second.
const (
	minRate = 8 * 65507
	maxRate = 8000 * publisher.Gbit
)

// validateFlow checks those flags beyond their types.
func (o *options) validateFlow() error {
	flow, kept := &o.cfg.Flow, &o.cfg.Retention
	nobody, changed := flow.Pace.IsZero(), o.net.Set.Changed
	switch {
	case nobody && changed("disk"):
		return cli.Usagef("--disk keeps what subscribers have yet to take whose pace counts, and " +
			"with --pace none nobody's does: say whose, such as --pace slowest")
	case nobody && changed("stall-timeout"):
		return cli.Usagef("--stall-timeout is for subscribers whose pace counts, and with --pace " +
			"none nobody's does: say whose, such as --pace slowest")
	case changed("disk") && kept.Disk < 1<<20:
		return cli.Usagef("--disk %v is too small: give 1MiB or more", cli.Size(kept.Disk))
	case kept.Disk > 0 && kept.DiskDir == "":
		return cli.Usagef("--disk has no directory: name one with --disk-dir")
	case kept.Disk == 0 && changed("disk-dir"):
		return cli.Usagef("--disk-dir is for --disk: say how much may be kept there, such as " +
			"--disk 1GiB")
	case flow.StallTimeout <= 0:
		return cli.Usagef("--stall-timeout %v is not a time to wait: give one such as 5s",
			flow.StallTimeout)
	case flow.WaitFor < 0 || flow.WaitFor > 4096:
		return cli.Usagef("--wait-for %d is outside 0 to 4096", flow.WaitFor)
	case flow.MaxRate == 0 && changed("max-burst"):
		return cli.Usagef("--max-burst is of a rate limit, and there is none: give one " +
			"with --max-rate")
	case flow.MaxBurst > 1<<30:
		return cli.Usagef("--max-burst %v is more than 1GiB", cli.Size(flow.MaxBurst))
	case changed("max-rate") && (flow.MaxRate < minRate || flow.MaxRate > maxRate):
		return cli.Usagef("--max-rate %v is outside 525kbit to 8Tbit: leave it out for no limit",
			flow.MaxRate)
	}
	return nil
}
