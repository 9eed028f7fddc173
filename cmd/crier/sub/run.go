package sub

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/cmd/crier/trouble"
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
	console := cli.NewConsole(std.Err)
	std.Err, std.Out = console, console.Beside(std.Out)
	o.cfg.Logger = cli.NewLogger("sub", std.Err, o.net.Verbose)
	summary, err := cli.OpenJSON("--summary", o.summary, std)
	if err != nil {
		return 0, err
	}
	defer summary.Close()
	o.host = trouble.NewHost(o.net.Interface())
	sub, err := subscriber.New(o.cfg)
	if err != nil {
		return 0, netflags.ConfigError(o.net.Set, err)
	}
	if !o.quiet {
		fmt.Fprint(std.Err, o.listening(sub.LocalAddr()), o.stateText(sub.Positions()),
			o.teamText(sub.Name()))
	}
	f := &follower{o: o, sub: sub, tally: newTally()}
	if o.saves {
		f.acks = newAcks(sub.Done)
	}
	if o.cfg.Team != "" {
		f.written, f.tally.team = &written{}, newTeamTally(o, sub.Name())
	}
	teller := &trouble.Teller{Command: "crier sub", Out: std.Err}
	stopTelling := func() {}
	if !o.quiet {
		l := &lookout{o: o}
		stopTelling = teller.Start(func(time.Time) []trouble.Trouble {
			return l.troubles(o.snapshot(sub))
		})
	}
	stopProgress := o.showProgress(std, console, sub)
	stopReports := o.reportIntervals(std.Err, sub)
	pursuit, stopPursuit := o.pursue(std.Err, sub)
	end, err := f.follow(ctx, std)
	stopTelling()
	stopProgress()
	stopReports()
	stopPursuit()
	sum := f.tally.summary(sub, !f.left, o.cfg.Feeds)
	sum.CatchUp = pursuit.summary()
	if f.unsaved {
		sum.forgetPositions()
	}
	if !o.quiet {
		fmt.Fprint(std.Err, summaryText(sum, cli.Size(o.cfg.Link.ReadBuffer),
			cli.SheetOf(std.Err)))
	}
	if err = errors.Join(err, summary.Write(sum)); err != nil {
		return 0, err
	}
	if f.tally.seen == 0 {
		if r := f.unheard; !o.quiet && !teller.Told("nothing", r) {
			r.Head = "nothing came; looking for the cause:"
			fmt.Fprint(std.Err, r.Text("crier sub", cli.SheetOf(std.Err)))
		}
		return 0, errors.New(f.unheard.Head)
	}
	return o.verdict(f.tally, sum, end, std)
}

// unheard reports that no session was heard until the end.
func (o *options) unheard(s *snapshot, end ending) trouble.Report {
	when := "before the interrupt"
	if end == timedOut {
		when = fmt.Sprintf("within %v", o.timeout)
	}
	return o.nothing(s, when)
}

// verdict returns the exit code: ExitOK if the end was seen and nothing is missing, or
// --count was reached. Otherwise it prints the reason.
func (o *options) verdict(t *tally, sum *Summary, end ending,
	std cli.Streams) (int, error) {
	var short error
	if end == timedOut && t.messages < o.count {
		short = fmt.Errorf("%d of %d messages came within %v", t.messages, o.count, o.timeout)
	}
	unseen := end != countReached && t.unseen > 0
	if short = errors.Join(short, t.refusedText()); t.lost == 0 && !unseen {
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

// listening returns the line that tells that everything sent from now on is heard.
func (o *options) listening(local netip.AddrPort) string {
	text := fmt.Sprintf("crier sub: listening to %s, with NACKs from %v, where repairs go",
		o.net.Where(o.groups), local)
	if o.net.Defaulted() {
		text += "; only this machine is on it; --iface names another"
	}
	switch {
	case o.history == 0:
		text += "\ncrier sub: --history 0: when a publisher crashes, this subscriber gives " +
			"others nothing of what they lack, and asks recorders alone"
	case o.cfg.Source.IsValid():
		text += "\ncrier sub: --source: other subscribers aren't heard; when the publisher " +
			"crashes, nobody gives what is missing"
	}
	return text + "\n"
}
