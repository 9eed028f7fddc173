package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
)

// A subscriber that crawls is measured beside healthy ones, which miss nothing, and
// each cell is held against those without it.
func TestBenchOverload(t *testing.T) {
	t.Parallel()
	testGroup(t)
	c := start(t, nil,
		append([]string{"bench", "overload", "--json", "--rate", "0", "--runs", "2", "--overload",
			"drop-oldest"}, quick...)...).wait(cli.ExitOK)
	var cells []report.Cell
	for line := range strings.Lines(c.out.String()) {
		var cell report.Cell
		if err := json.Unmarshal([]byte(line), &cell); err != nil {
			t.Fatal(err, line)
		}
		cells = append(cells, cell)
	}
	if len(cells) != 3 {
		t.Fatalf("%d cells", len(cells))
	}
	for i, cell := range cells {
		if cell.Missing != 0 || cell.Messages == 0 || len(cell.Ratios) != i {
			t.Errorf("%s: %d missing of %d, held against %d others", cell.Way, cell.Missing,
				cell.Messages, len(cell.Ratios))
		}
	}
	crawling := cells[2]
	if crawling.SlowMessages == 0 || crawling.SlowMessages >= crawling.Messages ||
		crawling.Overload != "drop-oldest" {
		t.Errorf("it took %d of %d, and was to %s", crawling.SlowMessages, crawling.Messages,
			crawling.Overload)
	}
	if v := crawling.Ratios[0]; v.Of != "alone" || v.Rate == nil || v.Rate.Runs != 2 ||
		!(v.Rate.Low <= v.Rate.Median && v.Rate.Median <= v.Rate.High) {
		t.Errorf("%+v", v)
	}
}

// spillArgs are those of a spill that takes no time, by way of a directory.
func spillArgs(dir string, more ...string) []string {
	return append(append([]string{"bench", "spill", "--disk-dir", dir, "--backlog", "8MiB",
		"--resend-buffer", "4MiB", "--buffer", "1MiB"}, quick...), more...)
}

// wantEmpty fails if something was left in a directory.
func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
}

// A slow subscriber's backlog goes to disk and comes back, all of it in order and
// every byte as it was, with messages due at even times and flat out.
func TestBenchSpill(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some 3 s")
	}
	// Not beside other tests: a phase in which nothing gets its turn has no messages.
	testGroup(t)
	dir := t.TempDir()
	c := start(t, nil, spillArgs(dir, "--json", "--rate", "5000,0")...).wait(cli.ExitOK)
	var cells []report.Cell
	for line := range strings.Lines(c.out.String()) {
		var cell report.Cell
		if err := json.Unmarshal([]byte(line), &cell); err != nil {
			t.Fatal(err, line)
		}
		cells = append(cells, cell)
	}
	if len(cells) != 8 {
		t.Fatalf("%d cells", len(cells))
	}
	read := uint64(0)
	for _, run := range [][]report.Cell{cells[:4], cells[4:]} {
		written := uint64(0)
		for i, cell := range run {
			wrong := cell.Missing + cell.Lost + cell.Damaged + cell.Disorder
			if wrong+cell.SlowMissing+cell.SlowLost+cell.Spill.DiskErrors > 0 {
				t.Errorf("%s: %+v", cell.Way, cell.Figures)
			}
			if cell.Messages == 0 || cell.Latency == nil || cell.Latency.P99 <= 0 ||
				(i == 0) != (len(cell.Ratios) == 0) {
				t.Errorf("%s: %+v", cell.Way, cell.Figures)
			}
			written, read = written+cell.Spill.DiskWritten, read+cell.Spill.DiskRead
		}
		// Frames of 1,472 bytes.
		if spilling := run[1]; spilling.Way != "spilling" ||
			spilling.Messages*uint64(spilling.Size) < 8<<20 || written < 8<<20/1472 {
			t.Errorf("%s: %d messages; %d frames went to disk", spilling.Way, spilling.Messages, written)
		}
	}
	// On a slow machine a run's may come back between the phases that are measured.
	if read == 0 {
		t.Error("no frame came back from disk")
	}
	wantEmpty(t, dir)
}

// An interrupt leaves nothing on the disk.
func TestBenchSpillInterrupted(t *testing.T) {
	t.Parallel()
	testGroup(t)
	dir := t.TempDir()
	c := start(t, nil, spillArgs(dir, "--rate", "5000", "--duration", "1h")...)
	c.stop()
	c.wait(cli.ExitError)
	if !strings.Contains(c.err.String(), "interrupted") {
		t.Error(c.err)
	}
	wantEmpty(t, dir)
}
