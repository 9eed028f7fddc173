package sub

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/subscriber"
)

func (o *options) run(ctx context.Context, std cli.Streams) (int, error) {
	if err := o.validate(); err != nil {
		return 0, err
	}
	if err := o.complete(); err != nil {
		return 0, err
	}
	if err := cli.Closed(std.Out); err != nil {
		return 0, err
	}
	std.Err = cli.NewConsole(std.Err)
	o.cfg.Logger = cli.NewLogger("sub", std.Err, o.net.Verbose)
	summary, err := cli.OpenJSON("--summary", o.summary, std)
	if err != nil {
		return 0, err
	}
	defer summary.Close()
	sub, err := subscriber.New(o.cfg)
	if err != nil {
		return 0, netflags.ConfigError(err)
	}
	if !o.quiet {
		fmt.Fprint(std.Err, o.listening(sub.LocalAddr()))
	}
	f := &follower{o: o, sub: sub, tally: newTally()}
	end, err := f.follow(ctx, std)
	sum := f.tally.summary(sub, !f.left)
	if !o.quiet {
		fmt.Fprint(std.Err, summaryText(sum, cli.Size(o.cfg.Link.ReadBuffer)))
	}
	if err = errors.Join(err, summary.Write(sum)); err != nil {
		return 0, err
	}
	return o.verdict(f.tally, sum, end, std)
}

// verdict returns the exit code: ExitOK if the end was seen and nothing is missing, or
// --count was reached. Otherwise it prints the reason.
func (o *options) verdict(t *tally, sum *Summary, end ending,
	std cli.Streams) (int, error) {
	if t.seen == 0 {
		when := "before the interrupt"
		if end == timedOut {
			when = fmt.Sprintf("within %v", o.timeout)
		}
		return 0, fmt.Errorf("no session was heard on %s %s%s", o.net.Where(o.cfg.Groups), when,
			unheard(sum))
	}
	var short error
	if end == timedOut && t.messages < o.count {
		short = fmt.Errorf("%d of %d messages came within %v", t.messages, o.count, o.timeout)
	}
	unseen := end != countReached && t.unseen > 0
	if t.lost == 0 && !unseen {
		return cli.ExitOK, short
	}
	if short != nil {
		fmt.Fprintf(std.Err, "crier sub: %v\n", short)
	}
	if unseen && !o.quiet {
		fmt.Fprint(std.Err, unseenText(sum))
	}
	return cli.ExitLost, nil
}

// unheard names a possible reason why no session was heard.
func unheard(sum *Summary) string {
	switch n := sum.Counters.N("invalid_datagrams") + sum.Counters.N("newer_frames"); {
	case n == 0 || sum.Counters.Understood() > 0:
		return "; is a publisher running, on this group and interface?"
	case n == 1:
		return ": 1 datagram came, and it is not a frame that this crier understands"
	default:
		return fmt.Sprintf(": %s datagrams came, none of them a frame that this crier understands",
			cli.Grouped(n))
	}
}

// listening returns the line that tells that everything sent from now on is heard.
func (o *options) listening(local netip.AddrPort) string {
	text := fmt.Sprintf("crier sub: listening to %s, with NACKs from %v, where repairs go",
		o.net.Where(o.cfg.Groups), local)
	if o.net.Defaulted() {
		text += "; only this machine is on it; --iface names another"
	}
	return text + "\n"
}
