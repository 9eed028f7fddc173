package report

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
	"crier/reliable"
)

// What --json wrote is read back as it was.
func TestCellsTravel(t *testing.T) {
	c := runsOf(5, 6, 7)
	c.Latency = &hist.Quantiles{P50: 1, P90: 2, P99: 3, P999: 4, Max: 5}
	c.Overloaded = &Overloaded{Work: 1, Buffer: 2, ResendBuffer: 3, Backlog: 4,
		RepairFloor: 5 * reliable.Mbit}
	var b bytes.Buffer
	if err := WriteJSON(&b, []*Cell{c, c}); err != nil {
		t.Fatal(err)
	}
	if want := `"repair_floor_bits_per_second":5000000`; !strings.Contains(b.String(), want) {
		t.Errorf("%s has no %s", b.String(), want)
	}
	if n := strings.Count(b.String(), "\n"); n != 2 {
		t.Errorf("%d lines for 2 cells", n)
	}
	path := filepath.Join(t.TempDir(), "cells.json")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cells, err := ReadCells("--compare", path)
	if err != nil || len(cells) != 2 || !reflect.DeepEqual(cells[1], c) {
		t.Errorf("%v, %+v", err, cells)
	}
}

// The table says what went wrong, and leaves out what says nothing.
func TestReport(t *testing.T) {
	c := runsOf(5e6, 6e6, 7e6)
	c.Missing, c.Lost, c.KernelDrops = 4, 3, 9
	c.ClockShift = int64(2 * time.Second)
	env := &Environment{CPUs: 2, Load: 7, ReadBuffer: 8 << 20}
	got := (&Report{Environment: env, Cells: []*Cell{c}}).Text(cli.PlainSheet)
	for _, want := range []string{
		"6 M [5 M-7 M]",
		"crier 64 B to 1: 4 of its messages did not arrive, 3 named in loss reports",
		"the kernel dropped 9 packets", "the wall clock was moved by 2 s",
		"the machine was busy before this began", "8 MiB to receive",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it doesn't say %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "of the limit") || strings.Contains(got, "repairs") {
		t.Errorf("it has columns with nothing in them:\n%s", got)
	}
}

// A recovery's parts count from when the message should have come, and from when the
// gap was found; as multiples of the round trip they tell p98 and p99.9.
func TestRecoveryInRoundTrips(t *testing.T) {
	all := &Cell{Each: []Figures{{
		Intact:   &hist.Quantiles{P50: 20},
		Repaired: &hist.Quantiles{P50: 120, P90: 220, P99: 320, P999: 420, Max: 520},
		Recovery: &hist.Quantiles{P50: 70},
	}}}
	for i := range 1000 {
		all.repaired.Record(time.Duration(20 + 1000*(i+1)))
		all.recovery.Record(time.Duration(500 * (i + 1)))
	}
	trip := &Cell{Figures: Figures{Trip: &hist.Quantiles{P50: 1000}}}
	loss := all.part(wayLoss, func(f *Figures) *hist.Quantiles { return f.Repaired },
		&all.repaired, trip)
	if got := loss.Latency; *got != (hist.Quantiles{P50: 100, P90: 200, P99: 300,
		P999: 400, Max: 500}) {
		t.Errorf("%+v", got)
	}
	gap := all.part(wayGap, func(f *Figures) *hist.Quantiles { return f.Recovery },
		&all.recovery, trip)
	if gap.Latency.P50 != 70 {
		t.Errorf("from the gap on, the median is %d, and 70 was measured", gap.Latency.P50)
	}
	for _, c := range []struct{ got, want float64 }{
		{loss.InTrips.P98, 980}, {loss.InTrips.P999, 999}, {gap.InTrips.P98, 490},
		{gap.InTrips.P999, 499.5},
	} {
		if c.got < 0.99*c.want || c.got > 1.01*c.want {
			t.Errorf("%g round trips, not %g", c.got, c.want)
		}
	}
	if p := all.part(wayGap, func(*Figures) *hist.Quantiles { return nil }, &hist.Histogram{},
		trip); p.InTrips != nil || p.Latency != nil {
		t.Error("of nothing")
	}
}

// A page needs nothing but itself.
func TestPage(t *testing.T) {
	r := &Report{Kind: Throughput, Environment: &Environment{Crier: "<crier>"}}
	var cells []*Cell
	for _, benchmark := range []string{Limits, Throughput, Latency, Fanout} {
		c := runsOf(5, 6, 7)
		c.Benchmark = benchmark
		c.Latency = &hist.Quantiles{P50: 1}
		if benchmark == Latency {
			c.Way = WayOne
			for i := range 1000 {
				c.latency.Record(time.Duration(i) * time.Microsecond)
			}
		}
		cells = append(cells, c)
	}
	r.Cells = cells
	r.Compare("before.json", cells, cells)
	var b strings.Builder
	if err := r.WritePage(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if n := strings.Count(text, "<svg"); n != 1+2+1+3 {
		t.Errorf("%d pictures", n)
	}
	for _, bad := range []string{"<script", "https://", "<crier>", "<?xml", "#0102"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, link := range []string{"src=", "url(", "@import", "<link"} {
		if strings.Contains(text, link) {
			t.Errorf("the page fetches something: %q", link)
		}
	}
	if !strings.Contains(text, "var(--s1)") ||
		!strings.Contains(text, "prefers-color-scheme: dark") ||
		!strings.Contains(text, "too few runs") {
		t.Error("the page lacks its style or its verdicts")
	}
}

// The notes say which cells had a processor for each spinning process, and which
// hadn't.
func TestSpinningNotes(t *testing.T) {
	var cells []*Cell
	for _, subscribers := range []int{1, 3, 8} {
		c := runsOf(5)
		c.Benchmark, c.Wait, c.Subscribers, c.Pinned = Latency, job.WaitSpin, subscribers,
			subscribers == 1
		cells = append(cells, c)
	}
	both := runsOf(5)
	both.Benchmark, both.Wait, both.Subscribers = Latency, job.WaitBoth, 1
	got := notes(append(cells, both))
	for _, want := range []string{"spin to 1: each process had",
		"spin-both: crier's publishers poll as well", "spin to 3, 8: there are too few",
		"publishers sleep until a NACK comes"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("it doesn't say %q once:\n%s", want, got)
		}
	}
}

// Times that no one clock gives are told, run by run and in all, and none counts as 0.
func TestNotesOfTwoClocks(t *testing.T) {
	one := &hist.Quantiles{P50: -50e6, P90: -40e6, P99: -30e6, P999: -20e6, Max: -10e6, Negative: 7,
		Min: -60e6, Clamped: 1}
	other := &hist.Quantiles{P50: -30e6, P90: 1, P99: 2, P999: 3, Max: 4, Negative: 2, Min: -31e6}
	m := medianQuantiles([]Figures{{Latency: one}, {Latency: other}, {Latency: one}},
		func(f *Figures) *hist.Quantiles { return f.Latency })
	if want := (hist.Quantiles{P50: -50e6, P90: -40e6, P99: -30e6, P999: -20e6, Max: 4,
		Negative: 16, Min: -60e6, Clamped: 2}); *m != want {
		t.Errorf("%+v, want %+v", m, want)
	}
	c := &Cell{System: SystemCrier, Benchmark: Latency}
	c.Latency, c.Kernel = m, other
	got := notes([]*Cell{c})
	for _, want := range []string{
		"16 times are negative, down to -60 ms: two clocks that differ",
		"2 times are further from 0 than an hour",
		", to the kernel: 2 times are negative, down to -31 ms",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
}

// Whatever is measured, no line of a report is longer than the sheet is wide.
func TestReportsFit(t *testing.T) {
	times := &hist.Quantiles{P50: 123456, P90: 1234567, P99: 12345678, P999: 123456789, Max: 1e10}
	for benchmark, columns := range columnSets {
		var cells []*Cell
		for i, way := range []string{WayAlone, WayBeside, WayCrawler} {
			c := runsOf(5.55e6, 6.66e6, 7.77e6)
			c.Benchmark, c.Way, c.System, c.Wait, c.Rate = benchmark, way, SystemCrier,
				job.WaitBoth, float64(i*50000)
			c.Overload, c.Publishers, c.Subscribers, c.Size = "drop-oldest", 4+i, 16, 1000
			c.Bare = &Ratio{P50: Spread{1.11, 1.01, 2.22}, P99: Spread{1.11, 1.01, 2.22}}
			v := &Interval{1.01, 1.001, 1.05, 0.95, 9}
			c.Ratios = []*Versus{{WayAlone, v, v, v}, {WayBeside, v, v, v}, {"before", v, v, v}}
			c.ShareOfLimit, c.Method = 0.987, "held back by the slowest subscriber"
			c.InTrips = &tripQuantiles{1.11, 2.22, 3.33, 4.44, 55.5, 1234}
			c.Figures.Latency, c.Figures.Trip, c.Figures.Repaired, c.Figures.Intact = times, times,
				times, times
			c.Missing, c.Repairs, c.SlowMessages, c.SlowLost = 12345, 123456, 123456, 123456
			c.Served, c.Each[0].Served = 1.6e7, 1.6e7
			c.IdleSent, c.IdleHeard = 56.7, 0.5
			c.Again, c.Samples, c.BrokerCPU = 1234, 200, 12345
			c.PublisherCPU, c.SubscriberCPU, c.BytesPerSecond, c.SentBytes = 1234, 567, 1e9, 78.9
			c.Overloaded = &Overloaded{Work: time.Millisecond, Buffer: 1 << 20,
				ResendBuffer: 1 << 26}
			c.Figures.Spill = &Spill{time.Second, time.Minute, 1e6, 1e6, 1e9, 1e9, 0, time.Second}
			cells = append(cells, c)
		}
		r := &Report{Environment: &Environment{Network: "loopback interface", MTU: 65536,
			Offload: "UDP_SEGMENT and UDP_GRO; super-frames pass this network whole"}, Cells: cells}
		r.Compare("before.json", cells, cells)
		for _, width := range []int{80, 100, 160} {
			text := r.Text(cli.Sheet{Width: width})
			for line := range strings.Lines(text) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: a line of %d columns, where there are %d:\n%s", benchmark, n,
						width, line)
				}
			}
			for _, col := range columns {
				if !strings.Contains(text, col.Head) {
					t.Errorf("%s, %d columns wide, lacks the column %q", benchmark, width, col.Head)
				}
			}
		}
	}
}
