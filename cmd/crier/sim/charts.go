package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"crier/cmd/crier/cli"
)

// peakRoom is the width that charts leave for the words beside them.
const peakRoom = len(" up to 12.3 KiB")

// charts draws the run in time: a line of bars a quantity, and a strip a group.
func charts(b *strings.Builder, r *Result, sheet cli.Sheet) {
	t := &r.Series
	used := usedBins(t)
	width := len("repairs")
	for _, g := range r.Groups {
		width = max(width, utf8.RuneCountInString(g.Name))
	}
	scale := timescale{t.Bin, used, min(max(sheet.Width-2-width-1-peakRoom, 10), used)}
	line := func(name, text string) {
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("  %-*s %s", width, name, text), " "))
	}
	end := cli.Duration(time.Duration(t.Bin * int64(used)))
	line("", fmt.Sprintf("0 s%*s", max(scale.columns-3, len(end)+1), end))
	for _, c := range []struct {
		name   string
		list   []uint64
		byTime bool // a rate, or else a level
	}{
		{"frames", t.Frames, true}, {"repairs", t.Repairs, true}, {"NACKs", t.Nacks, true},
		{"missed", t.Missed, true}, {"held", t.Held, false},
	} {
		values := scale.peaks(c.list)
		peak := cli.Bytes(slices.Max(values))
		if c.byTime {
			values = scale.rates(c.list)
			peak = cli.PerSecond(slices.Max(values))
		}
		if slices.Max(values) == 0 {
			continue
		}
		line(c.name, bars(values)+" up to "+peak)
	}
	if len(r.Events) > 0 {
		line("events", marksText(r.Events, scale))
	}
	for _, g := range r.Groups {
		line(g.Name, paintStrip(strip(r, g.Name, scale), sheet))
	}
	line("", "· nothing  m missed  r recovered  X lost")
	for _, e := range r.Events {
		b.WriteString(sheet.Beside(fmt.Sprintf("  %-*s %s ", width, "", e.Mark), e.String()))
	}
}

// paintStrip gives what was recovered and what was lost their colours.
func paintStrip(strip string, sheet cli.Sheet) string {
	var b strings.Builder
	for runes := []rune(strip); len(runes) > 0; {
		n := 1
		for n < len(runes) && runes[n] == runes[0] {
			n++
		}
		tone := cli.Plain
		switch runes[0] {
		case 'r':
			tone = cli.Good
		case 'X':
			tone = cli.Bad
		}
		b.WriteString(sheet.Paint(tone, string(runes[:n])))
		runes = runes[n:]
	}
	return b.String()
}

// usedBins returns the number of bins up to the last one in which something happened.
func usedBins(t *series) int {
	used := 1
	for i := range t.Frames {
		if t.Frames[i]+t.Repairs[i]+t.Nacks[i]+t.Delivered[i]+t.Missed[i]+t.Lost[i] > 0 {
			used = i + 1
		}
	}
	return used
}

// timescale spreads the bins of a run over the columns of a chart.
type timescale struct {
	bin           int64 // nanoseconds
	used, columns int
}

// column returns the column of a bin.
func (s timescale) column(bin int) int { return bin * s.columns / s.used }

// at returns the column of a time, which may lie behind the last.
func (s timescale) at(ns int64) int { return int(ns / s.bin * int64(s.columns) / int64(s.used)) }

// rates returns the mean rate of each column, a second.
func (s timescale) rates(list []uint64) []float64 {
	sums, bins := make([]float64, s.columns), make([]float64, s.columns)
	for i, v := range list[:s.used] {
		sums[s.column(i)] += float64(v)
		bins[s.column(i)]++
	}
	for i := range sums {
		sums[i] /= bins[i] * seconds(s.bin)
	}
	return sums
}

// peaks returns the highest level of each column.
func (s timescale) peaks(list []uint64) []float64 {
	out := make([]float64, s.columns)
	for i, v := range list[:s.used] {
		out[s.column(i)] = max(out[s.column(i)], float64(v))
	}
	return out
}

// bars draws values up to the greatest. What is not nothing is seen.
func bars(values []float64) string {
	levels := []rune(" ▁▂▃▄▅▆▇█")
	most := slices.Max(values)
	var b strings.Builder
	for _, v := range values {
		i := int(v * float64(len(levels)-1) / most)
		if v > 0 {
			i = max(i, 1)
		}
		b.WriteRune(levels[i])
	}
	return b.String()
}

// strip draws what happened to a group: the worst of each column.
func strip(r *Result, group string, scale timescale) string {
	worst := make([]rune, scale.columns)
	for i := range worst {
		worst[i] = '·'
	}
	rank := map[rune]int{'·': 0, 'm': 1, 'r': 2, 'X': 3}
	for _, m := range r.Members {
		if m.Group != group {
			continue
		}
		for _, p := range m.Strip {
			if p.Bin >= scale.used {
				continue
			}
			what := '·'
			switch {
			case p.Lost > 0:
				what = 'X'
			case p.Recovered > 0:
				what = 'r'
			case p.Missed > 0:
				what = 'm'
			}
			if c := scale.column(p.Bin); rank[what] > rank[worst[c]] {
				worst[c] = what
			}
		}
	}
	return string(worst)
}
