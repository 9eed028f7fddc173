package report

import "slices"

// recordColumns returns the columns of the table.
func recordColumns() []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p99 := func(v *Versus) *Interval { return v.P99 }
	times := twoQuantiles("", timeOf)
	times[0].Breaks = true
	return slices.Concat(
		[]column{colWay, colSize, colSubs, colDue, colRate, colBytes},
		group("messages/s in times of", ratioTo("alone", WayAlone, rate),
			ratioTo(WayAside, WayAside, rate)),
		[]column{colMiss}, times,
		group("p99 in times of", ratioTo(WayAside, WayAside, p99)),
		cpuColumns(colPubCPU, colSubCPU),
		group("the one aside", figure("took",
			func(c *Cell) string { return countText(c.SlowMessages) }),
			figure("missing", func(c *Cell) string { return countText(c.SlowMissing) })))
}

// recordNotes explains the table.
func recordNotes(cells []*Cell, say func(string, ...any)) {
	say("%s and %s: one more process, which holds no publisher back; a recorder writes all to its "+
		"log", WayAside, WayRecorder)
	say("%s: the recorder alone, which holds the publisher back by what it has taken; missing "+
		"is what it hasn't written in the end", WayRecording)
	say("%s: the publisher writes a log itself (crier pub --record)", WayOwnLog)
	sayIntervals(cells, say)
}
