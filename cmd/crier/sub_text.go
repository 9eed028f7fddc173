package main

import (
	"fmt"
	"strings"
	"time"
)

// subText is what crier sub says at the end.
func subText(sum *subSummary) string {
	var b strings.Builder
	for _, s := range sum.Sessions {
		fmt.Fprintf(&b, "session %s from %s: offsets %d to %d, end %s\n", s.Session, s.Source, s.FirstOffset, s.NextOffset, s.End)
		fmt.Fprintf(&b, "  delivered %s, of these recovered %s; lost %s; %s duplicates, %s NACKs\n",
			grouped(s.Delivered), grouped(s.Recovered), grouped(s.Lost), grouped(s.Duplicates), grouped(s.NacksSent))
		for i, l := range s.Losses {
			if i == 10 {
				fmt.Fprintf(&b, "  and %s more losses\n", grouped(uint64(len(s.Losses)-i)+s.MoreLosses))
				break
			}
			if l.To-l.From == 1 {
				fmt.Fprintf(&b, "  lost %d: %s\n", l.From, l.Cause)
			} else {
				fmt.Fprintf(&b, "  lost %d to %d: %s\n", l.From, l.To-1, l.Cause)
			}
		}
		if s.Latency != nil {
			fmt.Fprintf(&b, "  latency p50 %v, p99 %v, max %v\n", short(s.Latency.P50), short(s.Latency.P99), short(s.Latency.Max))
		}
		if s.Recovery != nil {
			fmt.Fprintf(&b, "  recovery p50 %v, p99 %v, max %v\n", short(s.Recovery.P50), short(s.Recovery.P99), short(s.Recovery.Max))
		}
	}
	if sum.MoreSessions > 0 {
		fmt.Fprintf(&b, "and %s sessions before them\n", grouped(sum.MoreSessions))
	}
	if len(sum.Sessions) == 0 {
		b.WriteString("no session was heard\n")
	}
	if sum.KernelDrops > 0 {
		fmt.Fprintf(&b, "the kernel dropped %s datagrams for want of receive buffer; a larger net.core.rmem_max lets it grow\n", grouped(sum.KernelDrops))
	}
	return b.String()
}

// short prints nanoseconds with three or four digits.
func short(ns int64) time.Duration {
	d := time.Duration(ns)
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 10000*unit {
			return d.Round(unit)
		}
	}
}
