package report

import "slices"

// historyColumns returns the columns of the table.
func historyColumns() []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p99 := func(v *Versus) *Interval { return v.P99 }
	times := twoQuantiles("", timeOf)
	times[0].Breaks = true
	return slices.Concat(
		[]column{colWay, colSize, colSubs, colDue, colRate, colBytes},
		group("times of that without a history", ratioTo("messages/s", WayNoHistory, rate),
			ratioTo("p99", WayNoHistory, p99)),
		[]column{colMiss}, times, cpuColumns(colPubCPU, colSubCPU))
}
