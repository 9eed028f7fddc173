package report

import (
	"slices"
	"strconv"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
	"crier/cmd/crier/table"
)

// column is a column of a table: its head, and the text of a cell.
type column struct {
	table.Column
	text func(*Cell) string
}

// key returns a column that is a parameter of cells.
func key(head string, text func(*Cell) string) column {
	return column{table.Column{Head: head, Key: true}, text}
}

// figure returns a column of a figure.
func figure(head string, text func(*Cell) string) column {
	return column{table.Column{Head: head}, text}
}

// group sets columns below a common head.
func group(name string, columns ...column) []column {
	for i := range columns {
		columns[i].Group = name
	}
	return columns
}

// tableOf returns the cells' figures.
func tableOf(cells []*Cell) *table.Table {
	t := &table.Table{}
	columns := columnSets[cells[0].Benchmark]
	for _, col := range columns {
		t.Columns = append(t.Columns, col.Column)
	}
	for _, c := range cells {
		var row []any
		for _, col := range columns {
			cell := table.Cell{Text: col.text(c)}
			if col.Head == colMiss.Head && c.Missing > 0 {
				cell.Tone = cli.Bad
			}
			row = append(row, cell)
		}
		t.Add(row...)
	}
	return t
}

var (
	colSystem = key("", func(c *Cell) string { return c.System })
	colWay    = key("", func(c *Cell) string { return c.Way })
	colSize   = key("size", func(c *Cell) string { return cli.Bytes(c.Size) })
	colSubs   = key("subscribers", func(c *Cell) string { return strconv.Itoa(c.Subscribers) })
	colPubs   = key("publishers", func(c *Cell) string { return strconv.Itoa(c.Publishers) })
	colDue    = key("rate", func(c *Cell) string {
		return measuredText(c.Rate, cli.PerSecond)
	})
	colWait = key("wait", func(c *Cell) string { return c.Wait })
	colRate = figure("messages/s", func(c *Cell) string {
		return c.rangeText(func(f *Figures) float64 { return f.MessagesPerSecond }, cli.Rounded)
	})
	colBytes  = figure("bytes/s", func(c *Cell) string { return cli.Bytes(c.BytesPerSecond) })
	colMiss   = figure("missing", func(c *Cell) string { return cli.Grouped(c.Missing) })
	colPubCPU = figure("publisher", func(c *Cell) string {
		return measuredText(c.PublisherCPU, cli.Nanoseconds)
	})
	colSubCPU = figure("a subscriber", func(c *Cell) string {
		return measuredText(c.SubscriberCPU, cli.Nanoseconds)
	})
	colCPU = figure("all", func(c *Cell) string {
		return measuredText(c.CPU, cli.Nanoseconds)
	})
	colSent   = figure("sent/message", func(c *Cell) string { return cli.Bytes(c.SentBytes) })
	colRepair = figure("repairs", func(c *Cell) string { return countText(c.Repairs) })
	colShare  = figure("of the limit", func(c *Cell) string {
		return measuredText(c.ShareOfLimit, cli.Percent)
	})
)

// cpuColumns returns the columns of the processor time for a message.
func cpuColumns(columns ...column) []column { return group("CPU/message", columns...) }

// quantileColumns returns columns for p50 to max of a kind of time.
func quantileColumns(name string, of func(*Cell) *hist.Quantiles) []column {
	col := func(head string, get func(*hist.Quantiles) int64) column {
		return figure(head, func(c *Cell) string {
			q := of(c)
			if q == nil {
				return "-"
			}
			return cli.Duration(time.Duration(get(q)))
		})
	}
	return group(name,
		col("p50", func(q *hist.Quantiles) int64 { return q.P50 }),
		col("p90", func(q *hist.Quantiles) int64 { return q.P90 }),
		col("p99", func(q *hist.Quantiles) int64 { return q.P99 }),
		col("p99.9", func(q *hist.Quantiles) int64 { return q.P999 }),
		col("max", func(q *hist.Quantiles) int64 { return q.Max }),
	)
}

// twoQuantiles returns columns for p50 and p99 of a kind of time.
func twoQuantiles(name string, of func(*Cell) *hist.Quantiles) []column {
	all := quantileColumns(name, of)
	return []column{all[0], all[2]}
}

func ratioColumn(head string, get func(*Ratio) Spread) column {
	return figure(head, func(c *Cell) string {
		if c.Bare == nil {
			return "-"
		}
		return get(c.Bare).text(cli.Rounded)
	})
}

var columnSets = map[string][]column{
	Overload:  overloadColumns(),
	Spilling:  spillColumns(),
	Recording: recordColumns(),
	History:   historyColumns(),

	Partitions: partitionColumns(), Keys: keyColumns(), Feeds: feedColumns(),
	Teams: teamColumns(),
	Throughput: slices.Concat(
		[]column{colSize, colSubs, colPubs, colRate, colBytes, colMiss},
		cpuColumns(colPubCPU, colSubCPU), []column{colRepair, colShare}),
	Latency: slices.Concat(
		[]column{colSystem, colWay, colSize, colSubs, colDue, colWait},
		quantileColumns("", timeOf),
		twoQuantiles("repaired", func(c *Cell) *hist.Quantiles { return c.Repaired }),
		twoQuantiles("others", func(c *Cell) *hist.Quantiles { return c.Intact }),
		group("in times of bare", ratioColumn("p50", func(r *Ratio) Spread { return r.P50 }),
			ratioColumn("p99", func(r *Ratio) Spread { return r.P99 })),
		[]column{colMiss}, cpuColumns(colPubCPU, colSubCPU)),
	Recovery: slices.Concat(
		[]column{colWay, colSize, colSubs, colDue, colWait}, quantileColumns("", timeOf),
		tripColumns(), []column{colMiss, colRepair}),
	Fanout: slices.Concat(
		[]column{colSystem, colSize, colSubs, colDue, colRate, colMiss},
		cpuColumns(colPubCPU, colSubCPU, colCPU), []column{colSent}),
	Limits: slices.Concat(
		[]column{colWay, colSize, colSubs, colDue, colWait, figure("datagrams/s", colRate.text),
			colBytes, colMiss},
		group("CPU/datagram", figure("sender", colPubCPU.text),
			figure("a receiver", colSubCPU.text)),
		quantileColumns("", timeOf)),
}

// timeOf returns the time that a latency cell is about.
func timeOf(c *Cell) *hist.Quantiles {
	switch {
	case c.Trip != nil:
		return c.Trip
	case c.Rate == 0 && (c.Benchmark == Limits || c.Benchmark == Spilling || InTurns(c.Benchmark)):
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
