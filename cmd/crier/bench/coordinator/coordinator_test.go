package coordinator

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
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
		if strings.HasSuffix(line, "for 1 h") {
			sent = true
			cancel()
		}
	})
	if !sent || err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("sent: %v; %v", sent, err)
	}
}

// What goes wrong in a worker is told, with the worker's own words.
func TestWorkerFails(t *testing.T) {
	loopback(t)
	o := usual(report.Throughput)
	b := &coordinator{o: &o, show: func(string) {}, env: newEnvironment(&o)}
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
