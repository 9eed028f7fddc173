// Package pub is "crier pub": it reads or makes up messages, publishes them at their pace,
// and tells at the end what subscribers lack.
package pub

import (
	"context"
	"net/netip"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/interval"
	"crier/cmd/crier/netflags"
	"crier/cmd/crier/pace"
	"crier/cmd/crier/trouble"
	"crier/publisher"
)

// options holds the flags of crier pub.
type options struct {
	net         netflags.Flags
	cfg         publisher.Config
	feed        feed.Options
	pace        pace.Options
	count       uint64
	size        cli.Size
	market      bool
	seed        uint64
	recorders   []string
	headers     headersFlag
	home        netip.AddrPort // the group, or the first of several
	subscribers bool
	record      recording
	teamState   string
	accepted    string
	summary     string
	interval    interval.Every
	quiet       bool
	host        *trouble.Host // nil until a publisher publishes
}

// Command is "crier pub".
func Command() *cli.Command {
	return &cli.Command{
		Name:  "pub",
		Brief: "publish messages to a group",
		Help: `Publishes the messages of a file, of standard input, or made-up ones, and
repeats those that subscribers missed: while it runs, and then until one second has
passed without a request. An interrupt ends the publishing; messages accepted by
then are still repaired, for at most 2 seconds. Another interrupt, half a second or
more after the first, ends all. Exit code 0: all left, and no repair was owed; 3: messages
never left, a subscriber whose pace counts left or was left behind with some undelivered,
or repairs were owed, or cut short while a subscriber still asked; 1: something else went
wrong. Messages that subscribers ask for and the resend buffer no longer holds are counted, and are
no failure here: the subscribers name them lost, and their exit code is 3.

While no subscriber is heard, it says so after 3 s and at the end, with the causes that it has
ruled out on this machine. A subscriber whose pace counts and that isn't heard any
more is named, and any subscriber that repairs don't reach.

With --interval there is a line of figures each so often on standard error: messages
and bits of messages a second; messages dropped, repairs and NACKs
meanwhile, and datagrams dropped or refused by the kernel; and the lag, in messages, of
the subscriber that reported to be furthest behind.

Examples:

  # a line a message, from a pipe
  seq 1000 | crier pub --from -

  # 5,000 made-up messages of 64 bytes at 5,000 a second
  crier pub --count 5000 --size 64 --rate 5000

  # a recorded feed, twenty times as fast as it was
  crier pub --from feed.pcap --format pcap --split iextp --speed 20

  # of a capture only what went to one address, and no silence longer than a second
  crier pub --from feed.pcap --format pcap --only 239.1.1.1:5000 --max-gap 1s

  # as fast as the slowest subscriber takes it, but for those that don't move for 2 s
  crier pub --count 20000 --pace slowest --stall-timeout 2s --wait-for 1

  # what those subscribers can't take yet goes to disk, and is dropped beyond 1 GiB
  crier pub --count 20000 --pace slowest --disk 1GiB --disk-dir . --when-full drop

  # a log of all of it, of 1 GiB at most, which serves what it has after a restart, too
  crier pub --count 20000 --name trades --record log --record-keep 1GiB

  # at 20 Mbit/s at most
  crier pub --count 2000 --size 1000 --max-rate 20Mbit

  # after a crash: with the offset behind the last one that a recorder or a subscriber knows
  crier pub --count 5000 --name trades --continue=or-new

  # a topic of 16 partitions, which subscribers find by its name
  crier pub --topic orders --partitions 16 --count 20000

  # to a network, and up to four routers away
  crier pub --count 1000 --iface eth0 --ttl 4

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{size: 64, cfg: publisher.Defaults()}
			o.declare(flags)
			return o.run
		},
	}
}

// declare declares the flags.
func (o *options) declare(flags *cli.FlagSet) {
	o.net.Declare(flags, false)
	o.net.DeclareLayout(flags, "publish to the groups of the topic of this `NAME`")
	flags.BoolVar(&o.cfg.NoAnnounce, "no-announce", false,
		"with --topic: don't announce it, so that neither crier ls nor patterns find it")
	o.net.DeclareFeeds(flags)
	flags.StringVar(&o.feed.From, "from", "",
		"`FILE` to publish, - for standard input; gzip is recognised (default: made-up "+
			"messages)")
	flags.StringVar(&o.feed.Format, "format", "lines",
		"how messages lie in it: lines, timed (\"<ns> <payload>\"), len (u32 length, "+
			"payload) or pcap")
	flags.StringVar(&o.feed.Split, "split", "",
		"take market-data messages out of each datagram: iextp or moldudp64")
	cli.Offer(flags, "from", cli.Files())
	cli.Offer(flags, "format", cli.Words("lines", "timed", "len", "pcap"))
	cli.Offer(flags, "split", cli.Words("iextp", "moldudp64"))
	flags.StringArrayVar(&o.feed.Only, "only", nil,
		"publish only a capture's datagrams to this `ADDRESS:PORT`; may be repeated")
	flags.StringSliceVar(&o.feed.Merge, "merge", nil,
		"take the two `FEEDS` of a market-data source as one, by its own numbers: two captures "+
			"instead of --from, or two destinations of its capture, with a comma between them")
	cli.Offer(flags, "merge", cli.Files("pcap", "pcapng").List())
	flags.StringVar(&o.feed.Key, "key", "",
		"take each message's key from a `PLACE` in it: a field of JSON such as data.symbol, a "+
			"regular expression's first group, OFFSET:LENGTH in bytes, or symbol (of iextp); "+
			"messages with the same key keep their order in one partition")
	cli.Offer(flags, "key", cli.Words("symbol"))
	flags.Var(&o.headers, "header",
		"a header for each message, up to 32; may be given again, with another name")
	flags.DurationVar(&o.feed.MaxGap, "max-gap", 0,
		"shorten longer recorded silences to this (default: leave them)")
	flags.Var(&o.pace.Speed, "speed", "how fast recorded times pass: 1, any number, or max")
	cli.Offer(flags, "speed", cli.Words("max"))
	flags.Var(cli.RateOf(&o.pace.Rate), "rate",
		"`MESSAGES` a second, such as 500 or 10k, in place of recorded times (default: as fast as "+
			"the network takes them)")
	flags.Uint64Var(&o.count, "count", 0,
		"stop after this many messages (default: all; without --from, until interrupted)")
	flags.Var(&o.size, "size", "bytes of a made-up message, up to 16MiB")
	flags.BoolVar(&o.market, "market", false,
		"made-up market data in bursts, at its own pace, in place of --size")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of made-up messages")
	flags.StringVar(&o.cfg.Name, "name", "", "the publisher's name")
	o.declareContinue(flags)
	flags.Var(cli.SizeOf(&o.cfg.Retention.ResendBuffer), "resend-buffer",
		"memory for messages that may have to be repeated")
	flags.Float64Var(&o.cfg.Repair.Share, "repair-share", o.cfg.Repair.Share,
		"the `PART` of the data rate that repairs may use, up to 10")
	flags.TextVar(&o.cfg.Repair.Floor, "repair-floor", o.cfg.Repair.Floor,
		"the `RATE` that repairs may use in any case")
	o.declareFlow(flags)
	o.declareTeams(flags)
	o.declareRecord(flags)
	flags.BoolVar(&o.subscribers, "subscribers", false,
		"print a table of the subscribers each second")
	flags.DurationVar(&o.cfg.BatchWait, "batch-wait", 0,
		"how long a message may wait to share a datagram")
	flags.DurationVar(&o.cfg.Repair.Linger, "linger", o.cfg.Repair.Linger,
		"how long to go on repairing, once all is sent, after a subscriber last asked or "+
			"may yet ask")
	flags.Var(cli.SizeOf(&o.cfg.Datagram), "datagram",
		"how large a full datagram is (default: 1472, 1452 over IPv6, or as the MTU "+
			"allows)")
	flags.IntVar(&o.cfg.Link.TTL, "ttl", 1, "routers that a datagram may pass, 1 to 255")
	flags.IntVar(&o.cfg.Link.DSCP, "dscp", 0, "quality of service mark, 0 to 63")
	flags.Var(cli.OnOff(&o.cfg.Link.NoOffload), "offload",
		"let the kernel cut large sends into datagrams")
	o.net.DeclareLink(flags, &o.cfg.Link,
		"port that datagrams come from and NACKs go to")
	o.net.DeclareDrop(flags)
	flags.StringVar(&o.accepted, "accepted", "",
		"keep the numbers of accepted and of sent messages in this `FILE`, 8 bytes each, "+
			"little endian; it survives a crash")
	cli.Offer(flags, "accepted", cli.Files())
	flags.StringVar(&o.summary, "summary", "",
		"write a summary as JSON to `FILE`, - for standard output")
	cli.Offer(flags, "summary", cli.Files("json"))
	o.interval.Declare(flags)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors")
}
