package logs

import (
	"context"
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logdir"
	"crier/multicast/files"
	"crier/reliable/journal"
)

// Verdict is the JSON of crier log verify.
type Verdict struct {
	Dir      string `json:"dir"`        // the log's directory
	Sessions int    `json:"sessions"`   // that were read
	Segments int    `json:"segments"`   // that were read
	Bytes    int64  `json:"disk_bytes"` // that were read
	Damaged  int    `json:"damaged"`    // places that don't verify
	// Acknowledged counts those of them that had been reported to survive a loss of power.
	Acknowledged int      `json:"acknowledged"`
	Faults       []string `json:"faults"` // a sentence each
}

func verifyCommand() *cli.Command {
	r := &reading{}
	return &cli.Command{
		Name: "log verify",
		Args: " [SESSION]", ArgValues: logdir.Sessions(&r.dir),
		Brief: "read all of a log, and name what is damaged",
		Help: `Reads each block of a log, or of one session in it, and verifies its checksum. What
is damaged is named, a sentence each; a block costs what is in it, and nothing that
follows. An unfinished end is no damage: a crash leaves it, nothing of it was ever
reported as written, and the recorder cuts it off when it starts.

Exit code 0: all of it verifies; 3: data are damaged, which may have been acknowledged
(reported to survive a loss of power) or not, as the sentence says; 1: the log can't
be read.

Examples:

  crier log verify --dir /var/lib/crier

  crier log verify --dir /var/lib/crier 8f2a --json

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			r.declare(flags)
			return func(ctx context.Context, std cli.Streams) (int, error) {
				id, err := session(flags)
				if err != nil {
					return 0, err
				}
				log, err := logdir.Open(r.dir)
				if err != nil {
					return 0, err
				}
				defer log.Close()
				v, err := verify(ctx, log, id)
				if err != nil {
					return 0, err
				}
				if err := r.print(std, v); err != nil {
					return 0, err
				}
				if v.Damaged > 0 {
					return cli.ExitLost, nil
				}
				return cli.ExitOK, nil
			}
		},
	}
}

// verify reads a log, or one session in it.
func verify(ctx context.Context, log *logdir.Log, id string) (*Verdict, error) {
	v := &Verdict{Dir: log.Path, Faults: []string{}}
	keys := []journal.Key{{}}
	if id != "" {
		states, err := log.Session(id)
		if err != nil {
			return nil, err
		}
		keys = keys[:0]
		for _, s := range states {
			keys = append(keys, s.Key)
		}
	} else {
		_, written := files.Holder(log.Path)
		v.take(&journal.Report{Findings: others(log.Report.Findings, written)})
	}
	seen := map[uint64]bool{}
	for _, key := range keys {
		report, err := log.Verify(key, func(s journal.Segment) {
			seen[s.Key.Session] = true
			v.Segments++
			v.Bytes += s.Bytes
		})
		if err != nil {
			return nil, err
		}
		v.take(report)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("interrupted after %s", cli.Bytes(v.Bytes))
		}
	}
	v.Sessions = len(seen)
	return v, nil
}

// others returns the findings of an opening that the verifying of segments doesn't make. While a
// log is written its end is always unfinished.
func others(list []journal.Finding, written bool) []journal.Finding {
	var left []journal.Finding
	for _, f := range list {
		switch f.Kind {
		case journal.OtherVersion, journal.NotSegment, journal.Foreign, journal.Unreadable:
			left = append(left, f)
		case journal.Torn:
			if !written {
				left = append(left, f)
			}
		}
	}
	return left
}

// take adds a report.
func (v *Verdict) take(r *journal.Report) {
	for i := range r.Findings {
		f := &r.Findings[i]
		switch f.Kind {
		case journal.Damaged, journal.Missing, journal.Unreadable, journal.NotSegment:
			v.Damaged++
			if f.Acknowledged {
				v.Acknowledged++
			}
		}
		if text := logdir.Sentence(f); text != "" {
			v.Faults = append(v.Faults, text)
		}
	}
	if r.More > 0 {
		v.Damaged += r.More
		v.Faults = append(v.Faults, fmt.Sprintf("and %s", cli.Counted(uint64(r.More),
			"more finding", "more findings")))
	}
}

// text returns the verdict for people.
func (v *Verdict) text(s cli.Sheet) string {
	var b strings.Builder
	for _, f := range v.Faults {
		b.WriteString(s.Wrap(f+"\n", 2))
	}
	if len(v.Faults) > 0 {
		b.WriteByte('\n')
	}
	all := fmt.Sprintf("%s: %s in %s, %s", v.Dir, cli.Bytes(v.Bytes),
		cli.Counted(uint64(v.Segments), "segment", "segments"),
		cli.Counted(uint64(v.Sessions), "session", "sessions"))
	switch {
	case v.Damaged == 0:
		all += ": " + s.Paint(cli.Good, "all of it verifies")
	case v.Acknowledged == 0:
		all += ": " + s.Paint(cli.Bad, cli.Counted(uint64(v.Damaged), "place is", "places are")+
			" damaged") + ", of none of which it was reported that it survives a loss of power"
	default:
		all += ": " + s.Paint(cli.Bad, cli.Counted(uint64(v.Damaged), "place is", "places are")+
			" damaged") + fmt.Sprintf(", and %s of them acknowledged: reported to survive a loss "+
			"of power", cli.Grouped(uint64(v.Acknowledged)))
	}
	b.WriteString(s.Wrap(all+"\n", 2))
	return b.String()
}
