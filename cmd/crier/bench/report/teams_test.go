package report

import (
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
)

// shared returns the outcome of two workers that share four messages, changed.
func shared(change func(a, b *job.Result)) *job.Outcome {
	second := int64(time.Second)
	a := &job.Result{Messages: 3, Numbers: 0 + 1 + 3, First: second, Last: 3 * second}
	b := &job.Result{Messages: 1, Numbers: 2, First: 2 * second, Last: 4 * second}
	change(a, b)
	return &job.Outcome{Shared: true, Sent: 4, Readers: []*job.Result{a, b},
		Writers: []*job.Result{{CPU: 4}}, Brokers: []*job.Result{{CPU: 8}}}
}

// Workers that share messages count together, and each message once.
func TestTeamFigures(t *testing.T) {
	for _, c := range []struct {
		name                     string
		change                   func(a, b *job.Result)
		missing, again, disorder uint64
	}{
		{"all", func(a, b *job.Result) {}, 0, 0, 0},
		{"one is missing", func(a, b *job.Result) { b.Messages, b.Numbers = 0, 0 }, 1, 0, 0},
		{"one came again, and says so",
			func(a, b *job.Result) { b.Messages, b.Again = 2, 1 }, 0, 1, 0},
		{"one came again, and doesn't say so", func(a, b *job.Result) { b.Messages = 2 }, 0, 0, 1},
		{"one came twice, and another one not",
			func(a, b *job.Result) { b.Numbers = 3 }, 0, 0, 1},
	} {
		f := FiguresOf(shared(c.change), 10)
		if f.Missing != c.missing || f.Again != c.again || f.Disorder != c.disorder {
			t.Errorf("%s: %d missing, %d again, %d out of order", c.name, f.Missing, f.Again,
				f.Disorder)
		}
	}
	f := FiguresOf(shared(func(a, b *job.Result) {}), 10)
	if f.MessagesPerSecond != 1 || f.BytesPerSecond != 10 || f.BrokerCPU != 2 || f.CPU != 3 {
		t.Errorf("%+v", f)
	}
}

// What a table says of partitions that move are their times, not those of messages.
func TestTeamTable(t *testing.T) {
	var times hist.Histogram
	times.Record(3 * time.Millisecond)
	c := &Cell{Benchmark: Teams, System: SystemCrier, Way: WayJoins, Rate: 1000,
		Environment: &Environment{}}
	c.AddMoves(shared(func(a, b *job.Result) {}), &times)
	if c.Samples != 1 || c.Latency == nil || c.Latency.Max != int64(3*time.Millisecond) {
		t.Errorf("%+v", c.Figures)
	}
	if notes := notes([]*Cell{c}); !strings.Contains(notes, "a worker joins: from when") {
		t.Error(notes)
	}
}
