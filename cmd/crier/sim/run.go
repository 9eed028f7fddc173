package sim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/reliable"
	"crier/testnet/scenario"
	"crier/testnet/world"
)

// adjust may change each subscriber before it is made: tests break one with it.
var adjust func(*world.SubscriberConfig)

// runOptions holds the flags of crier sim run.
type runOptions struct {
	source   source
	name     string
	seed     uint64
	json     string
	trace    string
	html     string
	shrunk   string
	feed     feed.Options
	speed    float64
	quiet    bool
	captures captures
	explain  string
}

func runCommand() *cli.Command {
	return &cli.Command{
		Name: "sim run",
		Args: " NAME|FILE", ArgValues: scenarios().OrFiles("yaml"),
		Brief: "play a scenario, and report on it",
		Help: `Plays a built-in scenario, or a file's, and prints the messages and latency of each
group of subscribers, the cost of repairs, and the events. The same scenario and seed give the same
result, trace and capture, byte for byte.

If the run breaks the promise, the exit code is 1, the seed is printed, and the
smallest scenario that breaks it in the same way is written to a file.

Examples:

  crier sim run loss-1pct

  # another seed, all figures as JSON
  crier sim run bursts --seed 7 --json -

  # the life of one message
  crier sim run bursts --explain 1111@bursty-1

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &runOptions{}
			flags.Uint64Var(&o.seed, "seed", 0,
				"decides everything random (default: the scenario's, or 1)")
			flags.StringVar(&o.json, "json", "",
				"write everything as JSON to `FILE`, - for standard output and nothing else there")
			flags.StringVar(&o.html, "html", "",
				"write a report with pictures to `FILE`: one page that needs nothing else")
			flags.StringVar(&o.trace, "trace", "",
				"write a line for everything that happens to `FILE`, - for standard output")
			flags.StringVar(&o.captures.file, "pcap", "",
				"write the traffic as a capture (pcapng) to `FILE`")
			flags.StringVar(&o.captures.place, "pcap-at", "",
				"whose network card the capture is of: a publisher or subscriber (default: the "+
					"first publisher's)")
			flags.StringVar(&o.explain, "explain", "",
				"tell the life of one message: `OFFSET@SUBSCRIBER`, or OFFSET@SUBSCRIBER@SESSION "+
					"where a publisher had several, from 0")
			flags.StringVar(&o.feed.From, "feed", "",
				"`FILE` that the first publisher publishes at its recorded pace, in place of "+
					"the scenario's messages")
			flags.StringVar(&o.feed.Format, "format", "pcap",
				"how messages lie in it: pcap or timed")
			flags.StringVar(&o.feed.Split, "split", "",
				"take market-data messages out of each of its datagrams: iextp or moldudp64")
			flags.StringArrayVar(&o.feed.Only, "only", nil,
				"only a capture's datagrams to this `ADDRESS:PORT`; may be repeated")
			flags.DurationVar(&o.feed.MaxGap, "max-gap", 0,
				"shorten longer recorded silences to this (default: leave them)")
			flags.Float64Var(&o.speed, "speed", 1,
				"how many times as fast as recorded the feed passes")
			o.source.declare(flags)
			flags.StringVar(&o.shrunk, "shrunk", "",
				"`FILE` for the smallest scenario that still breaks the promise (default: "+
					"NAME-seedN.yaml)")
			flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors")
			o.offer(flags)
			return func(ctx context.Context, std cli.Streams) (int, error) {
				if flags.NArg() != 1 {
					return 0, cli.Usagef("it takes one scenario: a name from \"crier sim list\", " +
						"or a file")
				}
				o.name = flags.Arg(0)
				for _, f := range []string{"format", "split", "only", "max-gap", "speed"} {
					if flags.Changed(f) && o.feed.From == "" {
						return 0, cli.Usagef("--%s is of --feed, and there is none", f)
					}
				}
				return o.run(ctx, std)
			}
		},
	}
}

// offer sets what a shell offers for the flags.
func (o *runOptions) offer(flags *cli.FlagSet) {
	for flag, values := range map[string]cli.Values{
		"json": cli.Files("json"), "html": cli.Files("html"), "trace": cli.Files(),
		"pcap": cli.Files("pcapng"), "feed": cli.Files(), "format": cli.Words("pcap", "timed"),
		"split": cli.Words("iextp", "moldudp64"), "shrunk": cli.Files("yaml"),
	} {
		cli.Offer(flags, flag, values)
	}
}

// load reads the scenario, with the feed of the flags.
func (o *runOptions) load() (*scenario.Scenario, error) {
	s, err := o.source.load(o.name)
	if err != nil || o.feed.From == "" {
		return s, err
	}
	if err := o.feed.Validate(); err != nil {
		return nil, cli.Usage(err)
	}
	if !(o.speed >= 0.001 && o.speed <= 1e6) {
		return nil, cli.Usagef("--speed %v is outside 0.001 to 1000000", o.speed)
	}
	path, err := filepath.Abs(o.feed.From)
	if err != nil {
		return nil, err
	}
	p := &s.Publishers[0]
	p.Feed, p.Format, p.Split, p.Speed = path, o.feed.Format, o.feed.Split,
		scenario.Speed(o.speed*1000+0.5)
	p.Only, p.MaxGap = o.feed.Only, scenario.Duration(o.feed.MaxGap)
	p.Rate, p.Burst, p.Size = scenario.Rate{}, 0, nil
	return s, nil
}

func (o *runOptions) run(ctx context.Context, std cli.Streams) (int, error) {
	s, err := o.load()
	if err != nil {
		return 0, err
	}
	if err := cli.DistinctFiles(map[string]string{"--json": o.json, "--trace": o.trace,
		"--html": o.html, "--pcap": o.captures.file, "--shrunk": o.shrunk}); err != nil {
		return 0, err
	}
	feeds := map[string]*feed.Reader{} // by the publisher's name
	o.source.opened = func(p *scenario.Publisher, f *feed.Reader) { feeds[p.Name] = f }
	if !o.quiet {
		o.source.tell = func(text string) { fmt.Fprintf(std.Err, "crier sim run: %s\n", text) }
	}
	opts := o.source.options(o.seed)
	if o.seed == 0 {
		opts.Seed = max(s.Seed, 1)
	}
	trace, err := openTrace(o.trace, std)
	if err != nil {
		return 0, err
	}
	defer trace.close()
	opts.Trace = trace.line()
	run, err := scenario.New(s, opts)
	if err != nil {
		return 0, err
	}
	meter := newMeter(run)
	why, err := newExplainer(run, o.explain)
	if err != nil {
		return 0, err
	}
	capture, err := o.captures.start(run)
	if err != nil {
		return 0, err
	}
	defer capture.close()
	start := time.Now()
	if err := run.Start(); err != nil {
		return 0, err
	}
	var bar *progress
	if !o.quiet && o.trace != "-" {
		bar = startProgress(std)
	}
	err = run.Play(ctx, func(now reliable.Time) {
		meter.sample(now)
		bar.played(now, run.End().Sub(0))
	})
	bar.stop()
	took := time.Since(start)
	var broken *scenario.BrokenError
	if err != nil && !errors.As(err, &broken) {
		return 0, err
	}
	result := meter.finish()
	for _, p := range result.Publishers {
		if f := feeds[p.Name]; f != nil {
			p.Source = f.Summary()
			o.tellFeed(std, run, p, f)
		}
	}
	if broken != nil {
		result.Promise, result.Violations = "broken", broken.Err.Error()
	}
	unknown := why.unknown()
	if unknown != nil {
		why = nil
	}
	if err := errors.Join(trace.close(), capture.close(),
		o.print(std, run, result, why, took)); err != nil {
		return 0, err
	}
	if broken == nil {
		return cli.ExitOK, unknown
	}
	return cli.ExitError, o.reproduce(ctx, std, s, opts, broken)
}

// tellFeed prints what was odd about a publisher's feed.
func (o *runOptions) tellFeed(std cli.Streams, run *scenario.Run, p *Publisher, f *feed.Reader) {
	if o.quiet {
		return
	}
	for _, w := range f.Warnings() {
		fmt.Fprintf(std.Err, "crier sim run: %s\n", w)
	}
	if due, ok := run.Due(p.Name); ok && due.Sub(run.End()) >= longSilence {
		fmt.Fprintf(std.Err,
			"crier sim run: the next message of %s is due at %s, long after the end: --max-gap "+
				"5s, or max-gap in a scenario, shortens such silences\n", p.Name,
			cli.Duration(due.Sub(0)))
	}
}

// longSilence is the time past a run's end from which on a message's due time is odd.
const longSilence = 10 * time.Second

// print prints the result.
func (o *runOptions) print(std cli.Streams, run *scenario.Run, r *Result, why *explainer,
	took time.Duration) error {
	if o.json != "" {
		f, err := cli.OpenJSON("--json", o.json, std)
		if err != nil {
			return err
		}
		if err := f.Write(r); err != nil {
			return err
		}
	}
	if o.html != "" {
		p, err := runPage(r, o.command(run.Scenario(), r.Seed))
		if err != nil {
			return err
		}
		if err := p.WriteFile(o.html); err != nil {
			return err
		}
	}
	if o.quiet || o.json == "-" || o.trace == "-" {
		return nil
	}
	sheet := cli.SheetOf(std.Out)
	text := resultText(r, sheet)
	if why != nil {
		text = why.text(sheet)
	}
	if _, err := io.WriteString(std.Out, text); err != nil {
		return cli.OutputError(err)
	}
	// The time that it took is not in the result, since it varies.
	rate := float64(r.World.Delivered) / max(took.Seconds(), 1e-9)
	fmt.Fprintf(std.Err, "crier sim run: %s of virtual time in %s: %s deliveries, %s\n",
		cli.Duration(time.Duration(r.End)), cli.Duration(took), cli.Grouped(r.World.Delivered),
		cli.PerSecond(rate))
	return nil
}

// command returns a command that repeats the run.
func (o *runOptions) command(s *scenario.Scenario, seed uint64) string {
	words := fmt.Sprintf("crier sim run %s --seed %d", o.name, seed)
	if o.feed.From != "" {
		words += fmt.Sprintf(" --feed %s --format %s --speed %v", o.feed.From,
			o.feed.Format, o.speed)
		if o.feed.Split != "" {
			words += " --split " + o.feed.Split
		}
		for _, to := range o.feed.Only {
			words += " --only " + to
		}
		if o.feed.MaxGap > 0 {
			words += fmt.Sprintf(" --max-gap %v", o.feed.MaxGap)
		}
	}
	return o.source.again(words, s)
}

// shrinkRuns and shrinkTime bound the search for a smaller scenario.
const (
	shrinkRuns = 400
	shrinkTime = 2 * time.Minute
)

// reproduce writes the smallest scenario that breaks the promise as this one did.
func (o *runOptions) reproduce(ctx context.Context, std cli.Streams, s *scenario.Scenario,
	opts scenario.Options, broken *scenario.BrokenError) error {
	opts.Trace = nil
	o.source.tell, o.source.opened = nil, nil // it is played many times
	ctx, cancel := context.WithTimeout(ctx, shrinkTime)
	defer cancel()
	small := scenario.Shrink(s, shrinkRuns, func(c *scenario.Scenario) bool {
		run, err := scenario.New(c, opts)
		if err == nil {
			if err = run.Start(); err == nil {
				err = run.Play(ctx, nil)
			}
		}
		var b *scenario.BrokenError
		return errors.As(err, &b)
	})
	small.Seed = opts.Seed
	file := o.shrunk
	if file == "" {
		base := strings.TrimSuffix(filepath.Base(o.name), filepath.Ext(o.name))
		file = fmt.Sprintf("%s-seed%d.yaml", base, opts.Seed)
	}
	again := o.source.again("crier sim run "+file, small)
	head := fmt.Sprintf("# It breaks the promise: %s\n", again)
	if err := os.WriteFile(file, []byte(head+small.Text()), 0o666); err != nil {
		return fmt.Errorf("%w; the smallest scenario that breaks it can't be written (%v): give "+
			"another file with --shrunk, or copy it:\n%s", broken, cli.BareError(err), small.Text())
	}
	return fmt.Errorf("%w; the smallest scenario found that breaks it is in %s: %s",
		broken, file, again)
}

// trace is a file of trace lines.
type trace struct {
	name string
	out  *bufio.Writer
	file *os.File
}

// openTrace creates the file. It returns nil without a path.
func openTrace(path string, std cli.Streams) (*trace, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return &trace{name: "standard output", out: bufio.NewWriterSize(std.Out, 1<<16)}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("--trace %s can't be written (%w): name a file that can, or - for "+
			"standard output", path, cli.BareError(err))
	}
	return &trace{name: path, out: bufio.NewWriterSize(file, 1<<16), file: file}, nil
}

// line is what takes a line; nil where there is no trace.
func (t *trace) line() func(string) {
	if t == nil {
		return nil
	}
	return func(line string) {
		t.out.WriteString(line) // an error stays, for close
		t.out.WriteByte('\n')
	}
}

// close writes the rest. It may be called more than once.
func (t *trace) close() error {
	if t == nil || t.out == nil {
		return nil
	}
	err := t.out.Flush()
	t.out = nil
	if t.file != nil {
		err = errors.Join(err, t.file.Close())
	}
	if err != nil {
		return fmt.Errorf("the trace can't be written to %s (%w): make room there, or give "+
			"another file", t.name, cli.BareError(err))
	}
	return nil
}
