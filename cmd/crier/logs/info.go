package logs

import (
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logdir"
	"crier/cmd/crier/table"
	"crier/multicast/files"
	"crier/nack"
	"crier/reliable/journal"
)

// Info is the JSON of crier log info.
type Info struct {
	Dir string `json:"dir"` // the log's directory
	// Free is the room that is left on the log's disk; absent where the system doesn't tell.
	Free     *int64   `json:"free_bytes,omitempty"`
	Process  int      `json:"process,omitempty"`  // that writes the log now
	Sessions []Detail `json:"sessions"`           // those that were asked for
	Problems []string `json:"problems,omitempty"` // what is wrong in the directory, a sentence each
}

// Detail is a session in full.
type Detail struct {
	Tape               // the keys of that
	List     []Segment `json:"segment_list"` // its segments
	HoleList []Hole    `json:"hole_list"`    // the latest holes
}

// Segment is a file of a log.
type Segment struct {
	File        string `json:"file"` // in the log's directory
	FirstOffset uint64 `json:"first_offset"`
	NextOffset  uint64 `json:"next_offset"`
	Frames      uint64 `json:"frames"`     // that it has
	From        int64  `json:"from_ns"`    // when its oldest frame was published, since the Unix epoch
	To          int64  `json:"to_ns"`      // when its newest frame was published
	Bytes       int64  `json:"disk_bytes"` // its size
	Sealed      bool   `json:"sealed"`     // finished, with its index
}

// Hole is a run of frames that a log lacks; To is exclusive.
type Hole struct {
	From  uint64 `json:"from"`  // sequence numbers
	To    uint64 `json:"to"`    // exclusive
	Cause string `json:"cause"` // of the loss
	// FromOffset and ToOffset are the messages that start in them: absent in a damaged block.
	FromOffset *uint64 `json:"from_offset,omitempty"` // of the messages that start in them
	ToOffset   *uint64 `json:"to_offset,omitempty"`   // exclusive
}

// tell returns what a log has of some tapes.
func tell(log *logdir.Log, states []journal.State) (*Info, error) {
	info := &Info{Dir: log.Path, Sessions: []Detail{}, Problems: logdir.Sentences(log.Report)}
	info.Process, _ = files.Holder(log.Path)
	if free, ok := log.Free(); ok {
		info.Free = &free
	}
	for i := range states {
		s := &states[i]
		d := Detail{Tape: tapeOf(s), List: []Segment{}, HoleList: []Hole{}}
		for _, g := range log.Segments(s.Key) {
			d.List = append(d.List, Segment{File: g.Name, FirstOffset: g.Oldest.Offset,
				NextOffset: g.Next.Offset, Frames: g.Frames, From: g.First, To: g.Last,
				Bytes: g.Bytes, Sealed: g.Sealed})
		}
		for _, h := range s.Holes {
			if err := d.hole(log, s.Key, h); err != nil {
				return nil, err
			}
		}
		info.Sessions = append(info.Sessions, d)
	}
	return info, nil
}

// hole adds a hole, with its cause. It may have several parts.
func (d *Detail) hole(log *logdir.Log, key journal.Key, h nack.Range) error {
	res := log.Do(&journal.Job{Key: key, Read: nack.Range{From: h.From, To: h.From + 1}}, 0)
	if res.Err != nil {
		return fmt.Errorf("%s can't be read (%w)", log.Path, cli.BareError(res.Err))
	}
	for _, part := range res.Holes {
		if !part.Frames.Contains(h.From) {
			continue
		}
		offsets := part.Offsets
		d.HoleList = append(d.HoleList, Hole{From: part.Frames.From, To: part.Frames.To,
			Cause: part.Cause.String(), FromOffset: &offsets.From, ToOffset: &offsets.To})
		if part.Frames.To < h.To {
			return d.hole(log, key, nack.Range{From: part.Frames.To, To: h.To})
		}
		return nil
	}
	d.HoleList = append(d.HoleList, Hole{From: h.From, To: h.To, Cause: "damaged in the log"})
	return nil
}

// text returns the information for people.
func (n *Info) text(s cli.Sheet) string {
	var b strings.Builder
	bytes, tapes := int64(0), make([]Tape, 0, len(n.Sessions))
	for i := range n.Sessions {
		bytes += n.Sessions[i].Bytes
		tapes = append(tapes, n.Sessions[i].Tape)
	}
	line := head(n.Dir, tapes, bytes, n.Process)
	if n.Free != nil {
		line += fmt.Sprintf("; %s free on its disk", cli.Bytes(*n.Free))
	}
	b.WriteString(s.Wrap(line+"\n", 2))
	for i := range n.Sessions {
		b.WriteString("\n" + n.Sessions[i].text(s))
	}
	for i, p := range n.Problems {
		if i == 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s.Wrap(p+"\n", 2))
	}
	return b.String()
}

// mostSegments and mostHoles are how many are listed in a text.
const (
	mostSegments = 20
	mostHoles    = 20
)

// text returns a session's part.
func (d *Detail) text(s cli.Sheet) string {
	var b strings.Builder
	line := func(format string, args ...any) {
		b.WriteString(s.Wrap("  "+fmt.Sprintf(format, args...)+"\n", 2))
	}
	name := "session " + d.Session
	if d.Name != "" {
		name += fmt.Sprintf(" (%s)", cli.Printable(d.Name))
	}
	if d.partitioned() {
		name += fmt.Sprintf(", partition %d", d.Partition)
	}
	b.WriteString(s.Wrap(fmt.Sprintf("%s, %s\n", name, s.Paint(tones[d.State], d.State)), 2))
	switch {
	case d.Topic != "" && d.Partitions > 1:
		line("topic %s, of %d partitions", cli.Printable(d.Topic), d.Partitions)
	case d.Topic != "":
		line("topic %s", cli.Printable(d.Topic))
	}
	line("%s, in frames %s", cli.Offsets(d.FirstOffset, d.NextOffset),
		cli.OffsetRun(d.FirstSequence, max(d.NextSequence, d.FirstSequence+1)))
	line("published %s UTC", span(d.From, d.To))
	if d.Continues != "" {
		line("continues session %s", d.Continues)
	}
	if d.Replays != "" {
		line("a replay of session %s", d.Replays)
	}
	line("%s in %s", cli.Bytes(d.Bytes), cli.Counted(uint64(d.Segments), "segment", "segments"))
	b.WriteString(d.segments(s))
	b.WriteString(d.holes(s))
	return b.String()
}

// segments returns the table of the segments.
func (d *Detail) segments(s cli.Sheet) string {
	t := table.Table{Columns: []table.Column{{Head: "segment", Key: true},
		{Head: "offsets", Left: true}, {Head: "published (UTC)", Left: true}, {Head: "size"},
		{Head: "", Left: true}}}
	list := d.List[max(0, len(d.List)-mostSegments):]
	for _, g := range list {
		run, open := "none", ""
		if g.NextOffset > g.FirstOffset {
			run = cli.OffsetRun(g.FirstOffset, g.NextOffset)
		}
		if !g.Sealed {
			open = "open"
		}
		t.Add(g.File[strings.LastIndexByte(g.File, '/')+1:], run, when(g.From), cli.Bytes(g.Bytes),
			open)
	}
	return "\n" + t.Text(s) + before(len(d.List)-len(list), "older segment", "older segments")
}

// holes returns the list of the holes.
func (d *Detail) holes(s cli.Sheet) string {
	if d.Holes == 0 {
		return ""
	}
	t := table.Table{Columns: []table.Column{{Head: "hole in frames", Key: true},
		{Head: "offsets", Left: true}, {Head: "cause", Left: true}}}
	list := d.HoleList[max(0, len(d.HoleList)-mostHoles):]
	for _, h := range list {
		run := "-"
		if h.FromOffset != nil && *h.FromOffset < *h.ToOffset {
			run = cli.OffsetRun(*h.FromOffset, *h.ToOffset)
		}
		t.Add(cli.OffsetRun(h.From, h.To), run, h.Cause)
	}
	more := max(0, d.Holes-len(list))
	return "\n" + t.Text(s) + before(more, "older hole", "older holes")
}

// before tells how many rows a table has left out.
func before(n int, one, many string) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("  and %s\n", cli.Counted(uint64(n), one, many))
}
