package report

import (
	"math"
	"slices"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// teamFigures fills in what a run has where workers share the messages: they count together.
func (f *Figures) teamFigures(out *job.Outcome, size int) {
	first, last := int64(math.MaxInt64), int64(0)
	var got, again, numbers uint64
	for _, r := range out.Readers {
		if r.First > 0 {
			first, last = min(first, r.First), max(last, r.Last)
		}
		got, again, numbers = got+r.Messages, again+r.Again, numbers+r.Numbers
	}
	f.MessagesPerSecond, f.Again = 0, again
	if last > first {
		f.MessagesPerSecond = float64(got-1) / (float64(last-first) / 1e9)
	}
	f.BytesPerSecond = f.MessagesPerSecond * float64(size)
	f.Missing = out.Sent - min(out.Sent, got)
	// Where nothing came again, each number from 0 on came once, and they add up.
	sum := out.Sent / 2 * (out.Sent - 1)
	if out.Sent%2 == 1 {
		sum = out.Sent * ((out.Sent - 1) / 2)
	}
	if got > out.Sent+again || f.Missing == 0 && again == 0 && numbers != sum {
		f.Disorder++
	}
	f.Moving = merged(out, func(r *job.Result) *hist.Histogram { return r.Moving }).Quantiles()
	for _, r := range out.Brokers {
		f.BrokerCPU += perMessage(float64(r.CPU), out.Sent)
	}
	f.CPU += f.BrokerCPU
}

// AddMoves adds a run's times of partitions that moved.
func (c *Cell) AddMoves(out *job.Outcome, times *hist.Histogram) {
	f := FiguresOf(out, c.Size)
	f.Latency, f.Samples = times.Quantiles(), uint64(times.Count())
	f.Moving = nil
	c.Each = append(c.Each, f)
	c.latency.Merge(times)
	c.Figures = medians(c.Each)
}

// teamColumns returns the columns of the table.
func teamColumns() []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p50 := func(v *Versus) *Interval { return v.P50 }
	p99 := func(v *Versus) *Interval { return v.P99 }
	crier := WayShare(job.ShareMessage)
	times := quantileColumns("", timeOf)
	times[0].Breaks = true
	return slices.Concat(
		[]column{colSystem, colWay, colSize,
			key("workers", colSubs.text), colDue, colRate, colBytes},
		group("in times of crier", ratioTo("messages/s", crier, rate), ratioTo("p50", crier, p50),
			ratioTo("p99", crier, p99)),
		[]column{colMiss, figure("again", func(c *Cell) string { return cli.Grouped(c.Again) })},
		[]column{figure("samples", func(c *Cell) string { return countText(c.Samples) })},
		times,
		cpuColumns(colPubCPU, figure("a worker", colSubCPU.text),
			figure("broker", func(c *Cell) string {
				return measuredText(c.BrokerCPU, cli.Nanoseconds)
			}), colCPU))
}

// teamNotes explains the table.
func teamNotes(cells []*Cell, say func(string, ...any)) {
	for _, c := range cells {
		switch c.Way {
		case WayFileStore, WayMemoryStore:
			say("JetStream: a pull consumer that all workers share, each message acknowledged; a " +
				"server between")
		case WayQueueGroup:
			say("queue group: a server between that stores nothing, and no message is acknowledged")
		case WayLeaves:
			say("%s: from the call of Close to the first message of each of its partitions at "+
				"another worker, or to when that one has the partition if no message waits", c.Way)
		case WayJoins:
			say("%s: from when a worker is told to give a partition back to its first message at "+
				"the one that joins, or to when that one has the partition if no message waits",
				c.Way)
		case WayKilled:
			say("%s: by SIGKILL, from then to the first message of each of its partitions at "+
				"another worker", c.Way)
		case WayRollout:
			say("%s: workers leave and join again, one after another, and times are of partitions "+
				"that have been where they are for 100 ms; %s: nobody moves", c.Way, WayAtRest)
		case WayShare(job.ShareMessage), WayShare(job.SharePartition):
			say("crier: the publisher keeps what its team hasn't done (--pace teams), and each " +
				"message is done by the worker's word")
		}
	}
	say("again: messages that another worker may have had, and that say so")
	sayIntervals(cells, say)
}
