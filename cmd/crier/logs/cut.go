package logs

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logdir"
	"crier/reliable"
	"crier/reliable/journal"
)

// Removal is the JSON of crier log cut.
type Removal struct {
	Dir      string `json:"dir"`               // the log's directory
	Segments int    `json:"segments"`          // that were removed
	Bytes    int64  `json:"disk_bytes"`        // of these
	DryRun   bool   `json:"dry_run,omitempty"` // they would have been
	// Sessions are what is left of the sessions that were meant.
	Sessions []Tape `json:"sessions"`
}

// cutting holds the flags of crier log cut.
type cutting struct {
	reading
	before string
	all    bool
	dryRun bool
}

func cutCommand() *cli.Command {
	c := &cutting{}
	return &cli.Command{
		Name: "log cut",
		Args: " [SESSION]", ArgValues: logdir.Sessions(&c.dir),
		Brief: "remove what is old from a log, or a session",
		Help: `Removes what lies before an offset or a time, of one session or of all, or a session
as a whole. A log is removed by whole segments: one that also has messages to be kept
stays, so that a little of what is before may be left; the answer tells what.

No recorder may have the log open meanwhile: its own --keep removes what is old.

Examples:

  # all that is older than a day, but try what that would be
  crier log cut --dir /var/lib/crier --before time:-24h --dry-run

  # a session up to an offset
  crier log cut --dir /var/lib/crier 8f2a --before offset:1000000

  # a session
  crier log cut --dir /var/lib/crier 8f2a --all

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			c.declare(flags)
			flags.StringVar(&c.before, "before", "", "remove what is before this `PLACE`: "+
				"offset:N, or time:T with T such as 2026-11-30T08:00:00Z or -24h")
			cli.Offer(flags, "before", cli.Words("offset:", "time:"))
			flags.BoolVar(&c.all, "all", false, "remove all of the session")
			flags.BoolVar(&c.dryRun, "dry-run", false, "only tell what would be removed")
			return func(_ context.Context, std cli.Streams) (int, error) {
				id, err := session(flags)
				if err != nil {
					return 0, err
				}
				return c.run(std, id)
			}
		},
	}
}

// bounds returns what --before says: an offset, and a time.
func (c *cutting) bounds(id string) (until reliable.Until, err error) {
	switch {
	case c.all == (c.before != ""):
		return until, cli.Usagef("it takes --before, such as --before time:-24h, or --all with a " +
			"session, to remove that")
	case c.all && id == "":
		return until, cli.Usagef("--all needs a session: crier log ls lists them; to remove the " +
			"whole log, remove its directory")
	case c.all:
		return until, nil
	}
	if until, err = reliable.ParseUntil(c.before, time.Now()); err != nil {
		return until, cli.Usagef("--before %w", err)
	}
	if _, ok := until.Offset(); ok && id == "" {
		return until, cli.Usagef("--before offset:N needs a session, since each has offsets of " +
			"its own: name one, or use --before time:T")
	}
	return until, nil
}

func (c *cutting) run(std cli.Streams, id string) (int, error) {
	until, err := c.bounds(id)
	if err != nil {
		return 0, err
	}
	open := logdir.OpenAlone
	if c.dryRun {
		open = logdir.Open
	}
	log, err := open(c.dir)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	states, err := log.Session(id)
	if err != nil {
		return 0, err
	}
	done := &Removal{Dir: c.dir, DryRun: c.dryRun, Sessions: []Tape{}}
	for i := range states {
		if err := c.cut(log, &states[i], until, done); err != nil {
			return 0, err
		}
	}
	return cli.ExitOK, c.print(std, done)
}

// cut removes what is meant of a tape.
func (c *cutting) cut(log *logdir.Log, s *journal.State, until reliable.Until,
	done *Removal) error {
	below, before := uint64(math.MaxUint64), int64(math.MaxInt64)
	if wall, ok := until.Wall(); ok {
		before = wall
	}
	if offset, ok := until.Offset(); ok {
		res := log.Do(&journal.Job{Key: s.Key, Find: journal.Query{What: journal.FindOffset,
			Value: offset}}, 0)
		if res.Err != nil {
			return fmt.Errorf("%s can't be read (%w)", log.Path, cli.BareError(res.Err))
		}
		below = res.At.Seq
	}
	left := *s
	list := log.Segments(s.Key)
	for len(list) > 0 && list[0].Next.Seq <= below && list[0].Last < before {
		done.Segments++
		done.Bytes += list[0].Bytes
		left.Bytes -= list[0].Bytes
		left.Segments--
		left.Oldest, list = list[0].Next, list[1:]
		if len(list) > 0 {
			left.Oldest, left.First = list[0].Oldest, list[0].First
		}
	}
	done.Sessions = append(done.Sessions, tapeOf(&left))
	if c.dryRun || left.Segments == s.Segments {
		return nil
	}
	if _, _, err := log.Cut(s.Key, below, before); err != nil {
		return fmt.Errorf("%s can't be removed from %s (%w)", logdir.Name(s), log.Path,
			cli.BareError(err))
	}
	return nil
}

// text returns the answer for people.
func (r *Removal) text(s cli.Sheet) string {
	var b strings.Builder
	what := "removed"
	if r.DryRun {
		what = "would be removed"
	}
	if r.Segments == 0 {
		b.WriteString(s.Wrap(fmt.Sprintf("%s: nothing %s: no segment lies before that as a whole\n",
			r.Dir, strings.Replace(what, "removed", "was removed", 1)), 2))
	} else {
		b.WriteString(s.Wrap(fmt.Sprintf("%s: %s %s, %s\n", r.Dir, what,
			cli.Counted(uint64(r.Segments), "segment", "segments"), cli.Bytes(r.Bytes)), 2))
	}
	for i := range r.Sessions {
		t := &r.Sessions[i]
		name := "session " + t.Session
		if t.Name != "" {
			name += fmt.Sprintf(" (%s)", cli.Printable(t.Name))
		}
		if t.Segments == 0 {
			fmt.Fprintf(&b, "  %s: nothing is left\n", name)
			continue
		}
		b.WriteString(s.Wrap(fmt.Sprintf("  %s: %s, from %s UTC, %s\n", name,
			cli.Offsets(t.FirstOffset, t.NextOffset), when(t.From), cli.Bytes(t.Bytes)), 2))
	}
	return b.String()
}
