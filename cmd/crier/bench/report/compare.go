package report

import (
	"fmt"
	"strings"

	"golang.org/x/perf/benchmath"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
)

// metric is a figure for comparing runs.
type metric struct {
	name string
	up   bool // more is better
	get  func(*Figures) (float64, bool)
	text func(float64) string
}

func metricsOf(c *Cell) []metric {
	time := func(name string, get func(*Figures) (int64, bool)) metric {
		return metric{name, false, func(f *Figures) (float64,
			bool) {
			ns, ok := get(f)
			return float64(ns), ok
		}, cli.Nanoseconds}
	}
	list := []metric{
		{"CPU/message", false, func(f *Figures) (float64, bool) { return f.CPU, f.CPU > 0 },
			cli.Nanoseconds},
	}
	if c.Rate == 0 && c.Figures.Trip == nil {
		list = append(list,
			metric{"messages/s", true, func(f *Figures) (float64,
				bool) {
				return f.MessagesPerSecond, f.MessagesPerSecond > 0
			}, cli.Rounded})
	} else {
		list = append(list,
			time("p50", func(f *Figures) (int64, bool) {
				if q := f.time(); q != nil {
					return q.P50, true
				}
				return 0, false
			}),
			time("p99", func(f *Figures) (int64, bool) {
				if q := f.time(); q != nil {
					return q.P99, true
				}
				return 0, false
			}))
	}
	return append(list,
		metric{"missing", false,
			func(f *Figures) (float64, bool) { return float64(f.Missing), true },
			func(n float64) string { return cli.Grouped(uint64(n)) }})
}

// verdict is the comparison of a figure of a cell.
type verdict struct {
	cell        *Cell
	metric      metric
	old, new    Spread
	n, m        int // runs before, and now
	p           float64
	real        bool // the difference exceeds the noise
	better      bool
	unpowered   bool // there are too few runs for a verdict
	environment []string
}

// compare compares each cell with the one of an earlier run that has the same key, by the
// Mann-Whitney U test at the 5 % level, which assumes no distribution.
func compare(before, now []*Cell) []verdict {
	old := map[string]*Cell{}
	for _, c := range before {
		old[c.key()] = c
	}
	list := []verdict{} // not nil: a comparison was asked for
	for _, c := range now {
		was := old[c.key()]
		if was == nil {
			continue
		}
		for _, m := range metricsOf(c) {
			a, b := values(was.Each, m), values(c.Each, m)
			if len(a) == 0 || len(b) == 0 {
				continue
			}
			v := verdict{cell: c, metric: m, old: spread(a), new: spread(b), n: len(a), m: len(b)}
			v.p, v.real = differ(a, b)
			v.better = (v.new.Median > v.old.Median) == m.up
			v.unpowered = len(a) < minCompared || len(b) < minCompared
			v.environment = differences(was.Environment, c.Environment)
			list = append(list, v)
		}
	}
	return list
}

// minCompared is the number of runs that each side needs: with three and three, not even
// disjoint runs are significant at the 5 % level.
const minCompared = 4

// differ returns the probability that two sets of runs differ as much by chance, and whether
// the difference is significant.
func differ(a, b []float64) (p float64, real bool) {
	t := benchmath.DefaultThresholds
	c := benchmath.AssumeNothing.Compare(benchmath.NewSample(a, &t), benchmath.NewSample(b, &t))
	return c.P, c.P < c.Alpha
}

func values(each []Figures, m metric) []float64 {
	var v []float64
	for i := range each {
		if x, ok := m.get(&each[i]); ok {
			v = append(v, x)
		}
	}
	return v
}

// differences lists the differences of two machines.
func differences(a, b *Environment) []string {
	if a == nil || b == nil {
		return nil
	}
	var list []string
	for _, d := range []struct {
		name     string
		was, now any
	}{
		{"crier", a.Crier, b.Crier}, {"Go", a.Go, b.Go}, {"kernel", a.Kernel, b.Kernel},
		{"processor", a.Processor, b.Processor}, {"CPUs", a.CPUs, b.CPUs},
		{"MTU", a.MTU, b.MTU}, {"receive buffer", a.ReadBuffer, b.ReadBuffer},
	} {
		if d.was != d.now {
			list = append(list, fmt.Sprintf("%s was %v, is %v", d.name, d.was, d.now))
		}
	}
	return list
}

// change returns the difference of the medians, in per cent.
func (v *verdict) change() string {
	switch {
	case v.old.Median == v.new.Median:
		return cli.Percent(0)
	case v.old.Median == 0:
		return "-"
	}
	part := v.new.Median/v.old.Median - 1
	if part > 0 {
		return "+" + cli.Percent(part)
	}
	return cli.Percent(part)
}

// words returns the verdict in words.
func (v *verdict) words() table.Cell {
	switch {
	case v.old == v.new && v.old.Min == v.old.Max:
		return table.Cell{Text: "the same"}
	case v.unpowered:
		return table.Cell{Tone: cli.Noted, Text: fmt.Sprintf(
			"too few runs to tell (%d and %d; it takes %d)", v.n, v.m, minCompared)}
	case !v.real:
		return table.Cell{Text: fmt.Sprintf("within the noise (p = %.2f)", v.p)}
	case v.better:
		return table.Cell{Tone: cli.Good, Text: fmt.Sprintf("better (p = %.3f)", v.p)}
	}
	return table.Cell{Tone: cli.Bad, Text: fmt.Sprintf("worse (p = %.3f)", v.p)}
}

// verdictTable lists the results of a comparison.
func verdictTable(list []verdict) *table.Table {
	t := &table.Table{Columns: []table.Column{
		{Key: true}, {Head: "figure", Left: true}, {Head: "it was"}, {Head: "it is"},
		{Head: "change"}, {Head: "verdict", Left: true},
	}}
	for i := range list {
		v := &list[i]
		t.Add(v.cell.name(), v.metric.name, v.metric.text(v.old.Median),
			v.metric.text(v.new.Median), v.change(), v.words())
	}
	return t
}

// verdictText prints the comparison.
func verdictText(path string, list []verdict, sheet cli.Sheet) string {
	var s strings.Builder
	s.WriteString(sheet.Wrap(fmt.Sprintf("Against %s, by the Mann-Whitney U test over the runs, "+
		"at the 5 %% level:\n", path), 2))
	if len(list) == 0 {
		s.WriteString("\nno cell of it measured the same\n")
		return s.String()
	}
	s.WriteString("\n" + verdictTable(list).Text(sheet))
	if d := list[0].environment; len(d) > 0 {
		s.WriteString("\n" + sheet.Wrap(fmt.Sprintf("Not the same conditions: %s.\n",
			strings.Join(d, "; ")), 2))
	}
	return s.String()
}

// name returns a short name of the cell.
func (c *Cell) name() string {
	words := []string{c.System}
	if c.Way != "" {
		words = append(words, c.Way)
	}
	words = append(words, fmt.Sprintf("%s to %d", cli.Bytes(c.Size), c.Subscribers))
	if c.Publishers > 1 {
		words = append(words, fmt.Sprintf("from %d", c.Publishers))
	}
	if c.Rate > 0 {
		words = append(words, "at "+cli.PerSecond(c.Rate))
	}
	if c.Overload != "" {
		words = append(words, "("+c.Overload+")")
	}
	if c.Wait != "" {
		words = append(words, c.Wait)
	}
	return strings.Join(words, " ")
}
