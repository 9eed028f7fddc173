// Package sub is "crier sub": it prints the messages of a group, names what is lost, and
// sums up each session.
package sub

import (
	"context"
	"net/netip"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/reliable/frame"
	"crier/subscriber"
)

// options holds the flags of crier sub.
type options struct {
	net      netflags.Flags
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
	buffer   cli.Size
	summary  string
	quiet    bool
	overload string
	work     time.Duration
	warnLag  uint64
}

// Command is "crier sub".
func Command() *cli.Command {
	return &cli.Command{
		Name:  "sub",
		Brief: "print the messages of a group",
		Help: `Prints the messages of all publishers on one or several groups, each session's in
order and once; what is lost is named, with its cause. Exit code 0: the end was
seen and nothing is missing, or --count was reached; 3: something was lost, or the
end of a session was not seen, since it is silent, or went on when --timeout or an
interrupt ended the command; 1: something else went wrong.

With --format json each line is an object. Its type is message (with session,
offset, sent_ns, received_ns, recovered, and text, or base64 where the payload is
not UTF-8), loss (from, to, which is exclusive, and cause), or what becomes of a
session: new, silent, resumed, ended, moved, contested. The other formats print only messages, and
the rest as words on standard error.

A session is silent when nothing was heard of its publisher for --silence, but not
before five of the heartbeat intervals that the publisher announces have passed:
half a second while it sends, 2 seconds when it has sent nothing for a while.

Latency counts from when the publisher accepted a message, by its clock, to when it
was received, by this machine's: it is as true as the two clocks agree. One that is
negative is told so, with how far ahead the publisher's clock must be.

Messages are lost for one of these causes:

` + causesText() + `
Examples:

  # whatever comes, until all publishers have gone
  crier sub --until-end

  # ten messages as JSON, the oldest first that are still held
  crier sub --start oldest --count 10 --format json

  # try how well 5 % of loss is repaired
  crier sub --drop 0.05 --until-end --summary -

  # a slow one, that drops what has waited longest
  crier sub --name slow --work 10us --overload drop --buffer 16MiB --warn-lag 10000 --until-end

  # two groups on a network, for a second
  crier sub --group 239.77.0.1:7700 --group 239.77.0.2:7700 --iface eth0 --timeout 1s

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{buffer: 32 << 20}
			o.net.Declare(flags, true)
			flags.StringVar(&o.source, "source", "",
				"listen to this publisher's `ADDRESS` only (source-specific multicast)")
			flags.StringVar(&o.name, "name", "", "this subscriber's name, as publishers see it")
			flags.StringVar(&o.format, "format", "lines",
				"how to print messages: lines, len (u32 length, payload) or json")
			flags.StringVar(&o.start, "start", "latest",
				"where to begin in a session that is older: latest, or oldest held")
			flags.StringVar(&o.order, "order", "offset",
				"when to print a message: in the order of its offset, or on arrival")
			flags.StringVar(&o.recovery, "recovery", "on", "ask for what is missing: on or off")
			flags.Uint64Var(&o.count, "count", 0, "leave after this many messages")
			flags.BoolVar(&o.untilEnd, "until-end", false,
				"leave when every session seen has said BYE or fallen silent")
			flags.DurationVar(&o.timeout, "timeout", 0, "leave after this long")
			flags.DurationVar(&o.silence, "silence", 0,
				"how long a publisher may be quiet before its session is silent: this, or 5 of "+
					"the intervals that it announces (default 2s)")
			flags.DurationVar(&o.maxWait, "max-wait", 0,
				"how long a missing message may hold back others (default: without bound)")
			flags.Var(&o.buffer, "buffer", "memory for messages of one session that wait")
			flags.StringVar(&o.overload, "overload", "block",
				"when messages are printed more slowly than they come: block, buffer (block once "+
					"--buffer is full), drop (the oldest) or drop-newest")
			flags.DurationVar(&o.work, "work", 0, "pretend that each message costs this long")
			flags.Uint64Var(&o.warnLag, "warn-lag", 0,
				"warn when this many `MESSAGES` behind, and when that is over")
			o.net.DeclareControl(flags, "port that NACKs come from and unicast repairs go to")
			o.net.DeclareRead(flags)
			o.net.DeclareDrop(flags)
			flags.StringVar(&o.summary, "summary", "",
				"write a summary as JSON to `FILE`, - for standard output")
			flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but messages and errors")
			return o.run
		},
	}
}

// minBuffer is the smallest buffer, in bytes.
const minBuffer = 64 << 10

// validate checks the flags beyond their types.
func (o *options) validate() error {
	changed := o.net.Set.Changed
	for _, d := range []struct {
		flag string
		time time.Duration
	}{{"timeout", o.timeout}, {"silence", o.silence}, {"max-wait", o.maxWait}} {
		if changed(d.flag) && d.time <= 0 {
			return cli.Usagef("--%s %v is no time to wait: give one such as 500ms or 10s, or "+
				"leave it out", d.flag, d.time)
		}
	}
	switch {
	case changed("count") && o.count == 0:
		return cli.Usagef("--count 0 would print nothing: give more, or leave it out")
	case o.work < 0:
		return cli.Usagef("--work %v is negative: give a time such as 50us", o.work)
	case o.start == "oldest" && o.recovery == "off":
		return cli.Usagef("--start oldest asks for what was sent before: leave out --recovery off")
	case o.buffer < minBuffer:
		return cli.Usagef("--buffer %v is too small: give %v or more", o.buffer,
			cli.Size(minBuffer))
	case len(o.name) > frame.MaxName:
		return cli.Usagef("--name has %d bytes, and may have %d", len(o.name), frame.MaxName)
	case o.summary == "-" && o.format == "len":
		return cli.Usagef("--summary - would be lost among the bytes of --format len: name a " +
			"file for it")
	}
	if err := cli.CheckMemory("--buffer", o.buffer); err != nil {
		return err
	}
	return checkFormat(o.format)
}

// config returns the configuration that the flags ask for.
func (o *options) config() (subscriber.Config, error) {
	var cfg subscriber.Config
	choices := []struct {
		flag, value string
		usual       string
		other       string
		set         func()
	}{
		{"start", o.start, "latest", "oldest", func() { cfg.Start = subscriber.Oldest }},
		{"order", o.order, "offset", "arrival", func() { cfg.Order = subscriber.OnArrival }},
		{"recovery", o.recovery, "on", "off", func() { cfg.Recovery.Off = true }},
	}
	for _, c := range choices {
		switch c.value {
		case c.usual:
		case c.other:
			c.set()
		default:
			return cfg, cli.Usagef("--%s %q is not known: use %s or %s", c.flag, c.value,
				c.usual, c.other)
		}
	}
	groups, iface, err := o.net.Parse()
	if err != nil {
		return cfg, err
	}
	if o.source != "" {
		if cfg.Source, err = netip.ParseAddr(o.source); err != nil {
			return cfg, cli.Usagef("--source %q is no address: give a publisher's, such as "+
				"192.0.2.7", o.source)
		}
	}
	if cfg.Link.Network, err = o.net.Network(); err != nil {
		return cfg, err
	}
	if cfg.Overload, err = subscriber.ParseOverload(o.overload); err != nil {
		return cfg, cli.Usagef("--overload %w", err)
	}
	if cfg.Overload == subscriber.OverloadDropOldest && cfg.Order == subscriber.OnArrival {
		return cfg, cli.Usagef("--overload drop drops what has waited longest, which --order " +
			"arrival doesn't know: use drop-newest")
	}
	cfg.WarnLag = o.warnLag
	cfg.Groups, cfg.Interface, cfg.Name = groups, iface, o.name
	cfg.Recovery.Silence, cfg.Recovery.MaxWait, cfg.Memory.Session, cfg.Link.ReadBuffer = o.silence, o.maxWait, int(o.buffer),
		int(o.net.ReadBuffer)
	cfg.Link.Port = o.net.Control
	return cfg, nil
}
