package bench

import (
	"context"

	"crier/cmd/crier/hist"
)

// Ways of overload cells.
const (
	wayAlone   = "alone"
	wayBeside  = "beside a healthy one"
	wayCrawler = "beside one that crawls"
)

// overload measures what a subscriber that crawls costs the healthy ones: the same
// with it and without it, run by run in turn. The publisher keeps nobody's pace, and
// drops what finds no room.
func (b *bench) overload(ctx context.Context) error {
	for _, size := range b.o.Sizes {
		for _, rate := range b.o.Rates {
			for _, subscribers := range b.o.Subscribers {
				if err := b.besides(ctx, size, subscribers, rate); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// besides measures one size, rate and number of healthy subscribers: alone, beside
// one more, which says what a subscriber costs that doesn't crawl, and beside one
// that crawls, in each of its ways to overload.
func (b *bench) besides(ctx context.Context, size, subscribers int, rate float64) error {
	var cells []*Cell
	var rounds []round
	add := func(way string, healthy, slow int, overload string) {
		c := b.cell(systemCrier, way, size, subscribers, 1)
		c.Rate, c.Overload = rate, overload
		r := b.flatOut(c, rolePublisher, roleSubscriber)
		r.readers, r.slow = healthy, slow
		r.task.Pressure = Pressure{
			Work: b.o.Work, Overload: overload, Buffer: b.o.Buffer, Resend: b.o.Resend, Drop: true,
		}
		cells, rounds = append(cells, c), append(rounds, r)
	}
	add(wayAlone, subscribers, 0, "")
	add(wayBeside, subscribers+1, 0, "")
	for _, overload := range b.o.Overloads {
		add(wayCrawler, subscribers, 1, overload)
	}
	for run := range b.o.Runs {
		for i := range cells { // what is first in one run is last in the next
			k := (i + run) % len(cells)
			b.tell(cells[k], run)
			if err := b.once(ctx, cells[k], rounds[k]); err != nil {
				return err
			}
		}
	}
	for i, c := range cells[1:] {
		for _, than := range cells[:min(i+1, 2)] {
			c.Ratios = append(c.Ratios, versus(c, than))
		}
	}
	b.cells = append(b.cells, cells...)
	return nil
}

// Versus holds a cell's runs against those of another that took turns with them: a
// ratio a run.
type Versus struct {
	Of   string    `json:"of"` // the other's way
	Rate *Interval `json:"messages_per_second,omitempty"`
	P50  *Interval `json:"p50,omitempty"`
	P99  *Interval `json:"p99,omitempty"`
}

// versus compares two cells run by run: their times where there is a rate, since they
// are otherwise the length of a queue.
func versus(c, than *Cell) *Versus {
	ratios := func(get func(*Figures) float64) *Interval {
		var v []float64
		for i := range min(len(c.Each), len(than.Each)) {
			if a, b := get(&c.Each[i]), get(&than.Each[i]); a > 0 && b > 0 {
				v = append(v, a/b)
			}
		}
		return interval(v)
	}
	quantile := func(of func(*hist.Quantiles) int64) *Interval {
		return ratios(func(f *Figures) float64 {
			if f.Latency == nil {
				return 0
			}
			return float64(of(f.Latency))
		})
	}
	v := &Versus{Of: than.Way, Rate: ratios(func(f *Figures) float64 { return f.MessagesPerSecond })}
	if c.Rate > 0 {
		v.P50 = quantile(func(q *hist.Quantiles) int64 { return q.P50 })
		v.P99 = quantile(func(q *hist.Quantiles) int64 { return q.P99 })
	}
	return v
}

// against finds the comparison with another way, or nil.
func (c *Cell) against(way string) *Versus {
	for _, v := range c.Ratios {
		if v.Of == way {
			return v
		}
	}
	return nil
}

// ratioTo is a column of ratios to another way's figure.
func ratioTo(head, way string, get func(*Versus) *Interval) column {
	return column{head, func(c *Cell) string {
		v := c.against(way)
		if v == nil {
			return "-"
		}
		return get(v).text()
	}}
}

// overloadColumns are the table's.
func overloadColumns() []column {
	rate := func(v *Versus) *Interval { return v.Rate }
	p99 := func(v *Versus) *Interval { return v.P99 }
	times := quantileColumns("", timeOf)
	return []column{
		colWay, {"overload", func(c *Cell) string { return c.Overload }}, colSize, colSubs, colDue, colRate,
		ratioTo("of alone", wayAlone, rate), ratioTo("of beside a healthy one", wayBeside, rate),
		times[0], times[2], ratioTo("p99 of alone", wayAlone, p99),
		ratioTo("p99 of beside a healthy one", wayBeside, p99),
		colMiss, colPubCPU, colSubCPU,
		{"crawling: took", func(c *Cell) string { return zeroDash(c.SlowMessages) }},
		{"lost", func(c *Cell) string { return zeroDash(c.SlowLost) }},
	}
}

// overloadNotes say what the table can't.
func overloadNotes(cells []*Cell, o *Overloaded, say func(string, ...any)) {
	say("one that crawls sleeps %v a message and buffers %s; the publisher keeps nobody's pace, and drops what finds no room in its resend buffer of %s",
		o.Work, bytesText(o.Buffer), bytesText(o.Resend))
	for _, c := range cells {
		if c.Overload != "" {
			say("overload %s: what the one that crawls can't take %s", c.Overload, overloadWords[c.Overload])
		}
	}
	say("all figures but the last two columns are of the healthy subscribers")
	sayIntervals(cells, say)
}

var overloadWords = map[string]string{
	"block":       "it asks for again when it has room, until the publisher no longer holds it",
	"buffer":      "it asks for again when it has room, until the publisher no longer holds it",
	"drop":        "it drops, the oldest first",
	"drop-newest": "it drops, the newest first",
}

// sayIntervals says what the brackets of ratios are.
func sayIntervals(cells []*Cell, say func(string, ...any)) {
	for _, c := range cells {
		for _, v := range c.Ratios {
			if r := v.Rate; r != nil && r.Runs > 1 {
				say("ratios are taken run by run: the median of %d, and the interval that holds the true one with %.1f %% confidence, from the order of the runs alone",
					r.Runs, 100*r.Confidence)
			}
		}
	}
}
