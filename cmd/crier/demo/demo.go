// Package demo is "crier demo": a producer that dies in mid-burst, in virtual time or with
// real processes, what each answer to overload costs, and workers that share a topic.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/crash"
	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/demo/team"
	"crier/reliable"
)

// options holds the flags of crier demo.
type options struct {
	seed   uint64
	net    string
	json   bool
	html   string
	broker string
	share  reliable.Share
}

// Command is "crier demo".
func Command() *cli.Command {
	return &cli.Command{
		Name: "demo",
		Args: " [overload|crash|team]", ArgValues: cli.Words("overload", "crash", "team"),
		Brief: "see messages fan out, get lost, come back, and die",
		Help: `One producer sends a made-up market feed, in bursts, to three subscribers: over a
clean network, over one that loses 1 % at random, and over one that loses whole
bursts and is slow. Then the producer is killed in mid-burst, and what that costs
is told exactly. It takes some seconds and needs neither root nor a network.

  --net sim   in virtual time: a seed always prints the same (the default)
  --net lo    real processes over loopback multicast, and a real SIGKILL

With the word overload it shows another thing, in virtual time: the same burst, to a
subscriber that is too slow for it, under the three answers that a publisher can give,
to drop, to buffer on disk, or to block.

With the word crash it plays one crash several times: nobody helps; the survivors help
each other; a recorder stands beside them. It tells who had which messages, what each
lost and why, and what each costs up to the crash. With --net lo a JetStream server on
disk takes the same messages, too, for which it needs the program crier-broker.

With the word team eight workers share the orders of a topic, for 20 seconds and with
real processes: one is slow, one is killed, one is paused beyond its lease. It shows who
does what as it happens, and tells what each did, what came again, and that nothing is
missing. --share message gives each order to the worker that has the least to do. Exit
code 3: what is promised was not kept.

Examples:

  crier demo
  crier demo overload
  crier demo crash
  crier demo team
  crier demo --seed 7 --json
  crier demo --net lo

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{}
			flags.Uint64Var(&o.seed, "seed", seed, fmt.Sprintf("decides the feed and the losses "+
				"(crash: %d, team: %d unless given)", crash.Seed, team.Seed))
			flags.StringVar(&o.net, "net", "sim",
				"sim, the simulated network, or lo, the loopback interface")
			cli.Offer(flags, "net", cli.Words("sim", "lo"))
			flags.StringVar(&o.html, "html", "", "crash: write a page with pictures to `FILE`")
			cli.Offer(flags, "html", cli.Files("html"))
			flags.StringVar(&o.broker, "broker", "", "crash --net lo: the `FILE` of crier-broker, "+
				"which carries a JetStream server (default: beside crier, or in the PATH)")
			cli.Offer(flags, "broker", cli.Files())
			o.share = reliable.ByPartition
			flags.TextVar(&o.share, "share", o.share, "team: what workers share by `WORD`: "+
				"partition, each in order, or message, in any order")
			cli.Offer(flags, "share", cli.Words("partition", "message"))
			flags.BoolVar(&o.json, "json", false, "print the result as JSON")
			return func(ctx context.Context, std cli.Streams) (int, error) {
				crashes := flags.NArg() == 1 && flags.Arg(0) == "crash"
				teams := flags.NArg() == 1 && flags.Arg(0) == "team"
				switch {
				case !teams && flags.Changed("share"):
					return 0, cli.Usagef("only demo team has workers that share: leave out --share")
				case !crashes && flags.Changed("html"):
					return 0, cli.Usagef("only demo crash has a page: leave out --html")
				case flags.Changed("broker") && !(crashes && o.net == "lo"):
					return 0, cli.Usagef("only demo crash --net lo has a broker: leave out " +
						"--broker")
				case flags.NArg() == 0:
					return o.run(ctx, std)
				case flags.NArg() > 1 || flags.Arg(0) != "overload" && !crashes && !teams:
					return 0, cli.Usagef("it takes no word but overload, crash or team, not %q",
						strings.Join(flags.Args(), " "))
				case crashes:
					c := crash.Options{Seed: o.seed, Net: o.net, JSON: o.json, HTML: o.html,
						Broker: o.broker}
					if !flags.Changed("seed") {
						c.Seed = crash.Seed
					}
					return c.Run(ctx, std)
				case teams && flags.Changed("net"):
					return 0, cli.Usagef("demo team runs real processes: leave out --net")
				case teams:
					t := team.Options{Seed: o.seed, Share: o.share, JSON: o.json, Length: team.Length}
					if !flags.Changed("seed") {
						t.Seed = team.Seed
					}
					return t.Run(ctx, std)
				case flags.Changed("net"):
					return 0, cli.Usagef("demo overload runs in virtual time: leave out --net")
				}
				return cli.ExitOK, playOverloads(o.seed, o.json, std.Out)
			}
		},
	}
}

func (o *options) run(ctx context.Context, std cli.Streams) (int, error) {
	if err := cli.Closed(std.Out); err != nil {
		return 0, err
	}
	plan := stage.NewScript(o.seed)
	out := std.Out
	if o.json {
		out = io.Discard
	}
	var play func(context.Context, *stage.Script, io.Writer) (*report, error)
	switch o.net {
	case "sim":
		play = playSim
	case "lo":
		play = playLo
	default:
		return 0, cli.Usagef("--net %q is not known: use sim or lo", o.net)
	}
	sheet := cli.SheetOf(std.Out)
	fmt.Fprint(out, sheet.Fill(introText(plan.Seed, o.net)))
	result, err := play(ctx, plan, out)
	if err != nil {
		return 0, err
	}
	result.Seed, result.Net = o.seed, o.net
	if o.json {
		enc := json.NewEncoder(std.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(result)
	} else {
		_, err = io.WriteString(out, result.text(sheet))
	}
	return cli.ExitOK, err
}

// seed is the default seed, whose kill prevents a repair: most seeds lose only messages that
// were never sent.
const seed = 75

// tick is the time between two lines of progress.
const tick = 250 * time.Millisecond
