package bench

import (
	"context"
	"fmt"

	"crier/cmd/crier/bench/coordinator"
	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/bench/worker"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
)

const help = `Publishers and subscribers are processes of their own: on the loopback interface,
with --net netns (root) in network namespaces that are made for it and vanish
afterwards, or on a network that --iface names. Figures come with what they depend
on (kernel, processors, offload, socket buffers, MTU, versions), and --runs repeats
each cell and prints the median with the least and the most. Lists, as in
--size 64,1KiB, make a cell of each combination.

`

// Command has a command below it for each benchmark.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Brief: "measure throughput, latency, recovery, fan-out and overload",
		Help: help + `Examples:

  # messages a second to one subscriber, nothing missing
  crier bench throughput

  # latency of messages, beside bare sockets
  crier bench latency --rate 10000,50000 --runs 5

  # between network namespaces, cut into frames as a card without offload would have it
  crier bench throughput --net netns --real-frames --subscribers 1,3 --runs 3

  # keep a run, and hold the next against it
  crier bench throughput --runs 5 --json > before.json
  crier bench throughput --runs 5 --compare before.json

  # pictures, in a page that needs no network
  crier bench recovery --html recovery.html

`,
		Subs: []*cli.Command{
			kindCommand(report.Throughput, "messages a second that the slowest subscriber gets",
				`Publishers send as fast as their slowest subscriber takes it, with a bounded number
of messages under way: that is told through memory that the processes share, and
stands in for back-pressure. Every message is counted.

Examples:

  # 64 bytes to one subscriber on the loopback interface
  crier bench throughput

  # three sizes to one and to three subscribers, beside what the kernel alone does
  crier bench throughput --size 64,256,1KiB --subscribers 1,3 --limits

  # one per cent of all datagrams lost
  crier bench throughput --drop 0.01 --json

`),
			kindCommand(report.Latency, "latency of messages, and round trips",
				`Messages are due at even times, and latency counts from the due time: what one
message does to those behind it is not left out. Beside it the same is measured
with bare sockets in Go and the same waiting, run by run in turn. One-way times
need one clock, and so one machine; --remote measures round trips to another.

Examples:

  # 10,000 messages a second, and round trips
  crier bench latency

  # on processors of their own that are polled
  crier bench latency --wait spin --rate 50000,200000

  # the publisher polls too, for which it wants a processor more
  crier bench latency --wait spin-both

  # with loss: messages that were repaired apart from the rest
  crier bench latency --drop 0.01 --subscribers 3

`),
			kindCommand(report.Recovery,
				"the time from a loss to the delivery, against the round trip",
				`Each subscriber throws away a share of the datagrams that it receives. How long a
lost message takes is printed beside the round trip of the same network.

Examples:

  # one per cent lost
  crier bench recovery

  # five per cent, at three subscribers
  crier bench recovery --drop 0.05 --subscribers 3

`),
			kindCommand(report.Fanout,
				"the cost of a message as subscribers grow, beside TCP to each",
				`The same messages go to a growing number of subscribers: once by multicast, and by
TCP to each of them (without delay, written in full buffers).

Examples:

  # to 1, 2, 4 and 8 subscribers
  crier bench fanout

  # messages that go one by one
  crier bench fanout --rate 5000 --subscribers 1,4

`),
			kindCommand(report.Overload,
				"cost of a crawling subscriber to the healthy ones beside it",
				`The same messages go to healthy subscribers alone, beside one more healthy one, and
beside one that crawls: it takes a message each --work, and drops what it can't take,
or asks for it again when it has room (--overload). The publisher keeps nobody's pace.
These take turns, and each run is held against its neighbour: what is printed is the
median of the ratios, with the interval that holds the true one.

Examples:

  # at 10,000 messages a second, and flat out
  crier bench overload

  # between network namespaces, with messages of 1 KiB
  crier bench overload --net netns --size 1KiB --rate 5000

`),
			kindCommand(report.Spilling,
				"cost of a slow subscriber's backlog on disk",
				`A publisher that keeps the pace of one subscriber publishes to others as well. That
one crawls until it is --backlog behind what the publisher holds in memory, and then
goes on at full speed. Printed is what the others have before that, while the backlog
goes to disk, while it comes back, and after. Every byte is compared at all of them.
Whoever is behind a producer that is flat out stays behind: then, or if draining lasts
more than ten times --duration, nothing is published until the slow one has caught up.

Examples:

  # 1 GiB by way of a directory, at 5,000 messages a second and flat out
  crier bench spill --disk-dir /var/tmp

  # a small one
  crier bench spill --disk-dir /var/tmp --backlog 64MiB --resend-buffer 8MiB --rate 10000

`),
			kindCommand(report.Recording,
				"cost of a recorder to the live path, and its own rate",
				`The same messages go to subscribers alone, beside one more subscriber, and beside a
recorder in that one's place, neither of which holds the publisher back; to a recorder
alone, which does, by what it has taken; and to subscribers of a publisher that
writes a log itself. These take turns, and each run is held against its neighbour:
what is printed is the median of the ratios, with the interval that holds the true one.

Examples:

  # between network namespaces
  crier bench record --net netns --dir /var/tmp

  # at a rate, where times count
  crier bench record --dir /var/tmp --size 64 --rate 100k --runs 3

`),
			kindCommand(report.History,
				"cost of a history to the subscriber that keeps it, and of serving it",
				`The same messages go to subscribers that keep what they delivered for others, and to
subscribers that don't. At a --rate, two more ways tell what serving costs: another
publisher has died, and one more subscriber lacks nothing of it, or lacks --burst and
asks the measured ones for it meanwhile. These take turns, and each run is held against
its neighbour: what is printed is the median of the ratios, with the interval that holds
the true one.

Examples:

  # between network namespaces
  crier bench history --net netns

  # what serving does to the times of messages
  crier bench history --net netns --size 64 --rate 10k --runs 5

`),
			kindCommand(report.Partitions,
				"rate of a subscriber of all partitions, and traffic of an idle publisher",
				`The same messages, with keys that spread evenly, go to subscribers of one partition, and to
subscribers of all partitions of a topic that has several, each on a group of its own.
These take turns, and each run is held against its neighbour: what is printed is the
median of the ratios, with the interval that holds the true one. Then each publisher is
watched while it has nothing to send.

Examples:

  # 16 partitions against one, between network namespaces
  crier bench partitions --net netns

  # 256 partitions over 16 groups
  crier bench partitions --partitions 256 --groups 16 --runs 3

`),
			kindCommand(report.Keys, "cost of a key and a header",
				`Messages with a key of 8 bytes and one header go to subscribers, and plain ones that take as
many bytes on the wire. These take turns, and each run is held against its neighbour:
what is printed is the median of the ratios, with the interval that holds the true one,
and the heap allocations for a message.

Examples:

  crier bench keys --net netns

  # small messages
  crier bench keys --size 16 --runs 3

`),
			kindCommand(report.Feeds, "cost of a second feed",
				`The same messages go to subscribers by one feed, and by two: every datagram twice, of which
the first one counts. These take turns, and each run is held against its neighbour: what
is printed is the median of the ratios, with the interval that holds the true one.

Examples:

  crier bench feeds --net netns

  # at a rate, where times count
  crier bench feeds --size 64 --rate 10k --runs 5

`),
			kindCommand(report.Teams, "rate and times of workers that share messages, beside a broker's",
				`A publisher's messages are shared by workers, each a process of its own that says of each
message that it is done. Where the program crier-broker is there (go install -C cmd/jetstream
./crier-broker), the same is measured with NATS JetStream, whose pull consumer the workers
share, with its files and in memory, and with a queue group of NATS, which doesn't acknowledge.
These take turns, and each run is held against its neighbour: what is printed is the median of
the ratios, with the interval that holds the true one.

Examples:

  # 1 KiB to eight workers, flat out and at 10,000 messages a second
  crier bench teams

  # by partition, which keeps the order of a key
  crier bench teams --share partition --workers 4

`),
			kindCommand(report.Limits, "rates of this machine's kernel with bare UDP multicast",
				`No protocol: datagrams as fast as no receiver loses any, sent with a system call
each (plain), with one for many (sendmmsg), and cut by the kernel (offload); and
how late they come, and how long a round trip takes, while waiting in two ways.

Examples:

  # full datagrams
  crier bench limits

  # keep them, and print other results as a share
  crier bench limits --subscribers 1,3 --json > limits.json
  crier bench throughput --subscribers 3 --limits=limits.json

`),
			allCommand(),
			serve(),
		},
	}
}

// kindCommand returns the command of one benchmark.
func kindCommand(kind, brief, help string) *cli.Command {
	return &cli.Command{
		Name: "bench " + kind, Brief: brief, Help: help,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := declare(kind, flags)
			return func(ctx context.Context, std cli.Streams) (int, error) {
				opts, err := o.options()
				if err != nil {
					return 0, err
				}
				console := cli.NewConsole(std.Err)
				show := func(line string) {
					if console.Live() {
						console.Show(line)
					}
				}
				return cli.ExitOK, netflags.ConfigError(flags,
					coordinator.Run(ctx, opts, std.Out, show))
			}
		},
	}
}

// serve returns the other end of bench latency --remote.
func serve() *cli.Command {
	return &cli.Command{
		Name: "bench serve", Brief: "answer another machine's bench latency --remote",
		Help: `Answers round trips, so that crier bench latency --remote on another machine of the
same network can time them by its own clock. It does nothing else for whoever
connects, but asks nobody who he is: run it where you trust the network, for as
long as you measure. An interrupt ends it.

Examples:

  # on one machine
  crier bench serve --iface eth0

  # at another port
  crier bench serve --iface eth0 --port 9000

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &coordinator.ServeOptions{}
			netflags.DeclareInterface(flags, &o.Interface, "",
				"network interface to answer on, by `NAME` or address")
			flags.IntVar(&o.Port, "port", coordinator.DefaultPort,
				"TCP `PORT` to listen at; 0: any")
			return func(ctx context.Context, std cli.Streams) (int, error) {
				if o.Interface == "" {
					return 0, cli.Usagef("--iface is missing: name the interface that leads to " +
						"the other machine")
				}
				return cli.ExitOK,
					netflags.ConfigError(flags, coordinator.Serve(ctx, *o,
						func(line string) { fmt.Fprintln(std.Err, "crier bench serve: "+line) }))
			}
		},
	}
}

// Worker returns the hidden command that the benchmark starts its processes by.
func Worker() *cli.Command {
	return &cli.Command{
		Name: job.WorkerCommand, Hidden: true,
		Setup: func(*cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			return func(_ context.Context, std cli.Streams) (int, error) {
				return cli.ExitOK, worker.Run(std.In, std.Out,
					cli.NewLogger("bench", std.Err, false))
			}
		},
	}
}
