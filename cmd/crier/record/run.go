package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/subscriber/recorder"
)

func (o *options) run(ctx context.Context, std cli.Streams) (int, error) {
	if err := o.validate(); err != nil {
		return 0, err
	}
	if err := o.complete(); err != nil {
		return 0, err
	}
	console := cli.NewConsole(std.Err)
	std.Err, std.Out = console, console.Beside(std.Out)
	o.cfg.Logger = cli.NewLogger("record", std.Err, o.net.Verbose)
	summary, err := cli.OpenJSON("--summary", o.summary, std)
	if err != nil {
		return 0, err
	}
	defer summary.Close()
	rec, err := recorder.New(o.cfg)
	if err != nil {
		return 0, netflags.ConfigError(o.net.Set, err)
	}
	if !o.quiet {
		fmt.Fprint(std.Err, o.begins(rec, cli.SheetOf(std.Err)))
	}
	stopProgress := o.showProgress(console, rec)
	stopReports := o.reportIntervals(std.Err, rec)
	stopCertificates := o.showCertificates(std, rec)
	o.wait(ctx, rec)
	stopProgress()
	stopReports()
	stopCertificates()
	err = rec.Close()
	sum := summarize(rec)
	if !o.quiet {
		fmt.Fprint(std.Err, sum.text(cli.SheetOf(std.Err)))
	}
	if err = errors.Join(err, summary.Write(sum)); err != nil {
		return 0, err
	}
	if sum.lacks() {
		return cli.ExitLost, nil
	}
	return cli.ExitOK, nil
}

// lookEvery is how often --until-end looks.
const lookEvery = 20 * time.Millisecond

// wait returns when it is time to leave.
func (o *options) wait(ctx context.Context, rec *recorder.Recorder) {
	if o.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, o.timeout)
		defer stop()
	}
	over := make(chan struct{})
	if o.untilEnd {
		var done bool
		defer cli.Each(lookEvery, func(time.Time) {
			if !done && ended(rec.Sessions()) {
				done = true
				close(over)
			}
		})()
	}
	select {
	case <-ctx.Done():
	case <-over:
	}
}

// ended reports whether something was heard, and all of it has ended.
func ended(sessions []recorder.Session) bool {
	heard := false
	for i := range sessions {
		s := &sessions[i]
		if s.Live {
			return false
		}
		heard = heard || s.Frames > 0
	}
	return heard
}
