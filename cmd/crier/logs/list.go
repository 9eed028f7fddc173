package logs

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logdir"
	"crier/cmd/crier/table"
	"crier/multicast/files"
)

// Listing is the JSON of crier log ls.
type Listing struct {
	Dir      string `json:"dir"`        // the log's directory
	Bytes    int64  `json:"disk_bytes"` // of all its segments
	Sessions []Tape `json:"sessions"`   // by id and partition
	// Process is the id of the process that writes the log now.
	Process int `json:"process,omitempty"`
	// Problems are what is wrong in the directory, a sentence each.
	Problems []string `json:"problems,omitempty"`
}

// list returns what a log has.
func list(log *logdir.Log) *Listing {
	l := &Listing{Dir: log.Path, Problems: logdir.Sentences(log.Report), Sessions: []Tape{}}
	states := log.States()
	for i := range states {
		l.Sessions = append(l.Sessions, tapeOf(&states[i]))
		l.Bytes += states[i].Bytes
	}
	l.Process, _ = files.Holder(log.Path)
	return l
}

// text returns the listing for people.
func (l *Listing) text(s cli.Sheet) string {
	var b strings.Builder
	b.WriteString(s.Wrap(head(l.Dir, l.Sessions, l.Bytes, l.Process)+"\n", 2) + "\n")
	t := table.Table{Columns: []table.Column{{Head: "session", Key: true},
		{Head: "topic", Key: true}, {Head: "partition", Key: true},
		{Head: "publisher", Key: true}, {Head: "state", Left: true},
		{Head: "offsets", Left: true}, {Head: "published (UTC)", Left: true}, {Head: "for"},
		{Head: "size"}, {Head: "holes"}}}
	for i := range l.Sessions {
		o := &l.Sessions[i]
		partition, holes := "", "-"
		if o.partitioned() {
			partition = fmt.Sprint(o.Partition)
		}
		if o.Holes > 0 {
			holes = cli.Grouped(uint64(o.Holes))
		}
		t.Add(o.Session, cli.Printable(o.Topic), partition, cli.Printable(o.Name),
			table.Cell{Text: o.State, Tone: tones[o.State]}, offsets(o), when(o.From),
			cli.Duration(time.Duration(o.To-o.From)), cli.Bytes(o.Bytes),
			table.Toned(cli.Bad, uint64(o.Holes), holes))
	}
	b.WriteString(t.Text(s))
	for i, p := range l.Problems {
		if i == 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s.Wrap(p+"\n", 2))
	}
	return b.String()
}

// offsets describes the offsets of a tape.
func offsets(t *Tape) string {
	if t.NextOffset == t.FirstOffset {
		return "none"
	}
	return cli.OffsetRun(t.FirstOffset, t.NextOffset)
}

// partitioned reports whether a tape is one of several of its session.
func (t *Tape) partitioned() bool { return t.Partition != 0 || t.Partitions > 1 }

// head is the line about a whole log.
func head(dir string, list []Tape, bytes int64, process int) string {
	ids, tapes := make(map[string]bool), 0
	for i := range list {
		if ids[list[i].Session] = true; list[i].partitioned() {
			tapes++
		}
	}
	text := fmt.Sprintf("%s: %s", dir, cli.Counted(uint64(len(ids)), "session", "sessions"))
	if tapes > 0 {
		text += fmt.Sprintf(" with %s", cli.Counted(uint64(tapes), "partition", "partitions"))
	}
	text += ", " + cli.Bytes(bytes)
	if process != 0 {
		text += fmt.Sprintf("; process %d writes it", process)
	}
	return text
}
