package report

import (
	"fmt"
	"slices"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// Spill holds the disk's figures of a phase.
type Spill struct {
	Lasted        time.Duration `json:"lasted_ns"` // the phase
	Held          time.Duration `json:"producer_held_ns"`
	DiskWritten   uint64        `json:"disk_frames_written"`
	DiskRead      uint64        `json:"disk_frames_read"`
	DeviceWritten uint64        `json:"device_written_bytes"` // or deleted before it got there
	DeviceRead    uint64        `json:"device_read_bytes"`
	DiskErrors    uint64        `json:"disk_errors"`
	// Drained is the time of catching up while nothing was published.
	Drained time.Duration `json:"drained_ns,omitempty"`
}

// AddPhase adds a phase of a run to its cell. Missing messages are those of the whole run.
func (c *Cell) AddPhase(out *job.Outcome, n int) {
	whole := FiguresOf(out, c.Size)
	f := Figures{
		Missing: whole.Missing, Lost: whole.Lost, Disorder: whole.Disorder, Damaged: whole.Damaged,
		KernelDrops: whole.KernelDrops, SendErrors: whole.SendErrors, ClockShift: whole.ClockShift,
		Late:         whole.Late,
		SlowMessages: whole.SlowMessages, SlowLost: whole.SlowLost, SlowMissing: whole.SlowMissing,
	}
	w := out.Writers[0]
	p := &w.Phases[n]
	f.Messages = p.Messages
	f.PublisherCPU = perMessage(float64(p.CPU), p.Messages)
	f.Spill = &Spill{
		Lasted: p.Lasted, Held: p.Held, DiskWritten: p.DiskWritten,
		DiskRead:      p.DiskRead,
		DeviceWritten: p.Device.Written, DeviceRead: p.Device.Read, DiskErrors: w.DiskErrors,
	}
	if n == job.PhaseDraining {
		f.Spill.Drained = w.Drained
	}
	var latency hist.Histogram
	for i, r := range out.Readers {
		if rate := r.Phases[n].Rate; i == 0 || rate < f.MessagesPerSecond {
			f.MessagesPerSecond = rate
		}
		merge(&latency, r.Phases[n].Latency)
	}
	f.BytesPerSecond = f.MessagesPerSecond * float64(c.Size)
	f.Latency = latency.Quantiles()
	c.Each = append(c.Each, f)
	c.Figures = medians(c.Each)
	c.latency.Merge(&latency)
	c.Window = out.Window
	c.Method = "held back by the slowest subscriber; while one spills or drains, by the slowest " +
		"of the others"
	if c.Rate > 0 {
		c.Method = fmt.Sprintf("due at even times, %s", cli.PerSecond(c.Rate))
	}
}

// spillColumns returns the columns of the table.
func spillColumns() []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p99 := func(v *Versus) *Interval { return v.P99 }
	of := func(head string, get func(*Spill) string) column {
		return figure(head, func(c *Cell) string {
			if c.Spill == nil {
				return "-"
			}
			return get(c.Spill)
		})
	}
	length := func(head string, get func(*Spill) time.Duration) column {
		return of(head, func(s *Spill) string {
			return measuredText(float64(get(s)), cli.Nanoseconds)
		})
	}
	space := func(head string, get func(*Spill) uint64) column {
		return of(head, func(s *Spill) string { return measuredText(float64(get(s)), cli.Bytes) })
	}
	before := job.PhaseNames[job.PhaseBefore]
	return slices.Concat(
		[]column{colWay, colSize, colSubs, colDue,
			length("lasted", func(s *Spill) time.Duration { return s.Lasted }),
			colRate, ratioTo("in times of before", before, rate)},
		twoQuantiles("", timeOf),
		[]column{ratioTo("p99 in times of before", before, p99), colMiss},
		cpuColumns(colPubCPU),
		[]column{length("producer held", func(s *Spill) time.Duration { return s.Held })},
		group("frames", of("to disk", func(s *Spill) string { return countText(s.DiskWritten) }),
			of("from disk", func(s *Spill) string { return countText(s.DiskRead) })),
		group("device", space("written", func(s *Spill) uint64 { return s.DeviceWritten }),
			space("read", func(s *Spill) uint64 { return s.DeviceRead })))
}

// spillNotes explains the table.
func spillNotes(cells []*Cell, o *Overloaded, say func(string, ...any)) {
	say("one subscriber more, which is not in the figures, sleeps %s a message until it is %s of "+
		"messages behind the resend buffer of %s, and then goes on at full speed; the publisher "+
		"keeps its pace, on disk too, and sends those that are behind up to %v a second "+
		"(--repair-floor), or as much as is live if that is more",
		cli.Duration(o.Work), cli.Bytes(o.Backlog), cli.Bytes(o.ResendBuffer), o.RepairFloor)
	for _, c := range cells {
		if c.Way != job.PhaseNames[job.PhaseAfter] {
			continue
		}
		verdict := "all of them in order, and every byte as it was published"
		if c.SlowMissing+c.Damaged+c.Disorder+c.Lost > 0 {
			verdict = fmt.Sprintf("%s missing, %s damaged, %s out of order",
				cli.Grouped(c.SlowMissing), cli.Grouped(c.Damaged),
				cli.Grouped(c.Disorder))
		}
		say("%s: it took %s messages in a run, %s", c.speed(),
			cli.Grouped(c.SlowMessages), verdict)
	}
	for _, c := range cells {
		if s := c.Spill; s != nil && s.Drained > 0 {
			say("%s: after %s of draining, the slow one still behind, nothing was published for "+
				"the %s that it took to catch up", c.speed(), cli.Duration(s.Lasted),
				cli.Duration(s.Drained))
		}
		if s := c.Spill; s != nil && s.DiskErrors > 0 {
			say("%s: the disk failed %d times", c.name(), s.DiskErrors)
		}
	}
	say("device: what the publisher gave the kernel to write there, of which some may have been " +
		"deleted before it got there, and what was read from it; the other reads came out of the " +
		"page cache")
	sayIntervals(cells, say)
}

// speed describes the rate of a cell.
func (c *Cell) speed() string {
	if c.Rate > 0 {
		return "at " + cli.PerSecond(c.Rate)
	}
	return "flat out"
}
