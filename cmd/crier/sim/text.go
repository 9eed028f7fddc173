package sim

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"crier/cmd/crier/cli"
	"crier/testnet/scenario"
)

// resultText describes a run's result.
func resultText(s *scenario.Scenario, r *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, seed %d: %s, %s of publishing, %s in all\n\n",
		r.Scenario, r.Seed, cli.Counted(uint64(len(r.Members)), "subscriber", "subscribers"),
		cli.Duration(time.Duration(r.Duration)), cli.Duration(time.Duration(r.End)))
	for line := range strings.Lines(strings.TrimSpace(r.Story)) {
		b.WriteString("  " + line)
	}
	b.WriteString("\n\n")
	table(&b, r)
	b.WriteByte('\n')
	for _, p := range r.Publishers {
		fmt.Fprintf(&b,
			"  %s accepted %s messages in %s frames (%s in sessions: %d), repeated %s (%s), and "+
				"got %s NACKs and %s reports\n",
			p.Name, cli.Grouped(p.Accepted), cli.Grouped(p.Frames), cli.Bytes(p.FrameBytes),
			p.Sessions, cli.Grouped(p.Repairs),
			shareText(p), cli.Grouped(p.Nacks), cli.Grouped(p.Statuses))
	}
	if n := r.LostFrames; n.Count > 0 {
		fmt.Fprintf(&b,
			"  %s frames were lost by somebody, %s times in all; NACKs for one of them: p50 %d, "+
				"p95 %d, p99 %d, most %d\n",
			cli.Grouped(n.Count), cli.Grouped(n.Sum), n.Nacks.P50, n.Nacks.P95,
			n.Nacks.P99, n.Nacks.Max)
	}
	b.WriteByte('\n')
	charts(&b, r)
	lostText(&b, r)
	switch r.Promise {
	case "kept":
		b.WriteString("\nThe promise was kept: every message was delivered once and in order, or " +
			"named lost\n(checked, byte for byte).\n")
	default:
		fmt.Fprintf(&b, "\nTHE PROMISE WAS BROKEN:\n%s\n", r.Violations)
	}
	return b.String()
}

func table(b *strings.Builder, r *Result) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w,
		" \tmembers\tdelivered\trecovered\tlost\tmissed\tduplicates\tNACKs\tlatency "+
			"p50\tp99\tp99.9\trecovery p50\tp99\tround trips\t")
	for _, g := range r.Groups {
		trips := "-"
		if g.Recovery != nil && g.RoundTrip > 0 {
			trips = cli.Rounded(g.trips(g.Recovery.P50)) + " " + cli.Rounded(g.trips(g.Recovery.P99))
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", g.Name,
			g.Members, cli.Grouped(g.Delivered),
			cli.Grouped(g.Recovered), cli.Grouped(g.Lost), cli.Grouped(g.Missed),
			cli.Grouped(g.Excess), cli.Grouped(g.Nacks),
			timeText(g.Latency, func(q *quantiles) int64 { return q.P50 }),
			timeText(g.Latency, func(q *quantiles) int64 { return q.P99 }),
			timeText(g.Latency, func(q *quantiles) int64 { return q.P999 }),
			timeText(g.Recovery, func(q *quantiles) int64 { return q.P50 }),
			timeText(g.Recovery, func(q *quantiles) int64 { return q.P99 }), trips)
	}
	w.Flush()
}

func timeText(q *quantiles, of func(*quantiles) int64) string {
	if q == nil {
		return "-"
	}
	return cli.Duration(time.Duration(of(q)))
}

// shareText returns how much repairs added to a publisher's data.
func shareText(p *Publisher) string {
	if p.FrameBytes == 0 {
		return "-"
	}
	return cli.PercentOf(p.RepairBytes, p.FrameBytes) + " of the data"
}

// chartColumns is the width of charts, in characters.
const chartColumns = 80

// charts draws the run in time: a line of bars a quantity, and a strip a group.
func charts(b *strings.Builder, r *Result) {
	t := &r.Series
	used := usedBins(t)
	columns := min(chartColumns, used)
	per := (used + columns - 1) / columns
	columns = (used + per - 1) / per
	width := 8
	for _, g := range r.Groups {
		width = max(width, len(g.Name))
	}
	end := cli.Duration(time.Duration(t.Bin * int64(columns*per)))
	fmt.Fprintf(b, "  %-*s 0s%*s\n", width, "", columns-2, end)
	for _, c := range []struct {
		name   string
		list   []uint64
		byTime bool // a rate, or else a level
	}{
		{"frames", t.Frames, true}, {"repairs", t.Repairs, true},
		{"NACKs", t.Nacks, true},
		{"missed", t.Missed, true}, {"held", t.Held, false},
	} {
		values := rebin(c.list[:used], per, c.byTime)
		most := slices.Max(values)
		if most == 0 {
			continue
		}
		peak := cli.Bytes(most)
		if c.byTime {
			peak = cli.PerSecond(float64(most) / seconds(t.Bin*int64(per)))
		}
		fmt.Fprintf(b, "  %-*s %s up to %s\n", width, c.name, bars(values, most), peak)
	}
	if len(r.Events) > 0 {
		fmt.Fprintf(b, "  %-*s %s\n", width, "events",
			strings.TrimRight(marksText(r.Events, t.Bin*int64(per), columns), " "))
	}
	for _, g := range r.Groups {
		fmt.Fprintf(b, "  %-*s %s\n", width, g.Name, strip(r, g.Name, used, per, columns))
	}
	fmt.Fprintf(b, "  %-*s · nothing  m missed  r recovered  X lost\n", width, "")
	for _, e := range r.Events {
		fmt.Fprintf(b, "  %-*s %s %v\n", width, "", e.Mark, e)
	}
}

// usedBins returns the number of bins up to the last one in which something happened.
func usedBins(t *series) int {
	used := 1
	for i := range t.Frames {
		if t.Frames[i]+t.Repairs[i]+t.Nacks[i]+t.Delivered[i]+t.Missed[i]+t.Lost[i] > 0 {
			used = i + 1
		}
	}
	return used
}

// rebin joins bins: rates add up, of levels the highest counts.
func rebin(list []uint64, per int, sum bool) []uint64 {
	var out []uint64
	for i, v := range list {
		if i%per == 0 {
			out = append(out, 0)
		}
		last := &out[len(out)-1]
		if sum {
			*last += v
		} else {
			*last = max(*last, v)
		}
	}
	return out
}

// bars draws values up to most. What is not nothing is seen.
func bars(values []uint64, most uint64) string {
	levels := []rune(" ▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range values {
		i := int(v * uint64(len(levels)-1) / most)
		if v > 0 {
			i = max(i, 1)
		}
		b.WriteRune(levels[i])
	}
	return b.String()
}

// strip draws what happened to a group: the worst of each column.
func strip(r *Result, group string, used, per, columns int) string {
	worst := make([]rune, columns)
	for i := range worst {
		worst[i] = '·'
	}
	rank := map[rune]int{'·': 0, 'm': 1, 'r': 2, 'X': 3}
	for _, m := range r.Members {
		if m.Group != group {
			continue
		}
		for _, p := range m.Strip {
			if p.Bin >= used {
				continue
			}
			what := '·'
			switch {
			case p.Lost > 0:
				what = 'X'
			case p.Recovered > 0:
				what = 'r'
			case p.Missed > 0:
				what = 'm'
			}
			if c := p.Bin / per; rank[what] > rank[worst[c]] {
				worst[c] = what
			}
		}
	}
	return string(worst)
}

// lostText lists the loss reports, the first few of each group.
func lostText(b *strings.Builder, r *Result) {
	const most = 5
	for _, g := range r.Groups {
		if g.Lost == 0 {
			continue
		}
		var causes []string
		for _, cause := range sortedKeys(g.Causes) {
			causes = append(causes, fmt.Sprintf("%s %s", cli.Grouped(g.Causes[cause]), cause))
		}
		fmt.Fprintf(b, "\n  %s lost %s messages: %s\n", g.Name, cli.Grouped(g.Lost),
			strings.Join(causes, ", "))
		n := 0
		for _, m := range r.Members {
			if m.Group != g.Name {
				continue
			}
			for _, l := range m.Losses {
				if n++; n > most {
					break
				}
				fmt.Fprintf(b, "    %s %s: %s to %s, %s\n",
					cli.Instant(time.Duration(l.At)), m.Name, cli.Grouped(l.From),
					cli.Grouped(l.To-1), l.Cause)
			}
		}
		if n > most {
			fmt.Fprintf(b, "    and more; --json has all\n")
		}
	}
}

func sortedKeys(m map[string]uint64) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
