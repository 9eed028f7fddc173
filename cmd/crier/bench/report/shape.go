package report

import (
	"slices"
	"strconv"
)

// shapeColumns returns the columns of a table about partitions, keys or feeds, whose ratios are to
// a way.
func shapeColumns(to string, last ...column) []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p99 := func(v *Versus) *Interval { return v.P99 }
	times := twoQuantiles("", timeOf)
	times[0].Breaks = true
	return slices.Concat(
		[]column{colWay, colSize, colSubs, colDue, colRate, colBytes},
		group("in times of "+to, ratioTo("messages/s", to, rate), ratioTo("p99", to, p99)),
		[]column{colMiss}, times, cpuColumns(colPubCPU, colSubCPU), last)
}

var (
	colPubAllocs = figure("publisher", func(c *Cell) string { return allocsText(c.PublisherAllocs) })
	colSubAllocs = figure("a subscriber",
		func(c *Cell) string { return allocsText(c.SubscriberAllocs) })
	colIdleSent  = figure("sent/s", func(c *Cell) string { return idleText(c.IdleSent) })
	colIdleHeard = figure("heard/s", func(c *Cell) string { return idleText(c.IdleHeard) })
)

// allocsText formats allocations for a message.
func allocsText(n float64) string { return strconv.FormatFloat(n, 'f', 4, 64) }

// idleText formats datagrams a second, where they were counted.
func idleText(n float64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatFloat(n, 'f', 1, 64)
}

func partitionColumns() []column {
	return shapeColumns(WayPartition, group("datagrams when idle", colIdleSent, colIdleHeard)...)
}

func keyColumns() []column {
	return shapeColumns(WayPlain, slices.Concat([]column{colSent},
		group("allocations/message", colPubAllocs, colSubAllocs))...)
}

func feedColumns() []column { return shapeColumns(WayFeed, colSent) }

// shapeNotes explains the table of a benchmark.
func shapeNotes(cells []*Cell, say func(string, ...any)) {
	switch cells[0].Benchmark {
	case Partitions:
		say("messages go one by one with keys of 8 bytes, which are spread evenly; each subscriber " +
			"takes all partitions")
		say("idle: what a publisher sends and hears a second (HEARTBEAT and SESSION; STATUS and " +
			"NACK), from 3 s after its last message on, with all subscribers there")
	case Keys:
		say("messages go one by one; a plain one is larger by what key and header take on the wire")
	case Feeds:
		say("two feeds are two groups on the same network: a message costs twice the datagrams")
	}
	sayIntervals(cells, say)
}
