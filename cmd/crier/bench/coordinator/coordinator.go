// Package coordinator runs benchmarks: it starts their processes, tells them what to do, and
// makes a report of what they measured. It measures nothing itself.
package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
)

// coordinator is a run of a benchmark.
type coordinator struct {
	o     *Options
	site  *site
	show  func(string)
	doing string // what show was told
	cells []*report.Cell
	env   *report.Environment
}

// Run measures what the options ask for, and prints it to out as a table, or as lines of
// JSON. It calls show with a line of progress for a terminal, and "" at the end.
func Run(ctx context.Context, o Options, out io.Writer, show func(string)) (err error) {
	if err := o.Validate(); err != nil {
		return err
	}
	if o.Remote != "" {
		o.Remote = withPort(o.Remote)
	}
	b := &coordinator{o: &o, show: show}
	before, err := o.earlier()
	if err != nil {
		return err
	}
	limits, err := o.limitsFile()
	if err != nil {
		return err
	}
	var page, lines *os.File // made before anything is measured
	if o.HTML != "" {
		if page, err = create("--html", o.HTML); err != nil {
			return err
		}
		defer page.Close()
	}
	if o.JSON != "" && o.JSON != "-" {
		if lines, err = create("--json", o.JSON); err != nil {
			return err
		}
		defer lines.Close()
	}
	if b.site, err = newSite(&o.Network); err != nil {
		return err
	}
	defer b.site.close()
	defer show("")

	b.env = newEnvironment(&o)
	if o.WithLimits {
		if limits, err = b.measureLimits(ctx); err != nil {
			return err
		}
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	show("")
	report.Share(b.cells, limits)
	all := b.cells
	if o.WithLimits {
		all = append(limits, b.cells...)
	}
	r := &report.Report{Kind: o.Kind, Command: o.command(), Environment: b.env, Cells: all}
	if before != nil {
		r.Compare(o.Compare, before, b.cells)
	}
	if page != nil {
		if err := r.WritePage(page); err != nil {
			return fmt.Errorf("--html: %w", err)
		}
	}
	if o.JSON == "-" {
		return report.WriteJSON(out, all)
	}
	if lines != nil {
		if err := errors.Join(report.WriteJSON(lines, all), lines.Close()); err != nil {
			return fmt.Errorf("--json: %w", err)
		}
	}
	_, err = io.WriteString(out, r.Text(cli.SheetOf(out)))
	return err
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

// tell shows the cell that is being measured.
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
	b.doing = fmt.Sprintf("%s: run %d of %d", strings.Join(words, " "), run+1, b.o.Runs)
	b.show(b.doing)
}

// play runs a round.
func (b *coordinator) play(ctx context.Context, r round) (*job.Outcome, error) {
	out, err := b.site.play(ctx, r, func() {
		b.show(fmt.Sprintf("%s, for %s", b.doing, cli.Duration(b.o.Duration)))
	})
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

// create makes a file that a flag names.
func create(flag, path string) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, cli.Usagef("%s %s can't be written (%v): name a file that can", flag, path,
			cli.BareError(err))
	}
	return f, nil
}
