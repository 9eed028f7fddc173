package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"crier/cmd/crier/hist"
)

// spill measures what a backlog on disk costs: the live rate and times of healthy
// subscribers before one falls behind, while what it has yet to take goes to disk,
// while that comes back, and after.
func (b *bench) spill(ctx context.Context) error {
	for _, size := range b.o.Sizes {
		for _, rate := range b.o.Rates {
			for _, subscribers := range b.o.Subscribers {
				if err := b.spilled(ctx, size, subscribers, rate); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// spilled measures one combination; its phases are cells.
func (b *bench) spilled(ctx context.Context, size, subscribers int, rate float64) error {
	disk := spillDisk(b.o.Backlog+int64(b.o.Resend), size)
	free, err := freeBytes(b.o.DiskDir)
	if err != nil {
		return usagef("--buffer-dir %s can't be used (%v): name a directory on the disk to be measured", b.o.DiskDir, plainError(err))
	}
	if free < disk+spareDisk {
		return usagef("--buffer-dir %s has %s free, and this takes up to %s, with %s to spare: name another, or give --backlog less",
			b.o.DiskDir, spaceText(free), spaceText(disk), spaceText(spareDisk))
	}
	var cells [phases]*Cell
	for i := phaseBefore; i < phases; i++ {
		cells[i] = b.cell(systemCrier, phaseNames[i], size, subscribers, 1)
		cells[i].Rate = rate
	}
	r := b.flatOut(cells[phaseBefore], roleSpiller, roleSubscriber)
	r.slow = 1
	r.task.Pressure = Pressure{
		Work: b.o.Work, Overload: "block", Buffer: b.o.Buffer, Resend: b.o.Resend,
		Backlog: b.o.Backlog, Disk: disk, DiskDir: b.o.DiskDir, Floor: b.o.Floor, Patience: b.o.Patience,
	}
	r.sends = spillLongest(&r.task)
	for run := range b.o.Runs {
		b.tell(cells[phaseBefore], run)
		out, err := b.play(ctx, r)
		if err != nil {
			return err
		}
		b.env.granted(out)
		for i := phaseBefore; i < phases; i++ {
			cells[i].addPhase(out, i)
		}
	}
	for _, c := range cells[phaseBefore+1:] {
		c.Ratios = []*Versus{versus(c, cells[phaseBefore])}
	}
	b.cells = append(b.cells, cells[phaseBefore:]...)
	return nil
}

const (
	// spareDisk is what a disk must have left.
	spareDisk = 1 << 30
	// spillFrame is about what a frame of a full datagram takes on disk.
	spillFrame = 1500
)

// spillDisk is how much disk a backlog may take, in bytes: a frame for each message,
// or several, twice over for what is published while it drains.
func spillDisk(backlog int64, size int) int64 {
	return 2 * (backlog/int64(size) + 1) * int64((size+1399)/1400) * spillFrame
}

// Spill is what a run's phase had to do with the disk.
type Spill struct {
	Seconds       float64 `json:"seconds"` // that the phase lasted
	Held          float64 `json:"producer_held_seconds"`
	DiskWritten   uint64  `json:"disk_frames_written"`
	DiskRead      uint64  `json:"disk_frames_read"`
	DeviceWritten uint64  `json:"device_bytes_written"` // or deleted before it got there
	DeviceRead    uint64  `json:"device_bytes_read"`
	DiskErrors    uint64  `json:"disk_errors"`
	Drained       float64 `json:"drained_seconds,omitempty"` // catching up while nothing was published
}

// addPhase adds a phase of a run to its cell. What is missing is the run's.
func (c *Cell) addPhase(out *outcome, n int) {
	whole := out.figures(c.Size)
	f := Figures{
		Missing: whole.Missing, Lost: whole.Lost, Disorder: whole.Disorder, Damaged: whole.Damaged,
		KernelDrops: whole.KernelDrops, SendErrors: whole.SendErrors, ClockShift: whole.ClockShift, Late: whole.Late,
		SlowMessages: whole.SlowMessages, SlowLost: whole.SlowLost, SlowMissing: whole.SlowMissing,
	}
	w := out.writers[0]
	p := &w.Phases[n]
	f.Messages = p.Messages
	f.PublisherCPU = perMessage(float64(p.CPU), p.Messages)
	f.Spill = &Spill{
		Seconds: p.Lasted.Seconds(), Held: p.Held.Seconds(), DiskWritten: p.DiskWritten, DiskRead: p.DiskRead,
		DeviceWritten: p.Device.Written, DeviceRead: p.Device.Read, DiskErrors: w.DiskErrors,
	}
	if n == phaseDraining {
		f.Spill.Drained = w.Drained.Seconds()
	}
	var latency hist.Histogram
	for i, r := range out.readers {
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
	c.Window = out.window
	c.Method = "held back by the slowest subscriber; while one spills or drains, by the slowest of the others"
	if c.Rate > 0 {
		c.Method = fmt.Sprintf("due at even times, %s a second", countText(c.Rate))
	}
}

// spillColumns are the table's.
func spillColumns() []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p99 := func(v *Versus) *Interval { return v.P99 }
	times := quantileColumns("", timeOf)
	of := func(head string, get func(*Spill) string) column {
		return column{head, func(c *Cell) string {
			if c.Spill == nil {
				return "-"
			}
			return get(c.Spill)
		}}
	}
	before := phaseNames[phaseBefore]
	return []column{
		colWay, colSize, colSubs, colDue,
		of("lasted", func(s *Spill) string { return secondsText(s.Seconds) }),
		colRate, ratioTo("of before", before, rate), times[0], times[2], ratioTo("p99 of before", before, p99), colMiss, colPubCPU,
		of("producer held", func(s *Spill) string { return secondsText(s.Held) }),
		of("frames to disk", func(s *Spill) string { return zeroDash(s.DiskWritten) }),
		of("from disk", func(s *Spill) string { return zeroDash(s.DiskRead) }),
		of("device: bytes written", func(s *Spill) string { return zeroDash(s.DeviceWritten) }),
		of("read", func(s *Spill) string { return zeroDash(s.DeviceRead) }),
	}
}

func secondsText(s float64) string {
	switch {
	case s == 0:
		return "-"
	case s < 0.9995:
		return text(time.Duration(s * float64(time.Second)))
	}
	return strconv.FormatFloat(s, 'f', 1, 64) + " s"
}

// spaceText prints how much memory or disk something takes.
func spaceText(n int64) string {
	if n >= 1<<30 {
		return strconv.FormatFloat(float64(n)/(1<<30), 'f', 1, 64) + " GiB"
	}
	if n >= 1<<20 {
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 0, 64) + " MiB"
	}
	return bytesText(int(n))
}

// spillNotes say what the table can't.
func spillNotes(cells []*Cell, o *Overloaded, say func(string, ...any)) {
	say("one subscriber more, which is not in the figures, sleeps %v a message until it is %s of messages behind the resend buffer of %s, and then goes on at full speed; the publisher keeps its pace, on disk too, and sends whoever is behind up to %s a second (--repair-floor), or as much as is live if that is more",
		o.Work, spaceText(o.Backlog), bytesText(o.Resend), spaceText(int64(o.Floor)))
	for _, c := range cells {
		if c.Way != phaseNames[phaseAfter] {
			continue
		}
		verdict := "all of them in order, and every byte as it was published"
		if c.SlowMissing+c.Damaged+c.Disorder+c.Lost > 0 {
			verdict = fmt.Sprintf("%s missing, %s damaged, %s out of order", countText(float64(c.SlowMissing)), countText(float64(c.Damaged)), countText(float64(c.Disorder)))
		}
		say("%s: it took %s messages in a run, %s", c.speed(), countText(float64(c.SlowMessages)), verdict)
	}
	for _, c := range cells {
		if s := c.Spill; s != nil && s.Drained > 0 {
			say("%s: after %s of draining, the slow one still behind, nothing was published for the %s that it took to catch up", c.speed(), secondsText(s.Seconds), secondsText(s.Drained))
		}
		if s := c.Spill; s != nil && s.DiskErrors > 0 {
			say("%s: the disk failed %d times", c.name(), s.DiskErrors)
		}
	}
	say("device: what the publisher gave the kernel to write there, of which some may have been deleted before it got there, and what was read from it; the other reads came out of the page cache")
	sayIntervals(cells, say)
}

// speed says at what rate a cell's messages went.
func (c *Cell) speed() string {
	if c.Rate > 0 {
		return "at " + countText(c.Rate) + "/s"
	}
	return "flat out"
}
