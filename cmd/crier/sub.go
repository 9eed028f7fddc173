package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/pflag"

	"crier/multicast"
	"crier/subscriber"
)

// subOptions are the flags of crier sub.
type subOptions struct {
	net      netFlags
	source   string
	name     string
	format   string
	start    string
	order    string
	recovery string
	count    uint64
	untilEnd bool
	timeout  time.Duration
	silence  time.Duration
	maxWait  time.Duration
	buffer   size
	summary  string
	quiet    bool
}

func subCommand() *command {
	return &command{
		name:  "sub",
		brief: "print the messages of a group",
		help: `Prints the messages of all publishers on one or several groups, each session's in
order and once; what is lost is named, with its cause. Exit code 0: all was
delivered; 3: something was lost; 1: something else went wrong.

Examples:

  # whatever comes, until all publishers have gone
  crier sub --until-end

  # ten messages as JSON, the oldest first that are still held
  crier sub --start oldest --count 10 --format json

  # try how well 5 % of loss is repaired
  crier sub --drop 0.05 --until-end --summary -

`,
		setup: func(flags *pflag.FlagSet) func(context.Context, streams) (int, error) {
			o := &subOptions{buffer: 32 << 20}
			o.net.declare(flags, true)
			flags.StringVar(&o.source, "source", "", "listen to this publisher's `ADDRESS` only (source-specific multicast)")
			flags.StringVar(&o.name, "name", "", "this subscriber's name, as publishers see it")
			flags.StringVar(&o.format, "format", "lines", "how to print messages: lines, len (u32 length, payload) or json")
			flags.StringVar(&o.start, "start", "latest", "where to begin in a session that is older: latest, or oldest held")
			flags.StringVar(&o.order, "order", "offset", "when to print a message: in the order of its offset, or on arrival")
			flags.StringVar(&o.recovery, "recovery", "on", "ask for what is missing: on or off")
			flags.Uint64Var(&o.count, "count", 0, "leave after this many messages")
			flags.BoolVar(&o.untilEnd, "until-end", false, "leave when every session seen has said BYE or fallen silent")
			flags.DurationVar(&o.timeout, "timeout", 0, "leave after this long")
			flags.DurationVar(&o.silence, "silence", 0, "how long a publisher may be quiet before its session is silent (default 2s)")
			flags.DurationVar(&o.maxWait, "max-wait", 0, "how long a missing message may hold back others (default: without bound)")
			flags.Var(&o.buffer, "buffer", "memory for messages of one session that wait")
			o.net.declareDrop(flags)
			flags.StringVar(&o.summary, "summary", "", "write a summary as JSON to `FILE`, - for standard output")
			flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but messages and errors")
			return o.run
		},
	}
}

// config makes a Config of the flags.
func (o *subOptions) config(std streams) (subscriber.Config, error) {
	var cfg subscriber.Config
	choices := []struct {
		flag, value string
		known       map[string]func()
	}{
		{"start", o.start, map[string]func(){"latest": func() {}, "oldest": func() { cfg.Start = subscriber.Oldest }}},
		{"order", o.order, map[string]func(){"offset": func() {}, "arrival": func() { cfg.Order = subscriber.OnArrival }}},
		{"recovery", o.recovery, map[string]func(){"on": func() {}, "off": func() { cfg.NoRecovery = true }}},
	}
	for _, c := range choices {
		set, ok := c.known[c.value]
		if !ok {
			return cfg, usagef("--%s %q is not known; see \"crier help sub\"", c.flag, c.value)
		}
		set()
	}
	switch {
	case o.timeout < 0 || o.silence < 0 || o.maxWait < 0:
		return cfg, usagef("--timeout, --silence and --max-wait are times, and not negative")
	case int64(o.buffer) > int64(^uint(0)>>3):
		return cfg, usagef("--buffer %v is more than this machine can address", o.buffer)
	}
	groups, iface, err := o.net.parse()
	if err != nil {
		return cfg, err
	}
	if o.source != "" {
		if cfg.Source, err = netip.ParseAddr(o.source); err != nil {
			return cfg, usagef("--source %q is no address", o.source)
		}
	}
	if cfg.Network, err = o.net.network(); err != nil {
		return cfg, err
	}
	cfg.Groups, cfg.Interface, cfg.Name = groups, iface, o.name
	cfg.Silence, cfg.MaxWait, cfg.Buffer = o.silence, o.maxWait, int(o.buffer)
	cfg.Logger = o.net.logger(std)
	return cfg, nil
}

func (o *subOptions) run(ctx context.Context, std streams) (int, error) {
	print, err := newPrinter(o.format, std, o.quiet)
	if err != nil {
		return 0, err
	}
	cfg, err := o.config(std)
	if err != nil {
		return 0, err
	}
	sub, err := subscriber.New(cfg)
	if err != nil {
		return 0, configError(err)
	}
	tally := newTally()
	left, err := o.follow(ctx, sub, tally, print)
	sub.Close()
	if err == nil && !left { // what waited for a gap, and what is lost with it
		for ev := range sub.Messages(context.WithoutCancel(ctx)) {
			tally.note(&ev)
			if err = print.event(&ev); err != nil {
				break
			}
		}
	}
	err = errors.Join(err, print.close())
	summary := tally.summary(sub, !left)
	if !o.quiet {
		fmt.Fprint(std.err, subText(summary))
	}
	err = errors.Join(err, writeSummary(o.summary, std, summary))
	switch {
	case err != nil:
		return 0, err
	case o.timeout > 0 && tally.seen == 0:
		return 0, fmt.Errorf("no session was heard on %v by interface %s within %v; is a publisher running, on this group and interface?",
			cfg.Groups, o.net.iface, o.timeout)
	case tally.lost > 0:
		return exitLost, nil
	}
	return exitOK, nil
}

// follow takes events until it is time to leave. It reports whether it left
// before it had taken all there was.
func (o *subOptions) follow(ctx context.Context, sub *subscriber.Subscriber, tally *tally, print *printer) (left bool, err error) {
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	for ev := range sub.Messages(ctx) {
		tally.note(&ev)
		if err := print.event(&ev); err != nil {
			return true, err
		}
		if o.count > 0 && tally.messages == o.count {
			return true, nil
		}
		if o.untilEnd && tally.open == 0 && tally.seen > 0 {
			return false, nil
		}
	}
	return false, nil
}

// isConfigError reports whether an error is about what the user asked for.
func isConfigError(err error) bool {
	var config *multicast.ConfigError
	return errors.As(err, &config)
}
