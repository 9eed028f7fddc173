package sim

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crier/cmd/crier/cli"
	"crier/testnet/scenario"
)

const (
	// maxCells bounds the combinations of a sweep, seeds the seeds of each.
	maxCells = 1000
	seeds    = 1000
)

// sweepOptions holds the flags of crier sim sweep.
type sweepOptions struct {
	source  source
	name    string
	vary    []string
	seeds   int
	first   uint64
	csv     string
	json    string
	html    string
	workers int
	metric  string
	mapped  bool // the metric was given
}

func sweepCommand() *cli.Command {
	return &cli.Command{
		Name: "sim sweep",
		Args: " NAME|FILE", ArgValues: scenarios().OrFiles("yaml"),
		Brief: "play a scenario many times, with other values and seeds",
		Help: `Plays a scenario once for each combination of values and each seed, on all
processors, and prints a line a combination: recovery, NACKs for a lost frame, what
repairs add to the data, and what was lost. With two --vary it is a map as well.

A value is set by a path of keys, as the file has them; behind a list stands an
entry's name or number, or nothing, for all of its entries.

Examples:

  crier sim sweep bursts --vary subscribers.bursty.down.burst=1%/5,1%/20,5%/20 --seeds 2

  # the storm map: how many subscribers, at which loss
  crier sim sweep clean --vary subscribers.count=1,20 --vary subscribers.down.loss=0.1%,2% --csv -

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &sweepOptions{}
			flags.StringArrayVar(&o.vary, "vary", nil,
				"`KEY=V1,V2,...`: set a value of the scenario to each of these; may be given again")
			flags.IntVar(&o.seeds, "seeds", 1, "how many seeds for each combination")
			flags.Uint64Var(&o.first, "seed", 1, "the first seed")
			flags.StringVar(&o.metric, "map", "nacks-p95", "metric of the map of two --vary: "+
				strings.Join(metricNames(), ", "))
			cli.Offer(flags, "map", cli.Words(metricNames()...))
			flags.StringVar(&o.csv, "csv", "",
				"write a line a run to `FILE`, - for standard output")
			cli.Offer(flags, "csv", cli.Files("csv"))
			flags.StringVar(&o.json, "json", "",
				"write the combinations as JSON to `FILE`, - for standard output")
			cli.Offer(flags, "json", cli.Files("json"))
			flags.StringVar(&o.html, "html", "", "write a page with maps to `FILE`")
			cli.Offer(flags, "html", cli.Files("html"))
			flags.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0),
				"runs at the same time; each takes its own memory")
			o.source.declare(flags)
			return func(ctx context.Context, std cli.Streams) (int, error) {
				if flags.NArg() != 1 {
					return 0, cli.Usagef("it takes one scenario: a name from \"crier sim list\", " +
						"or a file")
				}
				o.name = flags.Arg(0)
				o.mapped = flags.Changed("map")
				return o.run(ctx, std)
			}
		},
	}
}

// cell is a combination of values, with the figures of its runs.
type cell struct {
	Values []string     `json:"values"`
	Broken []uint64     `json:"broken_seeds"`
	Median []*float64   `json:"median"` // of each metric; null where nothing was measured
	runs   [][]*float64 // by seed, by metric
	text   []byte
}

// done returns how many runs have been played.
func (c *cell) done() (n int) {
	for _, run := range c.runs {
		if run != nil {
			n++
		}
	}
	return n
}

// sweep is a whole sweep.
type sweep struct {
	Scenario string   `json:"scenario"`
	Axes     []axis   `json:"axes"`
	First    uint64   `json:"first_seed"`
	Seeds    int      `json:"seeds"`
	Metrics  []string `json:"metrics"`
	Cells    []*cell  `json:"cells"`
	Done     int      `json:"runs"` // that have been played
	// Interrupted tells how far the sweep was, if not to its end.
	Interrupted string `json:"interrupted,omitempty"`

	virtual time.Duration // of all runs
}

func (o *sweepOptions) run(ctx context.Context, std cli.Streams) (int, error) {
	s, err := o.plan()
	if err != nil {
		return 0, err
	}
	start, bar := time.Now(), startProgress(std)
	bar.swept(0, s.runs(), 0)
	err = o.play(ctx, s, bar)
	bar.stop()
	took := time.Since(start)
	if s.Done == s.runs() {
		err = nil // an interrupt came too late to matter
	}
	if err != nil && (s.Done == 0 || ctx.Err() == nil) {
		return 0, err
	}
	interrupted := err != nil
	if interrupted {
		s.Interrupted = fmt.Sprintf("after %d of %d runs", s.Done, s.runs())
		s.Cells = slices.DeleteFunc(s.Cells, func(c *cell) bool { return c.done() == 0 })
	}
	for _, c := range s.Cells {
		c.conclude()
	}
	if err := o.write(std, s); err != nil {
		return 0, err
	}
	fmt.Fprintf(std.Err, "crier sim sweep: %s, %s of virtual time in %s\n",
		cli.Counted(uint64(s.Done), "run", "runs"), cli.Duration(s.virtual), cli.Duration(took))
	for _, c := range s.Cells {
		if len(c.Broken) > 0 {
			return 0, fmt.Errorf("the promise is broken with %s, seed %d: crier sim run shows how",
				strings.Join(c.Values, ", "), c.Broken[0])
		}
	}
	if interrupted {
		return 0, fmt.Errorf("interrupted %s; what they measured is kept", s.Interrupted)
	}
	return cli.ExitOK, nil
}

// runs returns how many runs the sweep has.
func (s *sweep) runs() int { return s.combinations() * s.Seeds }

// combinations returns how many combinations the sweep has.
func (s *sweep) combinations() int {
	n := 1
	for _, a := range s.Axes {
		n *= len(a.Values)
	}
	return n
}

// play plays all runs, several at the same time. Each has a World of its own.
func (o *sweepOptions) play(ctx context.Context, s *sweep, bar *progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	var mu sync.Mutex
	var next atomic.Int64
	runs := int64(len(s.Cells) * s.Seeds)
	for range min(int64(o.workers), runs) {
		wait.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= runs || ctx.Err() != nil {
					return
				}
				c, seed := s.Cells[n/int64(s.Seeds)], int(n%int64(s.Seeds))
				r, err := o.playOne(ctx, s, c, s.First+uint64(seed))
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				c.note(seed, s.First+uint64(seed), r)
				s.Done++
				s.virtual += time.Duration(r.End)
				bar.swept(s.Done, int(runs), s.virtual)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (o *sweepOptions) playOne(ctx context.Context, s *sweep, c *cell,

	seed uint64) (*Result, error) {
	sc, err := scenario.Parse(s.Scenario, c.text)
	if err != nil {
		return nil, err
	}
	return play(ctx, sc, o.source.options(seed))
}

// play plays a scenario and returns its result, whether it kept the promise or not.
func play(ctx context.Context, s *scenario.Scenario, opts scenario.Options) (*Result, error) {
	run, err := scenario.New(s, opts)
	if err != nil {
		return nil, err
	}
	m := newMeter(run)
	if err := run.Start(); err != nil {
		return nil, err
	}
	err = run.Play(ctx, m.sample)
	var broken *scenario.BrokenError
	if err != nil && !errors.As(err, &broken) {
		return nil, err
	}
	r := m.finish()
	if broken != nil {
		r.Promise, r.Violations = "broken", broken.Err.Error()
	}
	return r, nil
}

// note takes a run's figures.
func (c *cell) note(place int, seed uint64, r *Result) {
	if r.Promise != "kept" {
		c.Broken = append(c.Broken, seed)
		slices.Sort(c.Broken)
	}
	for _, m := range metrics {
		var p *float64
		if v, ok := m.of(r); ok {
			p = &v
		}
		c.runs[place] = append(c.runs[place], p)
	}
}

// conclude finds the medians over the seeds.
func (c *cell) conclude() {
	for i := range metrics {
		var list []float64
		for _, run := range c.runs {
			if run != nil && run[i] != nil {
				list = append(list, *run[i])
			}
		}
		if len(list) == 0 {
			c.Median = append(c.Median, nil)
			continue
		}
		slices.Sort(list)
		c.Median = append(c.Median, &list[len(list)/2])
	}
}
