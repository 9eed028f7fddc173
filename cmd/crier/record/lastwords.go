package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
)

// mostLines bounds the sessions and the askers that the last words name, and mostPartitions the
// partitions of a session that have lines of their own.
const mostLines, mostPartitions = 10, 8

// text returns the last words.
func (s *Summary) text(sheet cli.Sheet) string {
	var b strings.Builder
	all := s.recorded()
	for i, parts := range all {
		if i == mostLines {
			fmt.Fprintf(&b, "and %s\n", cli.Counted(uint64(len(all)-i), "more session",
				"more sessions"))
			break
		}
		if len(parts) == 1 {
			parts[0].tell(&b, sheet)
		} else {
			tellPartitions(&b, sheet, parts)
		}
	}
	if len(all) == 0 {
		b.WriteString("nothing was recorded\n")
	}
	fmt.Fprintf(&b, "the log has %s", cli.Bytes(s.Disk))
	if s.Dropped > 0 {
		fmt.Fprintf(&b, "; %s made room", cli.Counted(s.Dropped, "segment", "segments"))
	}
	fmt.Fprintf(&b, "; %s of %s sent\n", cli.Counted(s.Repairs, "repair", "repairs"),
		cli.Bytes(s.RepairBytes))
	askers := s.askers()
	for i := range askers {
		a := &askers[i]
		if i == mostLines {
			fmt.Fprintf(&b, "and %s\n", cli.Counted(uint64(len(askers)-i),
				"more subscriber asked", "more subscribers asked"))
			break
		}
		fmt.Fprintf(&b, "  subscriber %s at %s asked for %s: %s repaired, %s not in the log\n",
			a.Subscriber, a.Addr, cli.Counted(a.Asked+a.Gone, "frame", "frames"),
			cli.Grouped(a.Repaired), cli.Grouped(a.Gone))
	}
	return b.String()
}

// recorded returns the sessions of which something was recorded, with their partitions, in the
// order in which they became known.
func (s *Summary) recorded() (all [][]*SessionSummary) {
	for i := range s.Sessions {
		one := &s.Sessions[i]
		if one.Frames == 0 {
			continue
		}
		at := slices.IndexFunc(all,
			func(parts []*SessionSummary) bool { return parts[0].Session == one.Session })
		if at < 0 {
			all = append(all, []*SessionSummary{one})
			continue
		}
		all[at] = append(all[at], one)
	}
	for _, parts := range all {
		slices.SortFunc(parts, func(a, b *SessionSummary) int {
			return cmp.Compare(a.Partition, b.Partition)
		})
	}
	return all
}

// askers returns the subscribers that asked, each once for all partitions.
func (s *Summary) askers() (list []AskerSummary) {
	for _, a := range s.Askers {
		at := slices.IndexFunc(list, func(o AskerSummary) bool {
			return o.Subscriber == a.Subscriber && o.Addr == a.Addr
		})
		if at < 0 {
			list = append(list, a)
			continue
		}
		list[at].Asked += a.Asked
		list[at].Repaired += a.Repaired
		list[at].Gone += a.Gone
	}
	return list
}

// name names the session.
func (s *SessionSummary) name() string {
	if s.Name == "" {
		return s.Session
	}
	return cli.Printable(s.Name) + " (" + s.Session + ")"
}

// lack tells what the log lacks of a partition, or returns nothing.
func (s *SessionSummary) lack(sheet cli.Sheet) string {
	switch n := s.unwritten(); {
	case n > 0:
		return sheet.Paint(cli.Bad, "the log lacks the last "+cli.Counted(n, "frame", "frames"))
	case s.HoleFrames > 0:
		return sheet.Paint(cli.Bad, "lacks "+cli.Counted(s.HoleFrames, "frame", "frames"))
	}
	return ""
}

// tell writes the lines of a session of which one partition was recorded.
func (s *SessionSummary) tell(b *strings.Builder, sheet cli.Sheet) {
	name := s.name()
	if s.Topic != "" || s.Partition != 0 {
		name += fmt.Sprintf(", %s/%d", cli.Printable(s.Topic), s.Partition)
	}
	fmt.Fprintf(b, "%s: %s in the log, end %s\n", name, s.written(), s.End)
	verb, lack := "recorded", s.lack(sheet)
	if s.unwritten() > 0 {
		verb = "heard"
	}
	if lack != "" {
		lack = "; " + lack
	}
	fmt.Fprintf(b, "  %s %s, %s%s\n", verb, cli.Counted(s.Frames, "frame", "frames"),
		cli.Bytes(s.Bytes), lack)
	if s.Certificate != nil {
		fmt.Fprintf(b, "  %s\n", s.Certificate.Brief())
	}
}

// tellPartitions writes the lines of a session of which several partitions were recorded: their
// sum, and those of which the log lacks something, or which ended otherwise than the first.
func tellPartitions(b *strings.Builder, sheet cli.Sheet, parts []*SessionSummary) {
	first := parts[0]
	var messages, frames, bytes uint64
	ends := make(map[string]int)
	for _, s := range parts {
		messages += s.held()
		frames += s.Frames
		bytes += s.Bytes
		ends[s.End]++
	}
	end := first.End
	if len(ends) > 1 {
		end += fmt.Sprintf(" of %d", ends[end])
	}
	fmt.Fprintf(b, "%s, topic %s, %d partitions: %s in the log, end %s\n", first.name(),
		cli.Printable(first.Topic), len(parts), cli.Counted(messages, "message", "messages"), end)
	fmt.Fprintf(b, "  recorded %s, %s\n", cli.Counted(frames, "frame", "frames"),
		cli.Bytes(bytes))
	if first.Certificate != nil {
		fmt.Fprintf(b, "  %s\n", first.Certificate.Brief())
	}
	told := 0
	for _, s := range parts {
		lack := s.lack(sheet)
		if lack == "" && s.End == first.End {
			continue
		}
		if lack != "" {
			lack = "; " + lack
		}
		if told++; told <= mostPartitions {
			fmt.Fprintf(b, "  partition %d: %s in the log, end %s%s\n", s.Partition, s.written(),
				s.End, lack)
		}
	}
	if more := told - mostPartitions; more > 0 {
		fmt.Fprintf(b, "  and %s: --summary has all\n", cli.Counted(uint64(more),
			"more partition", "more partitions"))
	}
}
