package bench

import (
	"context"
	"fmt"
	"time"

	"crier/cmd/crier/hist"
)

// Ways of recovery cells.
const (
	wayLoss = "loss to delivery"
	wayGap  = "gap to repair"
)

// recovery measures how long a lost message takes to be delivered after all,
// against the round trip of the same network.
func (b *bench) recovery(ctx context.Context) error {
	for _, size := range b.o.Sizes {
		trip := b.latencyCell(systemCrier, wayTrip, size, 1, waitBlock)
		trip.Drop = 0
		lossless := b.exchange(trip)
		for run := range b.o.Runs {
			b.tell(trip, run)
			if err := b.timed(ctx, trip, lossless); err != nil {
				return err
			}
		}
		b.cells = append(b.cells, trip)
		for _, rate := range b.o.Rates {
			for _, subscribers := range b.o.Subscribers {
				if err := b.lossy(ctx, trip, size, subscribers, rate); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// lossy measures one cell under loss, and keeps it in its parts.
func (b *bench) lossy(ctx context.Context, trip *Cell, size, subscribers int, rate float64) error {
	all := b.latencyCell(systemCrier, wayOne, size, subscribers, waitBlock)
	all.Rate = rate
	r := b.schedule(all)
	for run := range b.o.Runs {
		b.tell(all, run)
		if err := b.once(ctx, all, r); err != nil {
			return err
		}
	}
	b.cells = append(b.cells, all, all.part(wayLoss, lossToDelivery, trip), all.part(wayGap, func(f *Figures) *hist.Quantiles { return f.Recovery }, trip))
	return nil
}

// lossToDelivery is the latency of repaired messages, less what a message that
// was not lost takes at the median: its loss is when it should have come.
func lossToDelivery(f *Figures) *hist.Quantiles {
	if f.Repaired == nil || f.Intact == nil {
		return nil
	}
	less := func(ns int64) int64 { return max(0, ns-f.Intact.P50) }
	q := f.Repaired
	return &hist.Quantiles{P50: less(q.P50), P90: less(q.P90), P99: less(q.P99), P999: less(q.P999), Max: less(q.Max)}
}

// part is a cell of the same runs whose latency is a part of theirs.
func (c *Cell) part(way string, of func(*Figures) *hist.Quantiles, trip *Cell) *Cell {
	p := *c
	p.Way, p.Each = way, nil
	for _, f := range c.Each {
		f.Latency = of(&f)
		p.Each = append(p.Each, f)
	}
	p.Figures = medians(p.Each)
	p.Trips = trip.Figures.Trip
	p.latency = c.repaired
	if way == wayGap {
		p.latency = c.recovery
	}
	return &p
}

// tripText is a part's quantile as a multiple of the median round trip.
func tripText(c *Cell, get func(*hist.Quantiles) int64) string {
	if c.Trips == nil || c.Trips.P50 == 0 || c.Latency == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(time.Duration(get(c.Latency)))/float64(c.Trips.P50))
}
