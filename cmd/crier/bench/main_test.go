package bench

import (
	"log/slog"
	"os"
	"testing"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/worker"
)

// TestMain makes a process of the test binary a worker, when a benchmark starts it as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == job.WorkerCommand {
		if err := worker.Run(os.Stdin, os.Stdout, slog.New(slog.DiscardHandler)); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
