package pub

import (
	"time"

	"crier/cmd/crier/cli"
	"crier/publisher"
)

// overload holds the flags for a producer that outruns a consumer.
type overload struct {
	overload string
	pace     string
	disk     cli.Size
	dir      string
	whenFull string
	maxRate  cli.Bitrate
	burst    cli.Size
	stall    time.Duration
	waitFor  int
	table    bool
}

func (o *overload) declare(flags *cli.FlagSet) {
	flags.StringVar(&o.pace, "pace", "none",
		"whose pace counts: none, slowest, quorum:N, or named:a,b (names of subscribers)")
	flags.StringVar(&o.overload, "overload", "block",
		"when those that count are behind and memory is full: drop, buffer (on disk) or block")
	o.disk = 1 << 30
	flags.Var(&o.disk, "buffer-disk", "with --overload buffer: how much is kept on disk")
	flags.StringVar(&o.dir, "buffer-dir", "",
		"with --overload buffer: the `DIRECTORY` on disk; nothing of it outlives the command")
	flags.StringVar(&o.whenFull, "when-full", "block",
		"with --overload buffer: when the disk is full too, drop or block")
	flags.DurationVar(&o.stall, "stall-timeout", 5*time.Second,
		"with --pace: how long a subscriber that makes no progress may hold the others")
	flags.IntVar(&o.waitFor, "wait-for", 0,
		"publish nothing before so many `SUBSCRIBERS` were heard")
	flags.Var(&o.maxRate, "max-rate",
		"send no faster than this, 525kbit to 8796Gbit, such as 100Mbit (default: no limit)")
	flags.Var(&o.burst, "burst",
		"with --max-rate: how much may go out at once, up to 1GiB (default: 1 ms of the rate)")
	flags.BoolVar(&o.table, "subscribers", false, "print a table of the subscribers each second")
}

// apply checks the flags and sets the fields of a configuration.
func (o *overload) apply(flags *cli.FlagSet, cfg *publisher.Config) error {
	var err error
	if cfg.Flow.Pace, err = publisher.ParsePace(o.pace); err != nil {
		return cli.Usagef("--pace %w", err)
	}
	if err := o.contradicts(flags, cfg.Flow.Pace); err != nil {
		return err
	}
	full := o.overload
	switch o.overload {
	case "drop", "block":
		for _, flag := range []string{"buffer-disk", "buffer-dir", "when-full"} {
			if flags.Changed(flag) {
				return cli.Usagef("--%s is for --overload buffer, and this is %s", flag, o.overload)
			}
		}
	case "buffer":
		if o.dir == "" {
			return cli.Usagef("--overload buffer keeps messages on disk: name a directory for it " +
				"with --buffer-dir")
		}
		if o.disk < 1<<20 {
			return cli.Usagef("--buffer-disk %v is too small: give 1MiB or more", o.disk)
		}
		cfg.Retention.Disk, cfg.Retention.Dir, full = int64(o.disk), o.dir, o.whenFull
	default:
		return cli.Usagef("--overload %q is not known: use drop, buffer or block", o.overload)
	}
	switch full {
	case "drop":
		cfg.Flow.WhenFull = publisher.Drop
	case "block":
	default:
		return cli.Usagef("--when-full %q is not known: use drop or block", o.whenFull)
	}
	switch {
	case o.stall <= 0:
		return cli.Usagef("--stall-timeout %v is no time to wait: give one such as 5s", o.stall)
	case o.waitFor < 0 || o.waitFor > 4096:
		return cli.Usagef("--wait-for %d is outside 0 to 4096", o.waitFor)
	case o.burst > 1<<30:
		return cli.Usagef("--burst %v is more than 1GiB", o.burst)
	case o.maxRate > 0 && (o.maxRate < 65507 || o.maxRate > 1<<40):
		return cli.Usagef("--max-rate %v is outside 525kbit to 8796Gbit", o.maxRate)
	}
	cfg.Flow.StallTimeout, cfg.Flow.WaitFor = o.stall, o.waitFor
	cfg.Flow.MaxRate, cfg.Flow.Burst = uint64(o.maxRate), uint64(o.burst)
	return nil
}

// contradicts returns an error about a flag that would have no effect.
func (o *overload) contradicts(flags *cli.FlagSet, pace publisher.Pace) error {
	nobody := pace.IsZero()
	switch {
	case nobody && o.overload == "buffer":
		return cli.Usagef("--overload buffer keeps what subscribers have yet to take whose pace " +
			"counts, and with --pace none nobody's does: say whose, such as --pace slowest")
	case nobody && flags.Changed("stall-timeout"):
		return cli.Usagef("--stall-timeout is for subscribers whose pace counts, and with --pace " +
			"none nobody's does: say whose, such as --pace slowest")
	case o.maxRate == 0 && flags.Changed("burst"):
		return cli.Usagef("--burst is of a rate limit, and there is none: give one with --max-rate")
	}
	return nil
}
