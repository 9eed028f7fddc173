// Package interval prints a line of figures at each interval while a command runs.
package interval

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"crier/cmd/crier/cli"
)

// A Column is a column of a Report.
type Column struct {
	Head string
	// Width is the least width of the column.
	Width int
	// Tone is that of figures other than 0.
	Tone cli.Tone
}

// headEvery is after how many lines a terminal shows the heads of the columns again.
const headEvery = 20

// A Report is a table that grows by a line at each interval.
type Report struct {
	out     io.Writer
	sheet   cli.Sheet
	columns []Column
	// again says that the heads are repeated: a file has them once.
	again bool
	lines int
}

// NewReport returns a Report on a stream. Its first column is the time.
func NewReport(out io.Writer, columns ...Column) *Report {
	_, terminal := cli.Terminal(out)
	return &Report{out: out, sheet: cli.SheetOf(out), again: terminal,
		columns: append([]Column{{Head: "time", Width: 9}}, columns...)}
}

// Add adds a line with figures after a time since the start.
func (r *Report) Add(elapsed time.Duration, figures ...string) {
	var b strings.Builder
	if r.lines == 0 || r.again && r.lines%headEvery == 0 {
		var heads []string
		for _, c := range r.columns {
			heads = append(heads, c.Head)
		}
		r.line(&b, heads)
	}
	r.line(&b, append([]string{cli.Duration(elapsed)}, figures...))
	r.lines++
	io.WriteString(r.out, b.String())
}

// line writes cells, each at the right of its column.
func (r *Report) line(b *strings.Builder, cells []string) {
	for i, cell := range cells {
		pad := max(r.columns[i].Width, utf8.RuneCountInString(r.columns[i].Head))
		if i > 0 {
			b.WriteByte(' ')
		}
		padded := fmt.Sprintf("%*s", pad, cell)
		if r.columns[i].Tone != cli.Plain && cell != "0" && cell != r.columns[i].Head {
			padded = r.sheet.Paint(r.columns[i].Tone, padded)
		}
		b.WriteString(padded)
	}
	b.WriteByte('\n')
}

// Count formats a count in a column of seven: exactly as long as that fits.
func Count(n uint64) string {
	if n < 100_000 {
		return cli.Grouped(n)
	}
	return cli.Rounded(float64(n))
}

// Growth formats by how much a counter has grown, as Count does.
func Growth(now, before uint64) string { return Count(now - min(now, before)) }

// Start calls report at each interval, and once more for what is left at the end, when stop
// is called. Elapsed is the time since the start, and since that of the interval.
func Start(every Every, report func(elapsed, since time.Duration)) (stop func()) {
	if every == 0 {
		return func() {}
	}
	d := time.Duration(every)
	start := time.Now()
	last := start
	step := func(now time.Time, round time.Duration) {
		since := now.Sub(last)
		last = now
		report(now.Sub(start).Round(round), since)
	}
	stopEach := cli.Each(d, func(now time.Time) { step(now, d/10) })
	return func() {
		stopEach()
		if now := time.Now(); now.Sub(last) > d/10 {
			step(now, time.Millisecond)
		}
	}
}

// Watch prints what has happened in each interval until stop is called: count counts, and text
// makes an interval's figures, for the columns, of what is counted now and was before.
func Watch[T any](out io.Writer, every Every, columns []Column, count func() T,
	text func(now, before *T, since time.Duration) []string) (stop func()) {
	r := NewReport(out, columns...)
	before := count()
	return Start(every, func(elapsed, since time.Duration) {
		now := count()
		r.Add(elapsed, text(&now, &before, since)...)
		before = now
	})
}

// PerSecond returns by how much a counter has grown in a second.
func PerSecond(now, before uint64, since time.Duration) float64 {
	return float64(now-min(now, before)) / since.Seconds()
}
