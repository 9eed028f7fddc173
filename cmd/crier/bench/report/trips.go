package report

import (
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// lessIntact subtracts the median latency of messages that were not lost from that of repaired
// ones, so that it counts from the time when they should have come.
func lessIntact(q *hist.Quantiles, intact int64) *hist.Quantiles {
	less := func(ns int64) int64 { return max(0, ns-intact) }
	return &hist.Quantiles{P50: less(q.P50), P90: less(q.P90), P99: less(q.P99), P999: less(q.P999),
		Max: less(q.Max)}
}

// RecoveryParts returns cells of the same runs for the parts of their recovery, relative to
// the round trip.
func (c *Cell) RecoveryParts(trip *Cell) []*Cell {
	return []*Cell{
		c.part(wayLoss, func(f *Figures) *hist.Quantiles { return f.Repaired }, &c.repaired, trip),
		c.part(wayFound, func(f *Figures) *hist.Quantiles { return f.Found }, &c.found, trip),
		c.part(wayGap, func(f *Figures) *hist.Quantiles { return f.Recovery }, &c.recovery, trip),
	}
}

// part returns a cell of the same runs whose latency begins at the loss, or at the time when
// the gap was found.
func (c *Cell) part(way string, of func(*Figures) *hist.Quantiles, all *hist.Histogram,
	trip *Cell) *Cell {
	p := *c
	p.Way, p.Each = way, nil
	intact := int64(0)
	for _, f := range c.Each {
		if f.Latency = of(&f); way != wayGap && f.Latency != nil && f.Intact != nil {
			f.Latency = lessIntact(f.Latency, f.Intact.P50)
		}
		p.Each = append(p.Each, f)
	}
	p.Figures = medians(p.Each)
	if way != wayGap && p.Intact != nil {
		intact = p.Intact.P50
	}
	p.Trips = trip.Figures.Trip
	p.InTrips = inTrips(all, intact, p.Trips)
	p.latency = *all
	return &p
}

// tripQuantiles are times as multiples of the median round trip. Where one repair in a
// hundred is lost, p98 is of those that needed one request, and p99.9 of those that
// needed two.
type tripQuantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P98  float64 `json:"p98"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func inTrips(h *hist.Histogram, less int64, trips *hist.Quantiles) *tripQuantiles {
	if trips == nil || trips.P50 == 0 || h.Count() == 0 {
		return nil
	}
	of := func(
		d time.Duration) float64 {
		return float64(max(0, int64(d)-less)) / float64(trips.P50)
	}
	return &tripQuantiles{
		P50: of(h.Quantile(500)), P90: of(h.Quantile(900)), P98: of(h.Quantile(980)),
		P99:  of(h.Quantile(990)),
		P999: of(h.Quantile(999)), Max: of(h.Max()),
	}
}

// tripColumns returns the multiples of the round trip.
func tripColumns() []column {
	col := func(head string, get func(*tripQuantiles) float64) column {
		return figure(head, func(c *Cell) string {
			if c.InTrips == nil {
				return "-"
			}
			return cli.Rounded(get(c.InTrips))
		})
	}
	return group("in round trips",
		col("p50", func(q *tripQuantiles) float64 { return q.P50 }),
		col("p90", func(q *tripQuantiles) float64 { return q.P90 }),
		col("p98", func(q *tripQuantiles) float64 { return q.P98 }),
		col("p99.9", func(q *tripQuantiles) float64 { return q.P999 }))
}
