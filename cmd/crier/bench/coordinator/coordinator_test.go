package coordinator

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/bench/worker"
)

// TestMain makes a process of the test binary a worker, when a benchmark starts
// it as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == job.WorkerCommand {
		if err := worker.Run(os.Stdin, os.Stdout, slog.New(slog.DiscardHandler)); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// loopback skips where the loopback interface is not there.
func loopback(t *testing.T) {
	t.Helper()
	if ifi, err := net.InterfaceByName("lo"); err != nil || ifi.Flags&net.FlagUp == 0 {
		t.Skip("there is no loopback interface lo that is up")
	}
}

// usual are the options of a short run.
func usual(kind string) Options {
	return Options{
		Kind: kind, Sizes: []int{64}, Subscribers: []int{2}, Publishers: []int{1},
		Rates: []float64{0}, Waits: []string{job.WaitBlock},
		Duration: 20 * time.Millisecond, Runs: 1, Offload: true, InFlight: 1 << 20,
		Network: Network{Net: NetLoopback, MTU: defaultMTU},
	}
}

// An interrupt while messages flow ends the processes at once. That they have
// ended is what Run waits for.
func TestInterrupt(t *testing.T) {
	loopback(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := usual(report.Throughput)
	o.Duration = time.Hour
	sent := false
	err := Run(ctx, o, io.Discard, func(line string) {
		if strings.Contains(line, "run 1 of 1: throughput crier 64 B to 2, sending") {
			sent = true
			cancel()
		}
	})
	if !sent || err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("sent: %v; %v", sent, err)
	}
}

// What was measured before an interrupt is printed and written, as a part of what was asked
// for: of the cell under way, the runs that it has.
func TestInterruptKeepsWhatWasMeasured(t *testing.T) {
	loopback(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := usual(report.Throughput)
	o.Runs, o.Sizes, o.WithLimits = 3, []int{64, 128}, true
	dir := t.TempDir()
	o.JSON, o.HTML = filepath.Join(dir, "cells.json"), filepath.Join(dir, "page.html")
	var out strings.Builder
	err := Run(ctx, o, &out, func(line string) {
		if strings.HasPrefix(line, "run 15 of 15: throughput crier 128 B to 2") {
			cancel()
		}
	})
	var partial *InterruptedError
	if !errors.As(err, &partial) || partial.Done != 14 || partial.Of != 15 {
		t.Fatalf("%v\n%s", err, &out)
	}
	const after = "after 14 of 15 runs"
	if !strings.HasPrefix(out.String(), "PARTIAL: interrupted "+after) {
		t.Errorf("it printed\n%s", &out)
	}
	cells, err := report.ReadCells("--json", o.JSON)
	if err != nil || len(cells) != 5 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	for i, want := range []int{3, 3, 3, 3, 2} {
		if c := cells[i]; len(c.Each) != want || c.Interrupted != after {
			t.Errorf("cell %d has %d runs, interrupted %q", i, len(c.Each), c.Interrupted)
		}
	}
	if page, err := os.ReadFile(o.HTML); err != nil ||
		!strings.Contains(string(page), `<p class="warning">PARTIAL: interrupted `+after) {
		t.Errorf("the page doesn't say so: %v", err)
	}
}

// A rehearsal counts the runs of each benchmark.
func TestRehearsal(t *testing.T) {
	for kind, want := range map[string]int{
		report.Throughput: 2, report.Latency: 8, report.Recovery: 4, report.Fanout: 4,
		report.Overload: 6, report.Spilling: 2, report.Limits: 10,
		report.Partitions: 6, report.Keys: 4, report.Feeds: 4,
	} {
		o := usual(kind)
		o.Runs, o.Rates, o.DiskDir = 2, []float64{0}, t.TempDir()
		o.Overloads, o.Partitions, o.Idle = []string{"drop-oldest"}, 16, time.Second
		b := &coordinator{o: &o}
		s, err := b.rehearse(t.Context())
		if err != nil || s.of != want {
			t.Errorf("%s: %+v, want %d; %v", kind, s, want, err)
		}
	}
}

// Partitions, keys and feeds are measured whole: nothing is missing, out of order, or counted
// twice.
func TestShapes(t *testing.T) {
	loopback(t)
	for _, kind := range []string{report.Partitions, report.Keys, report.Feeds} {
		o := usual(kind)
		o.Subscribers, o.Partitions = []int{1}, 4
		o.JSON = filepath.Join(t.TempDir(), "cells.json")
		if err := Run(t.Context(), o, io.Discard, func(string) {}); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		cells, err := report.ReadCells("--json", o.JSON)
		if err != nil || len(cells) != 2 {
			t.Fatalf("%s: %d cells, %v", kind, len(cells), err)
		}
		for _, c := range cells {
			if c.Messages == 0 || c.MessagesPerSecond == 0 || c.Missing > 0 || c.Disorder > 0 {
				t.Errorf("%s, %s: %d messages, %d missing, %d out of order", kind, c.Way, c.Messages,
					c.Missing, c.Disorder)
			}
		}
	}
}

// What goes wrong in a worker is told, with the worker's own words.
func TestWorkerFails(t *testing.T) {
	loopback(t)
	o := usual(report.Throughput)
	b := &coordinator{o: &o, steps: &steps{}, env: newEnvironment(&o)}
	var err error
	if b.site, err = newSite(&o.Network); err != nil {
		t.Fatal(err)
	}
	defer b.site.close()
	_, err = b.play(context.Background(),
		round{task: job.Task{Wait: "patiently"}, writer: job.RolePublisher,
			reader: job.RoleSubscriber, writers: 1, readers: 1})
	if err == nil || !strings.Contains(err.Error(), "the subscriber: ") ||
		!strings.Contains(err.Error(), "is not a way to wait") {
		t.Error(err)
	}
	_, err = b.play(context.Background(),
		round{writer: "conductor", reader: "listener", writers: 1, readers: 1})
	if err == nil || !strings.Contains(err.Error(), `there is no role "listener"`) {
		t.Error(err)
	}
}

// A process that hangs ends its round, with what it was to say and where that was.
func TestRoundGivenUp(t *testing.T) {
	p := &process{role: job.RoleSubscriber, heard: make(chan *job.Message)}
	ctx, cancel := context.WithTimeoutCause(context.Background(), 0, lateError{time.Minute})
	defer cancel()
	_, err := p.expect(ctx, job.StepResult)
	want := `the subscriber: it didn't say "result": given up after 60 s, more than this can take`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
