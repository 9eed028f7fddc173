package sim

import (
	"context"
	"crier/cmd/crier/cli"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

func compareCommand() *cli.Command {
	return &cli.Command{
		Name:  "sim compare",
		Args:  " A B",
		Brief: "put two runs side by side",
		Help: `A and B are scenarios, which are played with the same seed, or results that
"crier sim run --json" wrote before. Groups and publishers of the same name, or, where
the names differ, of the same place, stand side by side.

Examples:

  crier sim compare bursts clean

  crier sim compare crash restart --seed 7

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			var source source
			seed := flags.Uint64("seed", 1, "the seed of both, where they are played")
			source.declare(flags)
			return func(ctx context.Context, std cli.Streams) (int, error) {
				if flags.NArg() != 2 {
					return 0, cli.Usagef("it takes two: scenarios, or results in JSON")
				}
				var results [2]*Result
				for i := range results {
					r, err := loadOrPlay(ctx, &source, flags.Arg(i), *seed)
					if err != nil {
						return 0, err
					}
					results[i] = r
				}
				_, err := io.WriteString(std.Out, compareText(results[0], results[1]))
				return cli.ExitOK, err
			}
		},
	}
}

// loadOrPlay returns the result in a JSON file, or that of a scenario.
func loadOrPlay(ctx context.Context, source *source, name string, seed uint64) (*Result, error) {
	if strings.HasSuffix(name, ".json") {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, cli.Usagef("%s can't be read (%w): name a result that \"crier sim run --json\" wrote", name, cli.BareError(err))
		}
		r := &Result{}
		if err := json.Unmarshal(b, r); err != nil || len(r.Groups) == 0 {
			return nil, cli.Usagef("%s is no result of crier sim run --json", name)
		}
		return r, nil
	}
	s, err := source.load(name)
	if err != nil {
		return nil, err
	}
	return play(ctx, s, source.options(seed))
}

// compareText is two results side by side.
func compareText(a, b *Result) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, x, y float64, text func(float64) string) {
		switch {
		case x == y:
			fmt.Fprintf(w, "%s\t%s\t%s\tsame\t\n", what, text(x), text(y))
		case x == 0:
			fmt.Fprintf(w, "%s\t%s\t%s\t\t\n", what, text(x), text(y))
		default:
			fmt.Fprintf(w, "%s\t%s\t%s\t%+.1f%%\t\n", what, text(x), text(y), (y-x)/x*100)
		}
	}
	count := func(v float64) string { return cli.Grouped(uint64(v)) }
	fmt.Fprintf(w, "\tA: %s, seed %d\tB: %s, seed %d\tB to A\t\n", a.Scenario, a.Seed, b.Scenario, b.Seed)
	for i, p := range a.Publishers {
		q := b.Publishers[min(i, len(b.Publishers)-1)]
		fmt.Fprintf(w, "%s\t\t\t\t\n", pair(p.Name, q.Name))
		row("messages", float64(p.Accepted), float64(q.Accepted), count)
		row("frames", float64(p.Frames), float64(q.Frames), count)
		row("repairs", float64(p.Repairs), float64(q.Repairs), count)
		row("NACKs", float64(p.Nacks), float64(q.Nacks), count)
	}
	for i, g := range a.Groups {
		h := b.Groups[min(i, len(b.Groups)-1)]
		for _, other := range b.Groups {
			if other.Name == g.Name {
				h = other
			}
		}
		fmt.Fprintf(w, "%s\t\t\t\t\n", pair(g.Name, h.Name))
		row("members", float64(g.Members), float64(h.Members), count)
		row("delivered, each", float64(g.Delivered)/float64(g.Members), float64(h.Delivered)/float64(h.Members), count)
		row("recovered, each", float64(g.Recovered)/float64(g.Members), float64(h.Recovered)/float64(h.Members), count)
		row("lost, each", float64(g.Lost)/float64(g.Members), float64(h.Lost)/float64(h.Members), count)
		row("duplicates, each", float64(g.Excess)/float64(g.Members), float64(h.Excess)/float64(h.Members), count)
		for _, q := range []struct {
			what string
			x, y *quantiles
		}{{"latency", g.Latency, h.Latency}, {"recovery", g.Recovery, h.Recovery}} {
			for _, at := range []struct {
				name string
				of   func(*quantiles) int64
			}{
				{" p50", func(q *quantiles) int64 { return q.P50 }},
				{" p99", func(q *quantiles) int64 { return q.P99 }},
				{" p99.9", func(q *quantiles) int64 { return q.P999 }},
			} {
				if q.x == nil || q.y == nil { // one of them measured none
					fmt.Fprintf(w, "%s\t%s\t%s\t\t\n", q.what+at.name, timeText(q.x, at.of), timeText(q.y, at.of))
					continue
				}
				row(q.what+at.name, float64(at.of(q.x)), float64(at.of(q.y)), millis)
			}
		}
	}
	w.Flush()
	return out.String()
}

// pair is one name, or two that differ.
func pair(a, b string) string {
	if a == b {
		return a
	}
	return a + ", " + b
}
