package report

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// column is a column of a table: its head, and the text of a cell.
type column struct {
	head string
	text func(*Cell) string
}

// table returns the cells' figures, aligned.
func table(cells []*Cell) string {
	columns := columnsOf(cells)
	var s strings.Builder
	w := tabwriter.NewWriter(&s, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, c := range columns {
		fmt.Fprintf(w, "%s\t", c.head)
	}
	fmt.Fprintln(w)
	for _, c := range cells {
		for _, col := range columns {
			fmt.Fprintf(w, "%s\t", col.text(c))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return s.String()
}

// columnsOf returns the columns that aren't empty for all cells.
func columnsOf(cells []*Cell) []column {
	var kept []column
	for _, col := range columnSets[cells[0].Benchmark] {
		for _, c := range cells {
			if text := col.text(c); text != "" && text != "-" {
				kept = append(kept, col)
				break
			}
		}
	}
	return kept
}

var (
	colSystem = column{"", func(c *Cell) string { return c.System }}
	colWay    = column{"", func(c *Cell) string { return c.Way }}
	colSize   = column{"size", func(c *Cell) string { return cli.Bytes(c.Size) }}
	colSubs   = column{"subscribers", func(c *Cell) string { return strconv.Itoa(c.Subscribers) }}
	colPubs   = column{"publishers", func(c *Cell) string { return strconv.Itoa(c.Publishers) }}
	colDue    = column{"rate", func(c *Cell) string {
		if c.Rate == 0 {
			return "-"
		}
		return cli.PerSecond(c.Rate)
	}}
	colWait = column{"wait", func(c *Cell) string { return c.Wait }}
	colRate = column{"messages/s", func(c *Cell) string {
		return c.rangeText(func(f *Figures) float64 { return f.MessagesPerSecond }, cli.Rounded)
	}}
	colBytes  = column{"bytes/s", func(c *Cell) string { return cli.Bytes(c.BytesPerSecond) }}
	colMiss   = column{"missing", func(c *Cell) string { return cli.Grouped(c.Missing) }}
	colPubCPU = column{"CPU/message: publisher",
		func(c *Cell) string { return measuredText(c.PublisherCPU, cli.Nanoseconds) }}
	colSubCPU = column{"a subscriber",
		func(c *Cell) string { return measuredText(c.SubscriberCPU, cli.Nanoseconds) }}
	colCPU = column{"all",
		func(c *Cell) string { return measuredText(c.CPU, cli.Nanoseconds) }}
	colSent = column{"bytes sent a message",
		func(c *Cell) string { return cli.Bytes(c.SentBytes) }}
	colRepair = column{"repairs", func(c *Cell) string { return countText(c.Repairs) }}
	colShare  = column{"of the limit", func(c *Cell) string {
		return measuredText(c.ShareOfLimit, cli.Percent)
	}}
)

// quantileColumns returns columns for p50 to max of a kind of time.
func quantileColumns(name string, of func(*Cell) *hist.Quantiles) []column {
	col := func(head string, get func(*hist.Quantiles) int64) column {
		return column{head, func(c *Cell) string {
			q := of(c)
			if q == nil {
				return "-"
			}
			return cli.Duration(time.Duration(get(q)))
		}}
	}
	if name != "" {
		name += " "
	}
	return []column{
		col(name+"p50", func(q *hist.Quantiles) int64 { return q.P50 }),
		col("p90", func(q *hist.Quantiles) int64 { return q.P90 }),
		col("p99", func(q *hist.Quantiles) int64 { return q.P99 }),
		col("p99.9", func(q *hist.Quantiles) int64 { return q.P999 }),
		col("max", func(q *hist.Quantiles) int64 { return q.Max }),
	}
}

func ratioColumn(head string, get func(*Ratio) Spread) column {
	return column{head, func(c *Cell) string {
		if c.Bare == nil {
			return "-"
		}
		s := get(c.Bare)
		return s.text(cli.Rounded)
	}}
}

var columnSets = map[string][]column{
	Overload: overloadColumns(),
	Spilling: spillColumns(),
	Throughput: {colSize, colSubs, colPubs, colRate, colBytes, colMiss, colPubCPU, colSubCPU,
		colRepair, colShare},
	Latency: append(append([]column{colSystem, colWay, colSize, colSubs, colDue, colWait},
		quantileColumns("", timeOf)...),
		quantileColumns("repaired", func(c *Cell) *hist.Quantiles { return c.Repaired })[0],
		quantileColumns("", func(c *Cell) *hist.Quantiles { return c.Repaired })[2],
		quantileColumns("others", func(c *Cell) *hist.Quantiles { return c.Intact })[0],
		quantileColumns("", func(c *Cell) *hist.Quantiles { return c.Intact })[2],
		ratioColumn("of bare: p50", func(r *Ratio) Spread { return r.P50 }),
		ratioColumn("p99", func(r *Ratio) Spread { return r.P99 }),
		colMiss, colPubCPU, colSubCPU),
	Recovery: append(append(append([]column{colWay, colSize, colSubs, colDue, colWait},
		quantileColumns("", timeOf)...), tripColumns()...), colMiss, colRepair),
	Fanout: {colSystem, colSize, colSubs, colDue, colRate, colMiss, colPubCPU, colSubCPU,
		colCPU, colSent},
	Limits: append([]column{colWay, colSize, colSubs, colDue, colWait,
		{"datagrams/s", colRate.text}, colBytes, colMiss,
		{"CPU/datagram: sender", colPubCPU.text}, {"a receiver", colSubCPU.text}},
		quantileColumns("", timeOf)...),
}

// timeOf returns the time that a latency cell is about.
func timeOf(c *Cell) *hist.Quantiles {
	switch {
	case c.Trip != nil:
		return c.Trip
	case c.Rate == 0 && (c.Benchmark == Limits || c.Benchmark == Overload ||
		c.Benchmark == Spilling):
		return nil // there it is the length of a queue
	}
	return c.Latency
}

// rangeText returns a figure's median, with the least and the most of several runs.
func (c *Cell) rangeText(get func(*Figures) float64, text func(float64) string) string {
	var v []float64
	for i := range c.Each {
		v = append(v, get(&c.Each[i]))
	}
	s := spread(v)
	switch {
	case s.Median == 0 && s.Max == 0:
		return "-"
	case len(v) == 1:
		return text(s.Median)
	}
	return s.text(text)
}
