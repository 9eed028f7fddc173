package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// bench is one run of the command.
type bench struct {
	o          *Options
	self       string   // this program's file
	shared     *os.File // the counters, see progress
	sharedPath string   // by which the processes open it
	show       func(string)
	doing      string    // what show was told
	topology   *topology // of --net netns, once it is needed
	rounds     int
	cells      []*Cell
	env        *Environment
}

// Run measures what the options ask for, and prints it to out: as a table, or as
// lines of JSON. show is told what goes on, for a line on a terminal; "" ends it.
func Run(ctx context.Context, o Options, out io.Writer, show func(string)) (err error) {
	if err := o.Validate(); err != nil {
		return err
	}
	if o.Remote != "" {
		o.Remote = withPort(o.Remote)
	}
	b := &bench{o: &o, show: show}
	before, err := o.earlier()
	if err != nil {
		return err
	}
	limits, err := o.limitsFile()
	if err != nil {
		return err
	}
	page, err := openPage(o.HTML)
	if err != nil {
		return err
	}
	defer page.close()
	var lines *os.File
	if o.JSON != "" && o.JSON != "-" {
		if lines, err = create("--json", o.JSON); err != nil {
			return err
		}
		defer lines.Close()
	}
	if b.self, err = os.Executable(); err != nil {
		return fmt.Errorf("this program's own file can't be found, to start the processes: %w", err)
	}
	if b.shared, b.sharedPath, err = sharedFile(); err != nil {
		return fmt.Errorf("the file that the processes share can't be made: %w", err)
	}
	defer os.Remove(b.shared.Name()) // where it still has a name
	defer b.shared.Close()
	defer func() { b.topology.close() }()
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
	share(b.cells, limits)
	var verdicts []verdict
	if before != nil {
		verdicts = compare(before, b.cells)
	}
	all := b.cells
	if o.WithLimits {
		all = append(limits, b.cells...)
	}
	if err := page.write(b, all, verdicts); err != nil {
		return err
	}
	if o.JSON == "-" {
		return writeJSON(out, all)
	}
	if lines != nil {
		if err := errors.Join(writeJSON(lines, all), lines.Close()); err != nil {
			return fmt.Errorf("--json: %w", err)
		}
	}
	_, err = io.WriteString(out, b.report(all, verdicts))
	return err
}

// measure runs the benchmark itself.
func (b *bench) measure(ctx context.Context) error {
	switch b.o.Kind {
	case Throughput:
		return b.throughput(ctx)
	case Latency:
		return b.latency(ctx)
	case Recovery:
		return b.recovery(ctx)
	case Fanout:
		return b.fanout(ctx)
	case Overload:
		return b.overload(ctx)
	case Spilling:
		return b.spill(ctx)
	case Limits:
		cells, err := b.measureLimits(ctx)
		b.cells = cells
		return err
	}
	return usagef("there is no benchmark %q", b.o.Kind)
}

// cell begins a cell with what the options say of it.
func (b *bench) cell(system, way string, size, subscribers, publishers int) *Cell {
	c := &Cell{
		Benchmark: b.o.Kind, System: system, Way: way, Net: b.o.Net, RealFrames: b.o.RealFrames, GRO: b.o.GRO,
		Size: size, Subscribers: subscribers, Publishers: publishers, Drop: b.o.Drop, Offload: b.o.Offload,
		Environment: b.env,
	}
	if b.o.Kind == Overload || b.o.Kind == Spilling {
		c.Overloaded = &Overloaded{Work: b.o.Work, Buffer: b.o.Buffer, Resend: b.o.Resend, Backlog: b.o.Backlog, Floor: b.o.Floor}
	}
	if b.o.Interface != "" {
		c.Net = b.o.Interface
	}
	return c
}

// tell shows what is being measured.
func (b *bench) tell(c *Cell, run int) {
	words := []string{c.Benchmark, c.System}
	if c.Way != "" {
		words = append(words, c.Way)
	}
	words = append(words, fmt.Sprintf("%s to %d", bytesText(c.Size), c.Subscribers))
	if c.Rate > 0 {
		words = append(words, fmt.Sprintf("at %s/s", countText(c.Rate)))
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

// tellSending shows that messages flow.
func (b *bench) tellSending() { b.show(fmt.Sprintf("%s, for %v", b.doing, b.o.Duration)) }

// writeJSON writes one object a line.
func writeJSON(out io.Writer, cells []*Cell) error {
	enc := json.NewEncoder(out)
	for _, c := range cells {
		if err := enc.Encode(c); err != nil {
			return err
		}
	}
	return nil
}
