package main

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/hist"
)

// subText is what crier sub says at the end; asked is the receive buffer that was
// asked for.
func subText(sum *subSummary, asked size) string {
	var b strings.Builder
	for _, s := range sum.Sessions {
		fmt.Fprintf(&b, "session %s from %s: %s, end %s\n", s.Session, s.Source, offsetsText(s.FirstOffset, s.NextOffset), s.End)
		fmt.Fprintf(&b, "  delivered %s, of these recovered %s; lost %s; %s duplicates, %s NACKs\n",
			grouped(s.Delivered), grouped(s.Recovered), grouped(s.Lost), grouped(s.Duplicates), grouped(s.NacksSent))
		for i, l := range s.Losses {
			if i == 10 {
				fmt.Fprintf(&b, "  and %s more losses\n", grouped(uint64(len(s.Losses)-i)+s.MoreLosses))
				break
			}
			fmt.Fprintf(&b, "  lost %s: %s\n", runText(l.From, l.To), l.Cause)
		}
		if s.Latency != nil {
			fmt.Fprintf(&b, "  latency p50 %v, p99 %v, max %v until received", short(s.Latency.P50), short(s.Latency.P99), short(s.Latency.Max))
			if t := s.Taken; t != nil {
				fmt.Fprintf(&b, "; p50 %v, p99 %v, max %v until taken", short(t.P50), short(t.P99), short(t.Max))
			}
			b.WriteByte('\n')
			b.WriteString(clocksText(s.Latency))
		}
		if s.Recovery != nil {
			fmt.Fprintf(&b, "  recovery p50 %v, p99 %v, max %v\n", short(s.Recovery.P50), short(s.Recovery.P99), short(s.Recovery.Max))
		}
	}
	if sum.MoreSessions > 0 {
		fmt.Fprintf(&b, "and %s sessions before them\n", grouped(sum.MoreSessions))
	}
	b.WriteString(sum.dropCounts.text(sum.InvalidDatagrams, false))
	b.WriteString(sum.kernel.text(asked))
	return b.String()
}

// clocksText says what latencies tell of the two clocks that they are between; "" if
// nothing.
func clocksText(q *hist.Quantiles) string {
	text := ""
	if q.Negative > 0 {
		text = fmt.Sprintf("  %s negative, down to %v: the publisher's clock seems to be ahead of this one by at least %v, and each latency short by as much\n",
			counted(uint64(q.Negative), "latency is", "latencies are"), short(q.Min), short(-q.Min))
	}
	if q.Clamped > 0 {
		text += fmt.Sprintf("  %s more than an hour, and counted as one: the two clocks seem to differ by as much\n", counted(q.Clamped, "latency is", "latencies are"))
	}
	return text
}

// unseenText says of which sessions the end was not seen.
func unseenText(sum *subSummary) string {
	var b strings.Builder
	told := uint64(0)
	for _, s := range sum.Sessions {
		if s.End == endBye || told == mostUnseen {
			continue
		}
		if told++; sum.UnseenEnds > 1 || len(sum.Sessions) > 1 {
			fmt.Fprintf(&b, "session %s from %s: ", s.Session, s.Source)
		}
		what := "what came after offset " + grouped(s.NextOffset-1)
		if s.NextOffset == s.FirstOffset {
			what = "what came from offset " + grouped(s.NextOffset) + " on"
		}
		fmt.Fprintf(&b, "the end was not seen: %s is unknown\n", what)
	}
	if more := sum.UnseenEnds - told; more > 0 {
		fmt.Fprintf(&b, "the end of %s was not seen either\n", counted(more, "more session", "more sessions"))
	}
	return b.String()
}

// mostUnseen is of how many sessions it is said that their end was not seen.
const mostUnseen = 10

// offsetsText says which offsets a session has, from first, and below next.
func offsetsText(first, next uint64) string {
	switch next - first {
	case 0:
		return "no messages"
	case 1:
		return "offset " + runText(first, next)
	}
	return "offsets " + runText(first, next)
}

// runText prints a run of offsets, from the first to the last of them; to is not
// in it.
func runText(from, to uint64) string {
	if to-from == 1 {
		return grouped(from)
	}
	return grouped(from) + " to " + grouped(to-1)
}

// short prints nanoseconds with three or four digits.
func short(ns int64) time.Duration {
	d := time.Duration(ns)
	unit := time.Duration(1)
	for d.Abs()/10000 >= unit {
		unit *= 10
	}
	return d.Round(unit)
}
