package sub

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/counts"
	"crier/cmd/crier/events"
	"crier/cmd/crier/hist"
)

// summaryText returns the last words of crier sub; asked is the receive buffer that was asked
// for.
func summaryText(sum *Summary, asked cli.Size, sheet cli.Sheet) string {
	var b strings.Builder
	for _, whole := range wholes(sum.Sessions) {
		text := &sessionText{sheet: sheet}
		if len(whole) == 1 {
			text.one(sum, whole[0])
		} else {
			text.several(sum, whole)
		}
		b.WriteString(text.String())
	}
	if sum.MoreSessions > 0 {
		fmt.Fprintf(&b, "and %s sessions before them\n", cli.Grouped(sum.MoreSessions))
	}
	b.WriteString(sum.Team.text())
	b.WriteString(sum.Counters.Text(sum.remarks(asked)))
	return b.String()
}

// counted returns a word and its number, which has a tone unless it is 0.
func counted(sheet cli.Sheet, tone cli.Tone, word string, n uint64) string {
	if n == 0 {
		tone = cli.Plain
	}
	return sheet.Paint(tone, word+" "+cli.Grouped(n))
}

// quantiles writes a line on times, if there are any.
func quantiles(b *sessionText, what string, q *hist.Quantiles, until string) {
	if q != nil {
		fmt.Fprintf(b, "  %s p50 %s, p99 %s, max %s%s\n", what, cli.Duration(time.Duration(q.P50)),
			cli.Duration(time.Duration(q.P99)), cli.Duration(time.Duration(q.Max)), until)
	}
}

// nameOf returns what words call a session, with its group if there are several.
func (s *Summary) nameOf(one *SessionSummary) string {
	group := ""
	if slices.ContainsFunc(s.Sessions,
		func(o *SessionSummary) bool { return o.Group != one.Group }) {
		group = one.Group
	}
	return events.SessionName(one.Session, one.Name, one.Source, group)
}

// remarks returns what there is to say of counters besides their number, by name.
func (s *Summary) remarks(asked cli.Size) map[string]string {
	return map[string]string{
		"foreign_frames": counts.Stranger("the publisher", s.moved, s.contested),
		"kernel_drops":   counts.Remedy(s.granted, asked),
	}
}

// ClocksText tells what latencies show about the difference of two clocks.
func ClocksText(q *hist.Quantiles) string {
	text := ""
	if q == nil {
		return text
	}
	if q.Negative > 0 {
		text = fmt.Sprintf("  %s negative, down to %s: the publisher's clock seems to be ahead "+
			"of this one by at least %s, and each latency short by as much\n",
			cli.Counted(uint64(q.Negative), "latency is", "latencies are"),
			cli.Duration(time.Duration(q.Min)),
			cli.Duration(time.Duration(-q.Min)))
	}
	if q.Clamped > 0 {
		text += fmt.Sprintf("  %s more than an hour, and counted as one: the two clocks seem to "+
			"differ by as much\n", cli.Counted(q.Clamped, "latency is", "latencies are"))
	}
	return text
}

// unseenText names the sessions whose end was not seen.
func unseenText(sum *Summary) string {
	var b strings.Builder
	told := uint64(0) // partitions
	// Sessions beyond, their partitions, and those of the last one that is told.
	more, rest, cut := uint64(0), uint64(0), uint64(0)
	for _, whole := range wholes(sum.Sessions) {
		all := len(whole)
		unseen := slices.DeleteFunc(whole, (*SessionSummary).seen)
		if told >= mostUnseen {
			if len(unseen) > 0 {
				more++
			}
			rest += uint64(len(unseen))
			continue
		}
		if len(unseen) > 1 && len(unseen) == all {
			told += uint64(len(unseen))
			fmt.Fprintf(&b, "%s: the end was not seen of any of %d partitions: what came after "+
				"their last messages is unknown\n", sum.nameOf(unseen[0]), len(unseen))
			continue
		}
		for _, s := range unseen {
			if told >= mostUnseen {
				cut++
				continue
			}
			if told++; sum.UnseenEnds > 1 || len(sum.Sessions) > 1 {
				b.WriteString(sum.nameOf(s))
				if s.several {
					fmt.Fprintf(&b, ", partition %d", s.Partition)
				}
				b.WriteString(": ")
			}
			what := "what came after offset " + cli.Grouped(s.NextOffset-1)
			if s.NextOffset <= s.FirstOffset { // nothing came
				what = "what came from offset " + cli.Grouped(s.NextOffset) + " on"
			}
			fmt.Fprintf(&b, "the end was not seen: %s is unknown\n", what)
		}
	}
	more += sum.UnseenEnds - min(told+cut+rest, sum.UnseenEnds) // of sessions that aren't listed
	if cut > 0 {
		fmt.Fprintf(&b, "the end of %s of the last one was not seen either\n",
			cli.Counted(cut, "more partition", "more partitions"))
	}
	if more > 0 {
		fmt.Fprintf(&b, "the end of %s was not seen either\n",
			cli.Counted(more, "more session", "more sessions"))
	}
	return b.String()
}

// mostUnseen bounds the sessions that unseenText names.
const mostUnseen = 10
