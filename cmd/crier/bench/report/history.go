package report

import (
	"slices"

	"crier/cmd/crier/cli"
)

// historyColumns returns the columns of the table.
func historyColumns() []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p99 := func(v *Versus) *Interval { return v.P99 }
	times := twoQuantiles("", timeOf)
	times[0].Breaks = true
	return slices.Concat(
		[]column{colWay, colSize, colSubs, colDue, colRate, colBytes},
		group("in times of that "+WayNoHistory, ratioTo("messages/s", WayNoHistory, rate),
			ratioTo("p99", WayNoHistory, p99)),
		[]column{colMiss}, times,
		group("in times of that unasked", ratioTo("p99", WayUnasked, p99)),
		[]column{figure("served/s", func(c *Cell) string {
			if c.Served == 0 {
				return "-"
			}
			return c.rangeText(func(f *Figures) float64 { return f.Served }, cli.Bytes[float64])
		})},
		cpuColumns(colPubCPU, colSubCPU))
}

// historyNotes explains the table.
func historyNotes(cells []*Cell, say func(string, ...any)) {
	for _, c := range cells {
		if c.Way == WayServing {
			say("%s: another publisher has died, and one more subscriber lacks what it sent: the "+
				"measured ones repeat it (served: bytes of messages a second), while messages of "+
				"a publisher that lives come; %s: the same, and it lacks nothing",
				WayServing, WayUnasked)
			if c.SlowMissing == 0 {
				say("it had all before the run was over: give a larger --burst")
			}
			break
		}
	}
	sayIntervals(cells, say)
}
