// Package coordinator runs benchmarks: it starts their processes, gives them tasks, and
// makes a report of their results. It measures nothing itself.
package coordinator

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
)

// coordinator is a run of a benchmark.
type coordinator struct {
	o     *Options
	site  *site
	steps *steps
	doing string // the purpose of the next rounds
	cells []*report.Cell
	begun []*report.Cell // with at least one run, in the order of their first
	env   *report.Environment
}

// InterruptedError tells that a benchmark was interrupted, and how far it was. What was
// measured until then has been printed.
type InterruptedError struct{ Done, Of int }

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("interrupted after %d of %d runs; what they measured is kept", e.Done, e.Of)
}

// Run runs the benchmark of the options, and prints its results to out as a table, or as lines of
// JSON. It calls show with a line of progress for a terminal, and "" at the end. Where ctx ends
// before all is measured, it prints what is, and returns an InterruptedError.
func Run(ctx context.Context, o Options, out io.Writer, show func(string)) (err error) {
	if err := o.Validate(); err != nil {
		return err
	}
	if o.Remote != "" {
		o.Remote = withPort(o.Remote)
	}
	b := &coordinator{o: &o}
	before, err := o.earlier()
	if err != nil {
		return err
	}
	limits, err := o.limitsFile()
	if err != nil {
		return err
	}
	files, err := o.create() // before anything is measured
	if err != nil {
		return err
	}
	defer files.close()
	if b.steps, err = b.rehearse(ctx); err != nil {
		return err
	}
	if b.site, err = newSite(&o.Network); err != nil {
		return err
	}
	defer b.site.close()

	b.env = newEnvironment(&o)
	b.steps.begin(show)
	all, err := b.everything(ctx, limits)
	b.steps.end()
	var partial *InterruptedError
	if err != nil {
		if ctx.Err() == nil || len(all) == 0 {
			return err
		}
		partial = &InterruptedError{b.steps.done, b.steps.of}
		for _, c := range all {
			c.Interrupted = partial.after()
		}
	}
	r := &report.Report{Kind: o.Kind, Command: o.command(), Environment: b.env, Cells: all}
	if partial != nil {
		r.Interrupted = partial.after()
	}
	if before != nil {
		r.Compare(o.Compare, before, b.cells)
	}
	if err := files.write(r, out); err != nil {
		return err
	}
	if partial != nil {
		return partial
	}
	return nil
}

// after tells how far an interrupted run was.
func (e *InterruptedError) after() string {
	return fmt.Sprintf("after %d of %d runs", e.Done, e.Of)
}

// everything measures all cells: limits, where they are wanted too, and the benchmark. With an
// error come those that were measured before it.
func (b *coordinator) everything(ctx context.Context, limits []*report.Cell) ([]*report.Cell,
	error) {
	var err error
	var first []*report.Cell
	if b.o.WithLimits {
		if first, err = b.measureLimits(ctx); err != nil {
			return first, err
		}
		limits = first
	}
	err = b.measure(ctx)
	b.cells = b.measured()
	report.Share(b.cells, limits)
	return append(first, b.cells...), err
}

// measured returns the finished cells, and those that have some of their runs.
func (b *coordinator) measured() []*report.Cell {
	list := slices.Clone(b.cells)
	for _, c := range b.begun {
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// note keeps in mind that a cell has a run.
func (b *coordinator) note(c *report.Cell) {
	if !slices.Contains(b.begun, c) {
		b.begun = append(b.begun, c)
	}
}

// measure runs the benchmark itself.
func (b *coordinator) measure(ctx context.Context) error {
	switch b.o.Kind {
	case report.Throughput:
		return b.throughput(ctx)
	case report.Latency:
		return b.latency(ctx)
	case report.Recovery:
		return b.recovery(ctx)
	case report.Fanout:
		return b.fanout(ctx)
	case report.Overload:
		return b.overload(ctx)
	case report.Spilling:
		return b.spill(ctx)
	case report.Recording:
		return b.record(ctx)
	case report.History:
		return b.history(ctx)
	case report.Partitions:
		return b.partitions(ctx)
	case report.Keys:
		return b.keys(ctx)
	case report.Feeds:
		return b.feeds(ctx)
	case report.Teams:
		return b.teams(ctx)
	case report.Limits:
		cells, err := b.measureLimits(ctx)
		b.cells = cells
		return err
	}
	return cli.Usagef("there is no benchmark %q", b.o.Kind)
}

// cell returns a new cell with the values of the options.
func (b *coordinator) cell(system, way string, size, subscribers, publishers int) *report.Cell {
	c := &report.Cell{
		Benchmark: b.o.Kind, System: system, Way: way, Net: b.o.Net, RealFrames: b.o.RealFrames,
		GRO:  b.o.GRO,
		Size: size, Subscribers: subscribers, Publishers: publishers, Drop: b.o.Drop,
		Offload:     b.o.Offload,
		Environment: b.env,
	}
	if b.o.Kind == report.Overload || b.o.Kind == report.Spilling {
		c.Overloaded = &report.Overloaded{Work: b.o.Work, Buffer: b.o.Buffer,
			ResendBuffer: b.o.ResendBuffer,
			Backlog:      b.o.Backlog, RepairFloor: b.o.RepairFloor}
	}
	if b.o.Interface != "" {
		c.Net = b.o.Interface
	}
	return c
}

// tell names the cell that is measured from now on.
func (b *coordinator) tell(c *report.Cell, run int) {
	words := []string{c.Benchmark, c.System}
	if c.Way != "" {
		words = append(words, c.Way)
	}
	words = append(words, fmt.Sprintf("%s to %d", cli.Bytes(c.Size), c.Subscribers))
	if c.Rate > 0 {
		words = append(words, fmt.Sprintf("at %s", cli.PerSecond(c.Rate)))
	}
	if c.Overload != "" {
		words = append(words, "("+c.Overload+")")
	}
	if c.Wait != "" {
		words = append(words, c.Wait)
	}
	b.doing = strings.Join(words, " ")
}

// play runs a round.
func (b *coordinator) play(ctx context.Context, r round) (*job.Outcome, error) {
	if b.steps.rehearsed {
		b.steps.of++
		return nothing(), nil
	}
	b.steps.show(b.doing)
	out, err := b.site.play(ctx, r, func() { b.steps.show(b.doing + ", sending") })
	if err == nil {
		b.steps.done++
	}
	if err != nil && ctx.Err() == nil && b.doing != "" {
		err = fmt.Errorf("%s: %w", b.doing, err)
	}
	return out, err
}

// command returns the words that the run was called by.
func (o *Options) command() string {
	if o.Command != "" {
		return o.Command
	}
	return strings.Join(append([]string{"crier"}, os.Args[1:]...), " ")
}
