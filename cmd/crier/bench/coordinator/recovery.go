package coordinator

import (
	"context"

	"crier/cmd/crier/bench/report"
)

// recovery measures the time from a loss to the delivery, relative to the round trip of the
// same network.
func (b *coordinator) recovery(ctx context.Context) error {
	for _, wait := range b.o.Waits {
		for _, size := range b.o.Sizes {
			if err := b.recoveryOf(ctx, wait, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// recoveryOf measures messages of a size, and their round trips, for a way of waiting.
func (b *coordinator) recoveryOf(ctx context.Context, wait string, size int) error {
	trip := b.latencyCell(report.SystemCrier, report.WayTrip, size, 1, wait)
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
			if err := b.lossy(ctx, trip, subscribers, rate); err != nil {
				return err
			}
		}
	}
	return nil
}

// lossy measures a cell under loss, and keeps it and its parts.
func (b *coordinator) lossy(ctx context.Context, trip *report.Cell, subscribers int,
	rate float64) error {
	all := b.latencyCell(report.SystemCrier, report.WayOne, trip.Size, subscribers, trip.Wait)
	all.Rate = rate
	r := b.schedule(all)
	for run := range b.o.Runs {
		b.tell(all, run)
		if err := b.once(ctx, all, r); err != nil {
			return err
		}
	}
	b.cells = append(append(b.cells, all), all.RecoveryParts(trip)...)
	return nil
}
