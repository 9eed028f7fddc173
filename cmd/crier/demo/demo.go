// Package demo is "crier demo": a producer that dies in mid-burst, in virtual time or with
// real processes, and what each answer to overload costs.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
)

// options holds the flags of crier demo.
type options struct {
	seed uint64
	net  string
	json bool
}

// Command is "crier demo".
func Command() *cli.Command {
	return &cli.Command{
		Name: "demo",
		Args: " [overload]", ArgValues: cli.Words("overload"),
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

Examples:

  crier demo
  crier demo overload
  crier demo --seed 7 --json
  crier demo --net lo

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{}
			flags.Uint64Var(&o.seed, "seed", seed, "decides the feed and the losses")
			flags.StringVar(&o.net, "net", "sim",
				"sim, the simulated network, or lo, the loopback interface")
			cli.Offer(flags, "net", cli.Words("sim", "lo"))
			flags.BoolVar(&o.json, "json", false, "print the result as JSON")
			return func(ctx context.Context, std cli.Streams) (int, error) {
				switch {
				case flags.NArg() == 0:
					return o.run(ctx, std)
				case flags.NArg() > 1 || flags.Arg(0) != "overload":
					return 0, cli.Usagef("it takes no word but overload, not %q", flags.Arg(0))
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
	plan := newScript(o.seed)
	out := std.Out
	if o.json {
		out = io.Discard
	}
	var play func(context.Context, *script, io.Writer) (*report, error)
	switch o.net {
	case "sim":
		play = playSim
	case "lo":
		play = playLo
	default:
		return 0, cli.Usagef("--net %q is not known: use sim or lo", o.net)
	}
	sheet := cli.SheetOf(std.Out)
	fmt.Fprint(out, sheet.Fill(plan.intro(o.net)))
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

// message is a message of the feed with its due time.
type message struct {
	at      time.Duration
	payload []byte
}

// script is the feed up to the producer's death, in the middle of a burst.
type script struct {
	seed     uint64
	messages []message
	burst    int // the number of messages in the last burst
	into     int // of these, those that are due before the end
}

const (
	// runs is the time before the burst in which the producer is killed.
	runs = 2 * time.Second
	// tick is the time between two lines of progress.
	tick = 250 * time.Millisecond
)

// newScript makes up a feed.
func newScript(seed uint64) *script {
	p := &script{seed: seed}
	m := feed.NewMarket(feed.MarketOptions{Seed: seed})
	for {
		rec, err := m.Next()
		if err != nil {
			return p // the generator has no end
		}
		p.messages = append(p.messages, message{rec.At, append([]byte(nil), rec.Payload...)})
		if phase, i, of := m.Burst(); rec.At >= runs && phase == feed.Storm && i >= of/2 {
			p.burst, p.into = of, i
			return p
		}
	}
}

// end returns the time of the producer's death.
func (p *script) end() time.Duration { return p.messages[len(p.messages)-1].at }
