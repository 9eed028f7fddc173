package bench

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crier/cmd/crier/bench/coordinator"
	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/publisher"
	"crier/reliable/journal"
)

// options holds the flags of a benchmark.
type options struct {
	coordinator.Options
	set       *cli.FlagSet
	noOffload bool
	limits    string
}

const defaultMTU = 1500

// declare declares the flags that a benchmark has.
func declare(kind string, flags *cli.FlagSet) *options {
	o := &options{set: flags}
	o.InFlight = 1 << 20
	o.Kind, o.Version = kind, cli.Version()
	o.Subscribers, o.Publishers, o.Waits = []int{1}, []int{1}, []string{"block"}
	o.Sizes = []int{64}
	switch kind {
	case report.Limits:
		o.Sizes = []int{defaultMTU - 28}
		o.Waits = []string{"block", "spin"}
	case report.Fanout:
		o.Subscribers = []int{1, 2, 4, 8}
	case report.Spilling:
		o.Sizes = []int{4 << 10}
	case report.Recording, report.History:
		o.Sizes = []int{64, 1 << 10}
	case report.Partitions, report.Keys, report.Feeds:
		o.Sizes = []int{64, 1 << 10}
	case report.Teams:
		o.Sizes = []int{1 << 10}
	}
	flags.Var((*sizeList)(&o.Sizes), "size", "bytes of a message")
	if kind == report.Teams {
		flags.IntSliceVar(&o.Subscribers, "workers", []int{8}, "`NUMBER` of workers, or several")
	} else {
		flags.IntSliceVar(&o.Subscribers, "subscribers", o.Subscribers,
			"`NUMBER` of subscribers, or several")
	}
	duration := 5 * time.Second
	switch kind {
	case report.Throughput:
		flags.IntSliceVar(&o.Publishers, "publishers", o.Publishers,
			"`NUMBER` of publishers, or several")
		o.Rates = []float64{0}
	case report.Fanout:
		duration = 2 * time.Second
		o.Rates = []float64{0}
		flags.Var(cli.RatesOf(&o.Rates), "rate",
			"`MESSAGES` a second, each due at its time; 0: as fast as the slowest takes them")
	case report.Overload:
		duration = 2 * time.Second
		o.Rates = []float64{10000, 0}
		flags.Var(cli.RatesOf(&o.Rates), "rate",
			"`MESSAGES` a second, each due at its time; 0: as fast as the slowest healthy one "+
				"takes them")
		overloadFlags(o, flags)
	case report.Spilling:
		o.Rates = []float64{5000, 0}
		flags.Var(cli.RatesOf(&o.Rates), "rate",
			"`MESSAGES` a second, each due at its time; 0: as fast as the slowest takes them")
		spillFlags(o, flags)
	case report.Recording:
		o.Rates = []float64{0}
		flags.Var(cli.RatesOf(&o.Rates), "rate",
			"`MESSAGES` a second, each due at its time; 0: as fast as the slowest takes them")
		recordFlags(o, flags)
	case report.History:
		o.Rates = []float64{0}
		flags.Var(cli.RatesOf(&o.Rates), "rate",
			"`MESSAGES` a second, each due at its time; 0: as fast as the slowest takes them")
		o.History = 16 << 20
		flags.Var(cli.SizeOf(&o.History), "history", "how much a subscriber keeps for others")
		o.Burst = 64 << 20
		flags.Var(cli.SizeOf(&o.Burst), "burst",
			"with --rate: what a publisher sends before it dies, and another asks for then")
	case report.Partitions, report.Keys, report.Feeds:
		duration = 2 * time.Second
		o.Rates = []float64{0}
		flags.Var(cli.RatesOf(&o.Rates), "rate",
			"`MESSAGES` a second, each due at its time; 0: as fast as the slowest takes them")
		if kind == report.Partitions {
			flags.IntVar(&o.Partitions, "partitions", 16, "how many `PARTITIONS` the topic has")
			flags.IntVar(&o.Groups, "groups", 0, "how many `GROUPS` carry them (default: as many as "+
				"there are partitions, at most 16)")
			flags.DurationVar(&o.Idle, "idle", 10*time.Second,
				"how long each publisher is watched that has nothing to send; 0: not at all")
		}
	case report.Teams:
		duration = 2 * time.Second
		o.Rates = []float64{0, 10000}
		flags.Var(cli.RatesOf(&o.Rates), "rate",
			"`MESSAGES` a second, each due at its time; 0: as fast as the workers take them")
		teamFlags(o, flags)
	default:
		duration = map[string]time.Duration{report.Limits: 2 * time.Second}[kind]
		if duration == 0 {
			duration = 5 * time.Second
		}
		o.Rates = []float64{10000}
		flags.Var(cli.RatesOf(&o.Rates), "rate",
			"`MESSAGES` a second, each due at its time; or several rates")
	}
	if kind == report.Latency || kind == report.Limits || kind == report.Recovery {
		ways, last := []string{"block", "adaptive", "spin"}, 2
		if kind != report.Limits {
			ways, last = append(ways, "spin-both"), 3
		}
		flags.StringSliceVar(&o.Waits, "wait", o.Waits, "how receivers `WAIT`: "+
			strings.Join(ways[:last], ", ")+" or "+ways[last]+", or several")
		cli.Offer(flags, "wait", cli.Words(ways...).List())
	}
	lasting := "how long each run sends"
	if kind == report.Spilling {
		lasting = "how long each phase lasts that has no end of its own"
	}
	flags.DurationVar(&o.Duration, "duration", duration, lasting)
	runs := 1
	if report.InTurns(kind) {
		runs = 9
	}
	flags.IntVar(&o.Runs, "runs", runs, "run each cell `N` times, and print medians")
	if kind == report.Throughput || kind == report.Latency || kind == report.Recovery {
		usual := 0.0
		if kind == report.Recovery {
			usual = 0.01
		}
		flags.Float64Var(&o.Drop, "drop", usual,
			"each subscriber throws away this `SHARE` of the datagrams that it receives")
	}
	if kind != report.Limits {
		flags.Var(cli.OnOff(&o.noOffload), "offload", "let the kernel cut and merge datagrams")
	}
	flags.Var(cli.SizeOf(&o.InFlight), "in-flight",
		"messages that may be under way at once, in bytes, where there is no rate")
	flags.StringVar(&o.Net, "net", coordinator.NetLoopback,
		"lo, or netns: network namespaces that are made for this (root)")
	cli.Offer(flags, "net", cli.Words(coordinator.NetLoopback, coordinator.NetNamespaces))
	flags.BoolVar(&o.RealFrames, "real-frames", false,
		"with --net netns: cut the publisher's large sends into frames before they leave")
	flags.BoolVar(&o.GRO, "gro", false,
		"with --real-frames: the receiving interfaces merge frames again (rx-gro, "+
			"rx-udp-gro-forwarding), as network cards' drivers do")
	flags.IntVar(&o.MTU, "mtu", defaultMTU, "with --net netns: the `BYTES` of its interfaces' MTU")
	netflags.DeclareInterface(flags, &o.Interface, "",
		"measure on this network interface, by `NAME` or address")
	if kind == report.Latency {
		flags.StringVar(&o.Remote, "remote", "",
			"measure round trips to `HOST[:PORT]`, where crier bench serve runs")
	}
	if kind == report.Throughput || kind == report.Fanout {
		flags.StringVar(&o.limits, "limits", "",
			"print results as a share of the kernel's own rate: measured as well, or "+
				"from `FILE`")
		flags.Lookup("limits").NoOptDefVal = limitsNow
		cli.Offer(flags, "limits", cli.Files("json"))
	}
	flags.StringVar(&o.JSON, "json", "",
		"print JSON, an object a cell and line, in place of the table; or write it to `FILE` "+
			"as well")
	flags.Lookup("json").NoOptDefVal = "-"
	cli.Offer(flags, "json", cli.Files("json"))
	flags.StringVar(&o.HTML, "html", "", "write a page with pictures to `FILE`")
	cli.Offer(flags, "html", cli.Files("html"))
	flags.StringVar(&o.Compare, "compare", "",
		"hold the results against those that --json wrote to `FILE`")
	cli.Offer(flags, "compare", cli.Files("json"))
	return o
}

// overloadFlags declares the flags of a slow subscriber, and of a publisher's memory.
func overloadFlags(o *options, flags *cli.FlagSet) {
	flags.DurationVar(&o.Work, "work", time.Millisecond,
		"work of the crawling subscriber for each message")
	flags.StringSliceVar(&o.Overloads, "overload", []string{"drop-oldest", "block"},
		"its answer to messages that it can't take, by `WORD`: drop-oldest, drop-newest, "+
			"buffer or block, or several")
	cli.Offer(flags, "overload",
		cli.Words("drop-oldest", "drop-newest", "buffer", "block").List())
	o.Buffer, o.ResendBuffer = 256<<10, 4<<20
	flags.Var(cli.SizeOf(&o.Buffer), "buffer", "how much waits for it at most")
	flags.Var(cli.SizeOf(&o.ResendBuffer), "resend-buffer",
		"how much the publisher keeps for repair")
}

// teamFlags declares the flags of workers that share messages.
func teamFlags(o *options, flags *cli.FlagSet) {
	o.Shares, o.Partitions, o.Room = []string{job.ShareMessage}, 16, 128
	flags.StringSliceVar(&o.Shares, "share", o.Shares,
		"how they share, by `WORD`: message or partition, or both")
	cli.Offer(flags, "share", cli.Words(job.ShareMessage, job.SharePartition).List())
	flags.IntVar(&o.Partitions, "partitions", o.Partitions,
		"with --share partition: how many `PARTITIONS` the topic has")
	flags.IntVar(&o.Room, "room", o.Room, "by message: how many `MESSAGES` a worker may have at once")
	o.Lease, o.Samples = 2*time.Second, 50
	flags.DurationVar(&o.Lease, "lease", o.Lease, "the publisher's lease")
	flags.StringVar(&o.Broker, "broker", "", "the `FILE` of crier-broker, which is looked for "+
		"beside this program and in the PATH; off: measure crier alone")
	cli.Offer(flags, "broker", cli.Files())
	flags.StringVar(&o.BrokerDir, "broker-dir", "",
		"the `DIRECTORY` for its files (default: one for temporary files); nothing is left there")
	cli.Offer(flags, "broker-dir", cli.Directories())
	for _, a := range []struct{ act, help string }{
		{coordinator.ActHandOver, "by partition: workers leave and join again; measure how long " +
			"a partition takes to its first message at another one"},
		{coordinator.ActKill, "by partition: kill workers, and measure the same"},
		{coordinator.ActRollout, "by partition: workers leave and join again, one after another; " +
			"measure the times of partitions that don't move"},
	} {
		flags.BoolFunc(a.act, a.help, func(string) error {
			o.Act = a.act
			return nil
		})
	}
	flags.IntVar(&o.Samples, "samples", o.Samples,
		"with --handover and --kill: how many `WORKERS` leave, or are killed")
}

// spillFlags declares the flags of the backlog and its disk.
func spillFlags(o *options, flags *cli.FlagSet) {
	flags.StringVar(&o.DiskDir, "disk-dir", "",
		"the `DIRECTORY` on the disk to be measured; nothing is left there")
	cli.Offer(flags, "disk-dir", cli.Directories())
	o.Backlog, o.Buffer, o.ResendBuffer = 1<<30, 32<<20, 64<<20
	flags.Var(cli.SizeOf(&o.Backlog), "backlog",
		"how far the slow subscriber falls behind what is held in memory")
	flags.DurationVar(&o.Work, "work", 10*time.Millisecond, "its work for each message meanwhile")
	flags.Var(cli.SizeOf(&o.Buffer), "buffer", "how much waits for it at most")
	flags.Var(cli.SizeOf(&o.ResendBuffer), "resend-buffer",
		"how much the publisher keeps in memory")
	flags.TextVar(&o.RepairFloor, "repair-floor", publisher.Gbit,
		"the `RATE` at which the publisher may send to subscribers that are behind, if more than "+
			"is live")
	flags.DurationVar(&o.Patience, "patience", 5*time.Minute,
		"how long the backlog may take to grow, and again to drain")
}

// recordFlags declares the flags of logs.
func recordFlags(o *options, flags *cli.FlagSet) {
	flags.StringVar(&o.Dir, "dir", "",
		"the `DIRECTORY` for logs, on the disk to be measured; nothing is left there")
	cli.Offer(flags, "dir", cli.Directories())
	o.Keep = 1 << 30
	o.Fsync = journal.Fsync{Mode: journal.FsyncInterval, Every: 50 * time.Millisecond}
	flags.Var(cli.SizeOf(&o.Keep), "keep", "how much a log keeps")
	flags.TextVar(&o.Fsync, "fsync", o.Fsync, "when a log is synced, by `MODE`: each, "+
		"interval:TIME or none")
	cli.Offer(flags, "fsync", cli.Words("each", "interval:50ms", "none"))
}

// limitsNow is --limits without a file.
const limitsNow = "measure"

// options checks the flags that the coordinator doesn't know, and returns the others.
func (o *options) options() (coordinator.Options, error) {
	opts := o.Options
	opts.Offload = !o.noOffload
	if opts.Broker == "off" {
		opts.Broker, opts.NoBroker = "", true
	}
	if o.set.Changed("net") && !o.set.Changed("iface") {
		opts.Interface = "" // of a variable
	}
	switch o.limits {
	case "":
	case limitsNow:
		opts.WithLimits = true
	default:
		opts.LimitsFile = o.limits
	}
	for _, list := range []struct {
		flag string
		n    int
	}{{"size", len(o.Sizes)}, {"subscribers", len(o.Subscribers)}, {"rate", len(o.Rates)},
		{"wait", len(o.Waits)}, {"publishers", len(o.Publishers)}, {"overload", len(o.Overloads)}} {
		if list.n == 0 && (list.flag != "overload" || o.Kind == report.Overload) {
			return opts, cli.Usagef("--%s is empty: give one value or several", list.flag)
		}
	}
	return opts, nil
}

// sizeList is a list of sizes, as a flag's value.
type sizeList []int

func (l *sizeList) String() string {
	var words []string
	for _, n := range *l {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ",")
}

// Set replaces the list.
func (l *sizeList) Set(text string) error {
	var list []int
	for word := range strings.SplitSeq(text, ",") {
		n, err := cli.ParseSize(word)
		if err != nil {
			return err
		}
		if n > 1<<30 {
			return fmt.Errorf("%q is larger than any message", word)
		}
		list = append(list, int(n))
	}
	*l = slices.Compact(list)
	return nil
}

// Type returns the word for it in a list of flags.
func (l *sizeList) Type() string { return "SIZE" }
