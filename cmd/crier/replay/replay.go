// Package replay is "crier replay": it prints the messages of a log, or publishes them again.
package replay

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/cmd/crier/logdir"
	"crier/cmd/crier/netflags"
	"crier/cmd/crier/pace"
	"crier/cmd/crier/stretch"
	"crier/publisher"
	"crier/reliable"
	"crier/reliable/journal"
)

// options holds the flags of crier replay.
type options struct {
	dir    string
	start  reliable.Start
	until  reliable.Until
	format string
	show   events.Fields
	count  uint64
	quiet  bool
	// topic and wanted choose sessions and partitions.
	topic  string
	wanted string

	publish   bool
	sameGroup bool
	net       netflags.Flags
	cfg       publisher.Config
	pace      pace.Options
}

// replayGroup is the group that replays go to by default: live subscribers use another.
const replayGroup = "239.77.0.3:7700"

// Command is "crier replay".
func Command() *cli.Command {
	o := &options{}
	return &cli.Command{
		Name: "replay",
		Args: " [SESSION]", ArgValues: logdir.Sessions(&o.dir),
		Brief: "print the messages of a log, or publish them again",
		Help: `Prints the messages of a log, each session's in order and once; those that the log
lacks are named, with their cause. Of several sessions the one that began first comes
first, and the partitions of a session come as they were published. It only reads: a
recorder may write the log meanwhile, and positions that consumers saved stay as they are,
so that a stretch can be worked through as often as one likes.

With --publish the messages of one session go out again, with their offsets and at the
pace of their recording, as a session of its own. Each of its frames is marked as a
replay's: subscribers drop them from the first on, but for "crier sub --replays", and
recorders don't record them. They go to a group of their own, all partitions of a topic to
one; the group that crier pub and crier sub use by themselves needs --same-group. Offsets
that the log lacks are passed over, and subscribers are told.

Exit code 0: the session's end, --until or --count was reached, and nothing is missing;
3: messages are missing, or the log ends before the session does, so that what came after
is unknown; 1: something else went wrong.

Examples:

  # all messages of a log, a line each
  crier replay --dir /var/lib/crier

  # a stretch of one session, by the first digits of its id
  crier replay --dir /var/lib/crier 8f2a --start offset:1000 --until offset:2000

  # two partitions of a topic
  crier replay --dir /var/lib/crier --topic orders --partition 3,7

  # the last hour as JSON
  crier replay --dir /var/lib/crier --start time:-1h --format json

  # again, 20 times as fast, when a subscriber is there
  crier replay --dir /var/lib/crier 8f2a --publish --speed 20 --wait-for 1

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o.declare(flags)
			return func(ctx context.Context, std cli.Streams) (int, error) {
				id := flags.Arg(0)
				if flags.NArg() > 1 {
					return 0, cli.Usagef("it takes one session, not %d: leave the session out for "+
						"all of them", flags.NArg())
				}
				if err := o.validate(); err != nil {
					return 0, err
				}
				if err := cli.Closed(std.Out); err != nil && !o.publish {
					return 0, err
				}
				log, err := logdir.Open(o.dir)
				if err != nil {
					return 0, err
				}
				defer log.Close()
				list, err := o.chosen(log, id)
				if err != nil {
					return 0, err
				}
				if o.publish {
					return o.again(ctx, std, log, list[0])
				}
				return o.print(ctx, std, log, list)
			}
		},
	}
}

// declare declares the flags.
func (o *options) declare(flags *cli.FlagSet) {
	logdir.Declare(flags, &o.dir)
	o.start = reliable.Oldest
	stretch.DeclareStart(flags, &o.start, "where to begin: `POINT` oldest, offset:N, or time:T "+
		"with T such as 2026-11-30T08:00:00Z or -10m", "oldest")
	stretch.DeclareUntil(flags, &o.until, "where to end: before the `POINT` offset:N or time:T")
	flags.StringVar(&o.topic, "topic", "", "only sessions of the topic of this `NAME`")
	flags.StringVar(&o.wanted, "partition", "", "only these `PARTITIONS`, such as 3 or 0,4-7")
	flags.StringVar(&o.format, "format", "lines",
		"how to print messages: lines, len (u32 length, payload) or json")
	cli.Offer(flags, "format", cli.Words("lines", "len", "json"))
	o.show.Declare(flags)
	flags.Uint64Var(&o.count, "count", 0, "leave after this many messages")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but messages and errors")
	flags.BoolVar(&o.publish, "publish", false, "publish the messages of a session again")
	o.net.DeclareTo(flags, replayGroup, "multicast `ADDRESS:PORT` to publish to")
	flags.BoolVar(&o.sameGroup, "same-group", false,
		"publish also to the group of live publishers and subscribers")
	flags.StringVar(&o.cfg.Name, "name", "", "the publisher's name (default: as recorded)")
	flags.Var(&o.pace.Speed, "speed", "how fast recorded times pass: 1, any number, or max")
	cli.Offer(flags, "speed", cli.Words("max"))
	flags.IntVar(&o.cfg.Flow.WaitFor, "wait-for", 0,
		"publish nothing before so many `SUBSCRIBERS` were heard")
	o.net.DeclareLink(flags, &o.cfg.Link, "port that NACKs come to")
	flags.BoolVarP(&o.net.Verbose, "verbose", "v", false, "log more, for an operator")
}

// publishing lists the flags that need --publish.
var publishing = []string{"group", "iface", "same-group", "name", "speed", "wait-for",
	"control-port", "read-buffer", "verbose"}

// validate checks the flags beyond their types.
func (o *options) validate() error {
	changed := o.net.Set.Changed
	switch {
	case o.start == reliable.Latest || o.start == reliable.Resume ||
		o.start == reliable.ResumeOldest:
		return cli.Usagef("--start %v has no meaning in a log: use oldest, offset:N or time:T",
			o.start)
	case changed("count") && o.count == 0:
		return cli.Usagef("--count 0 would print nothing: give more, or leave it out")
	case o.publish && changed("format"):
		return cli.Usagef("--format is for printing: leave it out with --publish")
	}
	if err := netflags.CheckName(o.cfg.Name); err != nil {
		return err
	}
	for _, name := range publishing {
		if changed(name) && !o.publish {
			return cli.Usagef("--%s is for --publish: give that too, or leave it out", name)
		}
	}
	if err := events.CheckFormat(o.format); err != nil {
		return err
	}
	return o.show.Check(o.format)
}

// chosen returns the sessions to replay, each with its tapes in order of their partitions. Those
// that began first come before others.
func (o *options) chosen(log *logdir.Log, id string) ([][]journal.State, error) {
	all, err := log.Session(id)
	if err != nil {
		return nil, err
	}
	var partitions []uint32
	if o.net.Set.Changed("partition") {
		if partitions, err = netflags.ParsePartitions(o.wanted); err != nil {
			return nil, err
		}
	}
	var list [][]journal.State
	tapes := 0
	for _, s := range all { // by session and partition
		if partitions != nil && !slices.Contains(partitions, s.Key.Channel) ||
			o.topic != "" && (s.Title == nil || s.Title.Topic != o.topic) {
			continue
		}
		tapes++
		if n := len(list); n > 0 && list[n-1][0].Key.Session == s.Key.Session {
			list[n-1] = append(list[n-1], s)
		} else {
			list = append(list, []journal.State{s})
		}
	}
	_, start := o.start.Offset()
	_, until := o.until.Offset()
	switch {
	case list == nil:
		return nil, o.nothing(log, id)
	case o.publish && len(list) > 1:
		return nil, cli.Usagef("--publish takes one session, and %s has %d: name one; crier log ls "+
			"--dir %s lists them", log.Path, len(list), log.Path)
	case (start || until) && len(list) > 1:
		return nil, cli.Usagef("offsets are those of a session, and %s has %d: name one; crier log "+
			"ls --dir %s lists them", log.Path, len(list), log.Path)
	case (start || until) && tapes > 1:
		return nil, cli.Usagef("offsets are those of a partition, and session %s has %d: name one "+
			"with --partition", logdir.ID(list[0][0].Key.Session), tapes)
	}
	slices.SortStableFunc(list, func(a, b []journal.State) int {
		return cmp.Compare(first(a), first(b))
	})
	return list, nil
}

// first returns when the oldest frame of a session was made.
func first(tapes []journal.State) int64 {
	at := tapes[0].First
	for i := range tapes {
		at = min(at, tapes[i].First)
	}
	return at
}

// nothing returns the error where no tape is chosen.
func (o *options) nothing(log *logdir.Log, id string) error {
	where, what := log.Path, ""
	if id != "" {
		where = "session " + id + " in " + where
	}
	if o.topic != "" {
		what = " of topic " + cli.Printable(o.topic)
	}
	if o.net.Set.Changed("partition") {
		what += ", partition " + o.wanted
	}
	return fmt.Errorf("%s has nothing%s: crier log ls --dir %s lists what there is", where, what,
		log.Path)
}
