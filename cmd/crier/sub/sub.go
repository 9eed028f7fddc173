// Package sub is "crier sub": it prints the messages of a group, names what is lost, and
// sums up each session.
package sub

import (
	"context"
	"net/netip"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/cmd/crier/interval"
	"crier/cmd/crier/netflags"
	"crier/cmd/crier/stretch"
	"crier/cmd/crier/trouble"
	"crier/subscriber"
)

// options holds the flags of crier sub.
type options struct {
	net      netflags.Flags
	cfg      subscriber.Config
	source   string
	format   string
	show     events.Fields
	count    uint64
	untilEnd bool
	timeout  time.Duration
	summary  string
	interval interval.Every
	quiet    bool
	work     time.Duration
	// state is the file of positions, and saves says that they are kept there.
	state     string
	stateSync bool
	saves     bool
	recorders []string
	share     subscriber.Share // of a team
	groups    []netip.AddrPort // the home group of a topic
	// history is the size of the history in bytes; 0 is none.
	history int
	host    *trouble.Host // nil until a subscriber listens
}

// Command is "crier sub".
func Command() *cli.Command {
	return &cli.Command{
		Name:  "sub",
		Brief: "print the messages of a group",
		Help: `Prints the messages of all publishers on one or several groups, each session's in
order and once; lost messages are named, with their cause. Exit code 0: the end was
seen and nothing is missing, or --count was reached; 3: something was lost, or the
end of a session was not seen, since it is silent, or went on when --timeout or an
interrupt ended the command; 1: something else went wrong.

While nothing comes, or a publisher doesn't hear this subscriber, it says so after
3 s, and later if there is news: what came instead, which causes are ruled out on
this machine, and the crier doctor command that looks for the rest.

With --interval there is a line of figures each so often on standard error:
messages and bits of messages a second; messages lost and recovered, NACKs, and the
kernel's drops meanwhile; and lag and open sessions at its end.

With --format json each line is an object. Its type is message (with session, partition, name
and group, offset, sent_ns, received_ns, recovered, key and headers, and text, or base64 where
the payload is not UTF-8), loss (from, to, which is exclusive, and cause), or a change of a
session: new, inquest, silent, amended, resumed, ended, moved, contested, feed-down, feed-up; in
a team also assigned, revoking, revoked, not-granted, and messages have epoch, attempt and
orphan. The other formats print only messages, and the rest as words on standard error. Lines
have what --show names before each message.

A session is silent when nothing was heard of its publisher for --silence, but not
before five of the heartbeat intervals that the publisher announces have passed:
half a second while it sends, 2 seconds when it has sent nothing for a while. Then its
survivors, the subscribers with a --history and the recorders, give each other what some of
them lack, and a certificate names those that took part, and the messages that nobody has. For
that a subscriber keeps the last ` + cli.Bytes(subscriber.DefaultHistory) + ` that it printed: some
seconds of a stream of 1 MiB/s. It costs a copy of each message, less than 3 % of the highest
rate; more than fits into the processor's caches costs more.

With --state FILE it goes on where it was: a message is done once it is written to
standard output, and ten times a second, and at the end, the file gets the position
behind it. After a kill the messages of the last 100 ms come again, and none is left
out: what was sent meanwhile comes from the publisher's resend buffer, or from a
recorder. A session that the file doesn't know begins at the latest; with --start
resume:oldest, at the oldest that is held. Any other --start, or --until, works a
stretch through again, as often as one likes, and leaves the file as it is.

With --team the messages of a topic are shared among the members of a team, which are
subscribers on any machines: each message comes to one of them. The publisher says to which.
With --share partition, the default, each partition belongs to one member at a time, in
order; with --share message each message goes to the member that has the least to do. A
message is done once it is written to standard output, after its --work. When a member is lost,
others get what wasn't done: such a message has an attempt above 1, and may have been done
before. On an interrupt a member gives back what it has, and the exit code is 0: others go on.

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
  crier sub --work 10us --overload drop-oldest --buffer 16MiB --warn-lag 10000 --until-end

  # go on where it was when it ended, or was killed
  crier sub --state feed.state --start resume:oldest --until-end

  # messages 1,000 to 1,099 again, and what was sent within the last ten minutes
  crier sub --start offset:1000 --until offset:1100
  crier sub --start time:-10m --until-end

  # two partitions of a topic, each message behind its partition and its key
  crier sub --topic md --partition 3,7 --show partition,key --until-end

  # one of several workers that share the messages of a topic, each partition in order
  crier sub --topic orders --team risk --name worker1

  # a worker for messages that each take long, in any order
  crier sub --topic jobs --team pricing --share message --room 4

  # two groups on a network, for a second
  crier sub --group 239.77.0.1:7700 --group 239.77.0.2:7700 --iface eth0 --timeout 1s

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{}
			o.declare(flags)
			return o.run
		},
	}
}

// declare declares the flags.
func (o *options) declare(flags *cli.FlagSet) {
	o.cfg.Memory, _ = subscriber.Memory{}.Complete() // for the help
	o.cfg.Memory.Total = 0
	o.net.Declare(flags, true)
	o.net.DeclareTopic(flags)
	o.net.DeclareFeeds(flags)
	flags.StringVar(&o.source, "source", "",
		"listen to this publisher's `ADDRESS` only (source-specific multicast)")
	flags.StringVar(&o.cfg.Name, "name", "", "this subscriber's name, as publishers see it")
	flags.StringVar(&o.format, "format", "lines",
		"how to print messages: lines, len (u32 length, payload) or json")
	cli.Offer(flags, "format", cli.Words("lines", "len", "json"))
	o.show.Declare(flags)
	stretch.DeclareStart(flags, &o.cfg.Start, "where to begin in a session that is older: at the "+
		"`POINT` latest, oldest (that is held), offset:N, time:T (as in RFC 3339, or a time ago, "+
		"such as -10m), resume, or resume:oldest; with --state it is resume",
		"latest", "oldest", "resume", "resume:oldest")
	stretch.DeclareUntil(flags, &o.cfg.Until, "where to end in each session, and leave then: "+
		"before the `POINT` offset:N or time:T")
	flags.StringVar(&o.state, "state", "",
		"keep in `FILE` which messages are printed, and go on there the next time")
	cli.Offer(flags, "state", cli.Files())
	flags.BoolVar(&o.stateSync, "state-sync", false,
		"write --state after each write to standard output, and wait for it, instead of ten "+
			"times a second")
	flags.StringSliceVar(&o.recorders, "recorders", nil,
		"take from the recorders at these `ADDRESSES` only what publishers no longer hold")
	flags.BoolVar(&o.cfg.Logs.Replays, "replays", false,
		"print the sessions of crier replay, too")
	flags.TextVar(&o.cfg.Order, "order", o.cfg.Order,
		"when to print a message, by `WORD`: in-order of its offset, or on-arrival")
	cli.Offer(flags, "order", cli.Words("in-order", "on-arrival"))
	flags.Var(cli.OnOff(&o.cfg.Recovery.Off), "recovery", "ask for missing messages")
	flags.Uint64Var(&o.count, "count", 0, "leave after this many messages")
	flags.BoolVar(&o.untilEnd, "until-end", false,
		"leave when every session seen has said BYE or fallen silent, and no other follows")
	flags.DurationVar(&o.timeout, "timeout", 0, "leave after this long")
	flags.DurationVar(&o.cfg.Recovery.Silence, "silence", 0,
		"how long a publisher may be quiet before its session is silent: this, or 5 of "+
			"the intervals that it announces (default 2s)")
	flags.DurationVar(&o.cfg.Recovery.MaxWait, "max-wait", 0,
		"how long a missing message may hold back others (default: without bound)")
	flags.Var(cli.SizeOf(&o.cfg.Memory.Buffer), "buffer",
		"memory for messages of one session that wait")
	o.history = subscriber.DefaultHistory
	flags.Var(cli.SizeOf(&o.history), "history", "memory for what was printed last, kept so that "+
		"subscribers help each other when a publisher crashes; 0 turns that off")
	flags.TextVar(&o.cfg.Overload, "overload", o.cfg.Overload,
		"when messages are printed more slowly than they come, by `WORD`: block, buffer "+
			"(block once --buffer is full), drop-oldest or drop-newest")
	cli.Offer(flags, "overload",
		cli.Words("block", "buffer", "drop-oldest", "drop-newest"))
	flags.DurationVar(&o.work, "work", 0, "pretend that each message costs this long")
	flags.Uint64Var(&o.cfg.WarnLag, "warn-lag", 0,
		"warn when this many `MESSAGES` behind, and when that is over")
	o.declareTeam(flags)
	o.net.DeclareLink(flags, &o.cfg.Link,
		"port that NACKs come from and unicast repairs go to")
	o.net.DeclareDrop(flags)
	flags.StringVar(&o.summary, "summary", "",
		"write a summary as JSON to `FILE`, - for standard output")
	cli.Offer(flags, "summary", cli.Files("json"))
	o.interval.Declare(flags)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but messages and errors")
}

// minBuffer and minHistory are the smallest buffer and history, in bytes.
const (
	minBuffer  = 64 << 10
	minHistory = 128 << 10
)

// validate checks the flags beyond their types.
func (o *options) validate() error {
	changed := o.net.Set.Changed
	buffer, history := cli.Size(o.cfg.Memory.Buffer), cli.Size(o.history)
	for _, d := range []struct {
		flag string
		time time.Duration
	}{{"timeout", o.timeout}, {"silence", o.cfg.Recovery.Silence},
		{"max-wait", o.cfg.Recovery.MaxWait}} {
		if changed(d.flag) && d.time <= 0 {
			return cli.Usagef("--%s %v is not a time to wait: give one such as 500ms or 10s, or "+
				"leave it out", d.flag, d.time)
		}
	}
	if err := o.checkState(); err != nil {
		return err
	}
	if err := o.checkTeam(); err != nil {
		return err
	}
	switch {
	case changed("count") && o.count == 0:
		return cli.Usagef("--count 0 would print nothing: give more, or leave it out")
	case o.work < 0:
		return cli.Usagef("--work %v is negative: give a time such as 50us", o.work)
	case buffer < minBuffer:
		return cli.Usagef("--buffer %v is too small: give %v or more", buffer,
			cli.Size(minBuffer))
	case changed("history") && history > 0 && (o.source != "" || o.cfg.Recovery.Off):
		flag := "--source, by which other subscribers aren't heard"
		if o.cfg.Recovery.Off {
			flag = "--recovery off, which asks for nothing"
		}
		return cli.Usagef("--history %v has no use beside %s: leave one of them out", history, flag)
	case history > 0 && history < minHistory:
		return cli.Usagef("--history %v is too small: give %v or more, or 0 for none", history,
			cli.Size(minHistory))
	case o.cfg.Overload == subscriber.OverloadDropOldest && o.cfg.Order == subscriber.OnArrival:
		return cli.Usagef("--overload drop-oldest drops what has waited longest, which --order " +
			"on-arrival doesn't know: use drop-newest")
	case o.summary == "-" && o.format == "len":
		return cli.Usagef("--summary - would be lost among the bytes of --format len: name a " +
			"file for it")
	}
	if err := netflags.CheckName(o.cfg.Name); err != nil {
		return err
	}
	if err := cli.CheckMemory("--buffer", buffer); err != nil {
		return err
	}
	if err := cli.CheckMemory("--history", history); err != nil {
		return err
	}
	if err := events.CheckFormat(o.format); err != nil {
		return err
	}
	return o.show.Check(o.format)
}

// complete fills in what the flags of the network say.
func (o *options) complete() error {
	cfg := &o.cfg
	named, err := o.net.Topic()
	if err != nil {
		return err
	}
	if o.groups, cfg.Interface, err = o.net.Parse(); err != nil {
		return err
	}
	cfg.Topic, cfg.Partitions, cfg.Groups = named.Name, named.Partitions, named.GroupsOf(o.groups)
	if cfg.Feeds, err = o.net.Feeds(); err != nil {
		return err
	}
	if cfg.Feeds != nil { // which have interfaces, and perhaps groups
		cfg.Interface, cfg.Groups = "", nil
	}
	if cfg.Source, err = netflags.Source(o.source); err != nil {
		return err
	}
	if err := o.completeState(); err != nil {
		return err
	}
	o.completeTeam()
	if cfg.History = o.history; o.history == 0 {
		cfg.History = -1
	}
	cfg.Link.Network, err = o.net.Network()
	return err
}
