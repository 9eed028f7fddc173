package coordinator

import (
	"context"
	"fmt"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// steps are the rounds of a run: how many there are, and how many are done.
type steps struct {
	of, done  int
	rehearsed bool // they are only counted
	progress  *cli.Progress
}

// rehearse counts the rounds of a run: it goes through all of it, but plays none.
func (b *coordinator) rehearse(ctx context.Context) (*steps, error) {
	r := &coordinator{o: b.o, steps: &steps{rehearsed: true}, env: newEnvironment(b.o)}
	if _, err := r.everything(ctx, nil); err != nil {
		return nil, err
	}
	return &steps{of: r.steps.of}, nil
}

// nothing is the outcome of a round that wasn't played.
func nothing() *job.Outcome {
	return &job.Outcome{Writers: []*job.Result{
		{Latency: new(hist.Histogram), Phases: make([]job.Phase, job.Phases)},
	}}
}

// begin starts to show progress.
func (s *steps) begin(show func(string)) { s.progress = cli.StartProgress(show) }

// end stops it.
func (s *steps) end() { s.progress.Stop() }

// show tells the current measurement.
func (s *steps) show(doing string) {
	if s.progress != nil {
		s.progress.Set(float64(s.done)/float64(max(s.of, 1)),
			fmt.Sprintf("run %d of %d: %s", s.done+1, s.of, doing))
	}
}
