package report

import (
	"slices"

	"crier/cmd/crier/cli"
)

// ratioTo returns a column of ratios to another way's figure.
func ratioTo(head, way string, get func(*Versus) *Interval) column {
	return figure(head, func(c *Cell) string {
		v := c.against(way)
		if v == nil {
			return "-"
		}
		return get(v).text()
	})
}

// overloadColumns returns the columns of the table.
func overloadColumns() []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p99 := func(v *Versus) *Interval { return v.P99 }
	times := twoQuantiles("", timeOf)
	times[0].Breaks = true
	return slices.Concat(
		[]column{colWay, key("overload", func(c *Cell) string { return c.Overload }), colSize,
			colSubs, colDue, colRate},
		group("messages/s in times of", ratioTo("alone", WayAlone, rate),
			ratioTo("beside a healthy one", WayBeside, rate)),
		[]column{colMiss}, times,
		group("p99 in times of", ratioTo("alone", WayAlone, p99),
			ratioTo("beside a healthy one", WayBeside, p99)),
		cpuColumns(colPubCPU, colSubCPU),
		group("the crawling one", figure("took",
			func(c *Cell) string { return countText(c.SlowMessages) }),
			figure("lost", func(c *Cell) string { return countText(c.SlowLost) })))
}

// overloadNotes explains the table.
func overloadNotes(cells []*Cell, o *Overloaded, say func(string, ...any)) {
	say("one that crawls sleeps %s a message and buffers %s; the publisher keeps nobody's pace, "+
		"and drops what finds no room in its resend buffer of %s",
		cli.Duration(o.Work), cli.Bytes(o.Buffer), cli.Bytes(o.ResendBuffer))
	for _, c := range cells {
		if c.Overload != "" {
			say("overload %s: what the one that crawls can't take %s", c.Overload,
				overloadWords[c.Overload])
		}
	}
	say("all figures but the last two columns are of the healthy subscribers")
	sayIntervals(cells, say)
}

var overloadWords = map[string]string{
	"block":       "it asks for again when it has room, until the publisher no longer holds it",
	"buffer":      "it asks for again when it has room, until the publisher no longer holds it",
	"drop-oldest": "it drops, the oldest first",
	"drop-newest": "it drops, the newest first",
}

// sayIntervals explains the brackets of ratios.
func sayIntervals(cells []*Cell, say func(string, ...any)) {
	for _, c := range cells {
		for _, v := range c.Ratios {
			if r := v.Rate; r != nil && r.Runs > 1 {
				say("ratios are taken run by run: the median of %d, and the interval that holds "+
					"the true one with %s confidence, from the order of the runs alone",
					r.Runs, cli.Percent(r.Confidence))
			}
		}
	}
}
