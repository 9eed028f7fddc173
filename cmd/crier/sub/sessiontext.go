package sub

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/counts"
)

// wholes returns sessions with their partitions, in the order in which the first was heard. One
// that is heard again is another one.
func wholes(list []*SessionSummary) (all [][]*SessionSummary) {
	for _, s := range list {
		at := slices.IndexFunc(all, func(one []*SessionSummary) bool {
			return one[0].Session == s.Session && !slices.ContainsFunc(one,
				func(o *SessionSummary) bool { return o.Partition == s.Partition })
		})
		if at < 0 {
			all = append(all, []*SessionSummary{s})
			continue
		}
		all[at] = append(all[at], s)
	}
	for _, one := range all {
		slices.SortFunc(one, func(a, b *SessionSummary) int {
			return cmp.Compare(a.Partition, b.Partition)
		})
	}
	return all
}

// sessionText is the lines of a session.
type sessionText struct {
	strings.Builder
	sheet cli.Sheet
}

// one writes the lines of a session with one partition, or of which one is wanted.
func (b *sessionText) one(sum *Summary, s *SessionSummary) {
	fmt.Fprintf(b, "%s: %s%s, end %s\n", sum.nameOf(s), partitionText(s),
		cli.Offsets(s.FirstOffset, s.NextOffset), s.End)
	b.delivered(s, s.Counters)
	b.fate(s, "  ", mostLosses)
	b.feeds(s)
	b.times(s)
	b.counters(s.Counters)
}

// partitionText names the topic, and which of its partitions is meant, where it has several.
func partitionText(s *SessionSummary) string {
	text := ""
	if s.Topic != "" {
		text = fmt.Sprintf("topic %s, ", cli.Printable(s.Topic))
	}
	if s.several {
		text += fmt.Sprintf("partition %d, ", s.Partition)
	}
	return text
}

// mostPartitions bounds the partitions that have lines of their own.
const mostPartitions = 8

// several writes the lines of a session with several partitions: their sum, and each one that lacks
// something.
func (b *sessionText) several(sum *Summary, list []*SessionSummary) {
	first := list[0]
	all := SessionSummary{}
	all.Counters = first.Counters
	least, most := first.Delivered, first.Delivered
	ends := make(map[string]int)
	next := slices.ContainsFunc(list, // they go on where they ended
		func(s *SessionSummary) bool { return s.Acknowledged != nil })
	for i, s := range list {
		all.Delivered += s.Delivered
		all.Recovered += s.Recovered
		all.Lost += s.Lost
		least, most = min(least, s.Delivered), max(most, s.Delivered)
		ends[s.End]++
		next = next && s.savedToEnd()
		if i > 0 {
			all.Counters = all.Counters.Plus(s.Counters)
		}
	}
	topic := ""
	if first.Topic != "" {
		topic = fmt.Sprintf("topic %s, ", cli.Printable(first.Topic))
	}
	fmt.Fprintf(b, "%s: %s%s, end %s\n", sum.nameOf(first), topic,
		cli.Counted(uint64(len(list)), "partition", "partitions"), endsText(ends))
	b.delivered(&all, all.Counters)
	if first.Certificate != nil {
		fmt.Fprintf(b, "  %s\n", first.Certificate.Brief())
	}
	if next {
		b.WriteString("  the next run goes on behind the last message of each partition\n")
	}
	if least == most {
		fmt.Fprintf(b, "  %s delivered of each partition\n", cli.Grouped(least))
	} else {
		fmt.Fprintf(b, "  %s to %s delivered of a partition\n", cli.Grouped(least),
			cli.Grouped(most))
	}
	told := 0
	for _, s := range list {
		s = s.rest(next)
		fate := &sessionText{sheet: b.sheet}
		fate.fate(s, "    ", mostLossesOfMany)
		if fate.Len() == 0 && (len(ends) == 1 || s.End == endBye || s.End == endGivenBack) {
			continue
		}
		if told++; told <= mostPartitions {
			fmt.Fprintf(b, "  partition %d: %s, %s, end %s\n%s", s.Partition,
				cli.Offsets(s.FirstOffset, s.NextOffset),
				counted(b.sheet, cli.Bad, "lost", s.Lost), s.End, fate)
		}
	}
	if told > mostPartitions {
		fmt.Fprintf(b, "  and %s more: --summary has all\n",
			cli.Counted(uint64(told-mostPartitions), "partition", "partitions"))
	}
	b.feeds(first)
	b.times(first)
	b.counters(all.Counters)
}

// rest returns the summary but for what is told of all partitions together: a certificate by which
// nothing is missing, and where the next run goes on, if that is told.
func (s *SessionSummary) rest(next bool) *SessionSummary {
	one := *s
	if next {
		one.Acknowledged = nil
	}
	if c := s.Certificate; c != nil && c.LostMessages == 0 && len(c.Nobody) == 0 &&
		len(c.Unsettled) == 0 {
		one.Certificate = nil
	}
	return &one
}

// endsText tells the ends of partitions, as in "bye", or "silent of 2, bye of 14".
func endsText(ends map[string]int) string {
	names := slices.Sorted(maps.Keys(ends))
	if len(names) == 1 {
		return names[0]
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%s of %d", name, ends[name])
	}
	return strings.Join(names, ", ")
}

// delivered writes the line of what was delivered.
func (b *sessionText) delivered(s *SessionSummary, c counts.Values) {
	fmt.Fprintf(b, "  delivered %s, of these %s; %s; %s, %s\n", cli.Grouped(s.Delivered),
		counted(b.sheet, cli.Good, "recovered", s.Recovered),
		counted(b.sheet, cli.Bad, "lost", s.Lost),
		cli.Counted(c.N("duplicates"), "duplicate", "duplicates"),
		cli.Counted(c.N("nacks_sent"), "NACK", "NACKs"))
}

// mostLosses bounds the losses that are told of a session, and mostLossesOfMany those of each of
// several partitions.
const (
	mostLosses       = 10
	mostLossesOfMany = 3
)

// fate writes what became of a partition besides its messages, with that many losses at most.
func (b *sessionText) fate(s *SessionSummary, margin string, most int) {
	if s.Continued != "" {
		fmt.Fprintf(b, "%ssession %s goes on where it ended\n", margin, s.Continued)
	}
	if s.Certificate != nil {
		fmt.Fprintf(b, "%s%s\n", margin, s.Certificate.Brief())
	}
	if s.Acknowledged != nil {
		fmt.Fprintf(b, "%sthe next run goes on at offset %s\n", margin,
			cli.Grouped(*s.Acknowledged))
	}
	for i, l := range s.Losses {
		if i == most {
			fmt.Fprintf(b, "%sand %s\n", margin, cli.Counted(
				uint64(len(s.Losses)-i)+s.MoreLosses, "more loss", "more losses"))
			break
		}
		fmt.Fprintf(b, "%slost %s: %s\n", margin, cli.OffsetRun(l.From, l.To), l.Cause)
	}
}

// times writes the lines of latencies and the like.
func (b *sessionText) times(s *SessionSummary) {
	quantiles(b, "latency", s.Latency, " until received")
	quantiles(b, "latency", s.Taken, " until taken")
	b.WriteString(ClocksText(s.Latency))
	quantiles(b, "recovery", s.Recovery, "")
}

// counters writes a line for each counter that is worth one.
func (b *sessionText) counters(c counts.Values) {
	for line := range strings.Lines(c.Text(nil)) {
		b.WriteString("  " + line)
	}
}
