package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

var titles = map[string]string{
	Throughput: "Throughput: what the slowest subscriber gets",
	Latency:    "Latency: from the time that a message is due to its Handler, and round trips",
	Recovery:   "Recovery: from loss to delivery",
	Fanout:     "Fan-out: what a message costs, by multicast and by TCP to each subscriber",
	Overload:   "Overload: what healthy subscribers have beside one that crawls",
	Spilling: "Spill: what healthy subscribers have while the backlog of a slow one goes to " +
		"disk, and comes back",
	Recording: "Record: what subscribers have beside a recorder, and what that takes itself",
	History:   "History: what a subscriber has that keeps messages for others",
	Partitions: "Partitions: what a subscriber of all partitions has, and what a publisher sends " +
		"that has nothing to say",
	Keys:   "Keys: what messages with a key and a header cost",
	Feeds:  "Feeds: what a second feed costs",
	Teams:  "Teams: workers that share the messages, each of which is acknowledged",
	Limits: "Limits: bare UDP multicast, without a protocol",
}

func title(benchmark string) string { return titles[benchmark] }

// notes returns the explanations below a table.
func notes(cells []*Cell) string {
	var list []string
	say := func(format string, args ...any) {
		if line := fmt.Sprintf(format, args...); !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	c := cells[0]
	if n := len(c.Each); n > 1 {
		say("%d runs each: medians [least-most]; missing is the sum", n)
	} else {
		say("one run each: --runs 5 shows how much figures vary")
	}
	for _, c := range cells {
		say("%s: %s", c.System, c.Method)
	}
	if ways := eachSize(cells, func(c *Cell) uint64 { return c.Window }); ways != "" {
		say("messages under way at most: %s", ways)
	}
	if ways := eachSize(cells, func(c *Cell) uint64 { return uint64(c.Batch) }); ways != "" &&
		c.Benchmark != Limits {
		say("messages handed over at once (PublishBatch): %s", ways)
	}
	if c.Drop > 0 {
		say("each subscriber threw away %s of the datagrams that it received, data and "+
			"repairs alike", cli.Percent(c.Drop))
	}
	if c.Rate > 0 || c.Benchmark == Latency || c.Benchmark == Recovery {
		say("times count from when a message was due, also where the one before held it up; CPU " +
			"is less what the schedule's own waiting took")
	}
	for _, c := range cells {
		if c.Trips != nil {
			say("the round trip that recovery is held against: p50 %s",
				cli.Duration(time.Duration(c.Trips.P50)))
		}
		if c.Benchmark == Recovery && c.Way == wayLoss {
			say("%s counts from when the message should have come: the latency of repaired "+
				"messages less the median of the others; detection is what of it is not from the "+
				"gap to its repair", wayLoss)
			say("multiples of the round trip are of all runs together; %s of the repairs "+
				"are lost as well, and need a second request", cli.Percent(c.Drop))
		}
	}
	switch {
	case c.Benchmark == Recording:
		recordNotes(cells, say)
	case c.Benchmark == History:
		historyNotes(cells, say)
	case c.Benchmark == Teams:
		teamNotes(cells, say)
	case InTurns(c.Benchmark) && c.Benchmark != Overload:
		shapeNotes(cells, say)
	case c.Benchmark == Spilling:
		spillNotes(cells, c.Overloaded, say)
	case c.Overloaded != nil:
		overloadNotes(cells, c.Overloaded, say)
	}
	spinning(cells, say)
	trouble(cells, say)
	var s strings.Builder
	for _, line := range list {
		fmt.Fprintf(&s, "  %s\n", line)
	}
	return s.String()
}

// clocks notes times between two clocks that can't be true.
func clocks(name string, q *hist.Quantiles, say func(string, ...any)) {
	if q != nil && q.Negative > 0 {
		say("%s: %s times are negative, down to %s: two clocks that differ by as much, or one "+
			"that was set back; every time is short by that", name, cli.Grouped(uint64(q.Negative)),
			cli.Duration(time.Duration(q.Min)))
	}
	if q != nil && q.Clamped > 0 {
		say("%s: %s times are further from 0 than an hour, and count as one: two clocks that "+
			"differ", name, cli.Grouped(q.Clamped))
	}
}

// spinning notes which processes spin, and which cells had the processors for it.
func spinning(cells []*Cell, say func(string, ...any)) {
	var alone, shared []string
	crier := false
	for _, c := range cells {
		if c.Wait == job.WaitBoth {
			say("%s: crier's publishers poll as well, which takes a processor besides the "+
				"schedule's: processes aren't bound to one each, and where three spin on two, no "+
				"figure is held to a bar", job.WaitBoth)
		}
		if c.Wait != job.WaitSpin {
			continue
		}
		list, to := &alone, strconv.Itoa(c.Subscribers)
		if !c.Pinned {
			list = &shared
		}
		if !slices.Contains(*list, to) {
			*list = append(*list, to)
		}
		crier = crier || c.System == SystemCrier
	}
	if len(alone) > 0 {
		say("spin to %s: each process had a processor of its own, and used all of it",
			strings.Join(alone, ", "))
	}
	if len(shared) > 0 {
		say("spin to %s: there are too few processors to give each process one of its own, and "+
			"spinning ones shared them", strings.Join(shared, ", "))
	}
	if crier {
		say("spin: crier's subscribers poll, and so does the schedule that calls Publish; its " +
			"publishers sleep until a NACK comes")
	}
}

// eachSize lists a number that depends on the size.
func eachSize(cells []*Cell, of func(*Cell) uint64) string {
	var list []string
	for _, c := range cells {
		if n := of(c); n > 1 && c.System != SystemTCP && c.Rate == 0 {
			if word := fmt.Sprintf("%s of %s", cli.Grouped(n),
				cli.Bytes(c.Size)); !slices.Contains(list, word) {
				list = append(list, word)
			}
		}
	}
	return strings.Join(list, ", ")
}

// trouble notes events that cast doubt on figures.
func trouble(cells []*Cell, say func(string, ...any)) {
	for _, c := range cells {
		if c.Missing > 0 {
			say("%s: %s of its messages did not arrive, %s named in loss reports", c.name(),
				cli.Grouped(c.Missing), cli.Grouped(c.Lost))
		}
		if c.Disorder > 0 && c.System == SystemCrier {
			say("%s: %s messages came out of order or twice", c.name(),
				cli.Grouped(c.Disorder))
		}
		if c.Damaged > 0 {
			say("%s: %s messages were not as they were published", c.name(),
				cli.Grouped(c.Damaged))
		}
		if c.KernelDrops > 0 {
			say("%s: the kernel dropped %s packets for want of receive buffer", c.name(),
				cli.Grouped(c.KernelDrops))
		}
		if c.SendErrors > 0 {
			say("%s: the kernel refused %s datagrams", c.name(), cli.Grouped(c.SendErrors))
		}
		if shift := time.Duration(c.ClockShift).Abs(); shift > time.Millisecond {
			say("%s: the wall clock was moved by %s while it was measured by", c.name(),
				cli.Duration(shift))
		}
		clocks(c.name(), c.Latency, say)
		clocks(c.name()+", to the kernel", c.Kernel, say)
		if c.Late != nil && c.Latency != nil && c.Late.P50 > c.Latency.P50/10 {
			say("%s: messages were handed over %s late at the median: the machine was too busy "+
				"for this rate", c.name(), cli.Duration(time.Duration(c.Late.P50)))
		}
	}
}
