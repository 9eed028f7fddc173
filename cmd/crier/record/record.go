// Package record is "crier record": it writes the sessions of groups to a log, and serves them.
package record

import (
	"context"
	"net/netip"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/interval"
	"crier/cmd/crier/logflags"
	"crier/cmd/crier/netflags"
	"crier/subscriber/recorder"
)

// options holds the flags of crier record.
type options struct {
	net       netflags.Flags
	cfg       recorder.Config
	groups    []netip.AddrPort // that it begins with
	source    string
	keep      logflags.Keep
	fsync     recorder.Fsync
	serveRate cli.Size
	untilEnd  bool
	timeout   time.Duration
	summary   string
	interval  interval.Every
	quiet     bool
}

// Command is "crier record".
func Command() *cli.Command {
	return &cli.Command{
		Name:  "record",
		Brief: "record a group to a log, and serve it",
		Help: `Writes what all publishers send to one or several groups, or of a topic, to a log in a
directory, and serves it: subscribers that miss what a publisher no longer holds, or that start
further back, get it from here, also when the publisher is gone. It stands beside the
stream, never in its way: where the disk is slow, full or broken, the stream goes on,
and the log names what it lacks. Several may record the same group; they share the
work of answering.

It can be killed at any time. Started again, it cuts what was half written, names
what is damaged, and asks for what it missed meanwhile.

Of what it reported as written, kill -9 loses nothing. What a loss of power takes is
chosen by --fsync:

  each            nothing that was reported synced
  interval:TIME   what was written within that time, and while one sync took
  none            what the kernel had not written: half a minute and more

Exit code 0: all that was heard is in the log; 3: the log lacks some of it;
1: something else went wrong.

Examples:

  # all of the default group, the newest 10 GiB of it
  crier record --dir /var/lib/crier --keep 10GiB

  # a day of two groups, synced batch by batch
  crier record --dir log --keep 24h --fsync each --group 239.77.0.1:7700 --group 239.77.0.4:7700

  # two partitions of a topic
  crier record --dir log --topic orders --partition 3,7

  # until all publishers have gone
  crier record --dir log --until-end --summary -

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
	o.net.Declare(flags, true)
	o.net.DeclareTopic(flags)
	o.net.DeclareFeeds(flags)
	flags.StringVar(&o.cfg.Dir, "dir", "", "`DIRECTORY` of the log; it is made if need be")
	cli.Offer(flags, "dir", cli.Files())
	flags.Var(&o.keep, "keep",
		"how much to keep: a size, an age, or both, such as 10GiB, 24h or 10GiB,24h (default: all)")
	o.cfg.Segment = 0
	flags.Var(cli.SizeOf(&o.cfg.Segment), "segment",
		"size of the log's files (default: 64MiB, or a 16th of --keep)")
	o.fsync = recorder.Fsync{Every: 50 * time.Millisecond}
	flags.TextVar(&o.fsync, "fsync", o.fsync,
		"when to sync, by `WORD`: each batch, interval:50ms or another time, or none")
	cli.Offer(flags, "fsync", cli.Words("each", "interval:50ms", "none"))
	o.serveRate = 128 << 20
	flags.Var(&o.serveRate, "serve-rate", "how much to serve in a second")
	flags.StringVar(&o.source, "source", "",
		"record this publisher's `ADDRESS` only (source-specific multicast)")
	flags.StringVar(&o.cfg.Name, "name", "", "this recorder's name, as publishers see it")
	flags.BoolVar(&o.untilEnd, "until-end", false,
		"leave when every session heard has said BYE or fallen silent")
	flags.DurationVar(&o.timeout, "timeout", 0, "leave after this long")
	flags.DurationVar(&o.cfg.Recovery.Silence, "silence", 0,
		"how long a publisher may be quiet before its session is silent (default 2s)")
	o.cfg.Memory.Buffer = 256 << 20
	flags.Var(cli.SizeOf(&o.cfg.Memory.Buffer), "buffer",
		"memory for frames of one session that wait for a gap, or for the disk")
	o.cfg.Tail = 64 << 20
	flags.Var(cli.SizeOf(&o.cfg.Tail), "tail",
		"memory for frames on their way to the disk, and kept behind it to be served")
	o.net.DeclareLink(flags, &o.cfg.Link, "port that this recorder is asked at")
	o.net.DeclareDrop(flags)
	flags.StringVar(&o.summary, "summary", "",
		"write a summary as JSON to `FILE`, - for standard output")
	cli.Offer(flags, "summary", cli.Files("json"))
	o.interval.Declare(flags)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors")
}

// The bounds of flags.
const (
	minBuffer    = 64 << 10
	minTail      = 2 << 20
	minServeRate = 64 << 10
	minSegment   = 4 << 10
	maxSegment   = 1 << 30
)

// validate checks the flags beyond their types.
func (o *options) validate() error {
	changed := o.net.Set.Changed
	buffer, tail, segment := cli.Size(o.cfg.Memory.Buffer), cli.Size(o.cfg.Tail),
		cli.Size(o.cfg.Segment)
	switch {
	case changed("timeout") && o.timeout <= 0:
		return cli.Usagef("--timeout %v is not a time to wait: give one such as 500ms or 10s, or "+
			"leave it out", o.timeout)
	case changed("silence") && o.cfg.Recovery.Silence <= 0:
		return cli.Usagef("--silence %v is not a time to wait: give one such as 500ms or 10s, or "+
			"leave it out", o.cfg.Recovery.Silence)
	case buffer < minBuffer:
		return cli.Usagef("--buffer %v is too small: give %v or more", buffer, cli.Size(minBuffer))
	case tail < minTail:
		return cli.Usagef("--tail %v is too small: give %v or more", tail, cli.Size(minTail))
	case o.serveRate < minServeRate:
		return cli.Usagef("--serve-rate %v is too little: give %v or more", o.serveRate,
			cli.Size(minServeRate))
	case changed("segment") && (segment < minSegment || segment > maxSegment):
		return cli.Usagef("--segment %v is outside %v to %v", segment, cli.Size(minSegment),
			cli.Size(maxSegment))
	}
	if err := netflags.CheckName(o.cfg.Name); err != nil {
		return err
	}
	least := segment
	if least == 0 {
		least = leastSegment
	}
	if keeps := cli.Size(o.keep.Bytes); keeps > 0 && keeps < least {
		return cli.Usagef("--keep %v is smaller than one segment, %v, and the log keeps whole "+
			"segments: keep more, or make them smaller with --segment", keeps, least)
	}
	if err := cli.CheckMemory("--buffer", buffer); err != nil {
		return err
	}
	return cli.CheckMemory("--tail", tail)
}

// leastSegment is the size of segments where --keep is small, in bytes.
const leastSegment = 1 << 20

// what fills in what is recorded: a topic, or groups, and by which feeds.
func (o *options) what() error {
	cfg := &o.cfg
	t, err := o.net.Topic()
	if err != nil {
		return err
	}
	feeds, err := o.net.Feeds()
	if err != nil {
		return err
	}
	cfg.Feeds = feeds
	if feeds != nil {
		cfg.Interface = ""
	}
	switch {
	case t.Pattern:
		return cli.Usagef("--topic %s is a pattern, and a recorder takes one topic: name it, and "+
			"run a recorder for each", netflags.Quoted(t.Name))
	case t.Name != "":
		cfg.Topics = []recorder.Topic{{Name: t.Name, Base: t.Base, Partitions: t.Partitions}}
	case feeds == nil:
		cfg.Groups = o.groups
	}
	return nil
}

// complete fills in what the flags of the network say.
func (o *options) complete() error {
	cfg := &o.cfg
	var err error
	if o.groups, cfg.Interface, err = o.net.Parse(); err != nil {
		return err
	}
	if err = o.what(); err != nil {
		return err
	}
	if cfg.Source, err = netflags.Source(o.source); err != nil {
		return err
	}
	cfg.Keep, cfg.Fsync, cfg.ServeRate = o.keep.Keep, o.fsync, uint64(o.serveRate)
	if cfg.Link.Network, err = o.net.Network(); err != nil {
		return err
	}
	if o.cfg.Dir == "" {
		return cli.Usagef("--dir is missing: name a directory for the log")
	}
	return logflags.CheckDir("--dir", o.cfg.Dir)
}
