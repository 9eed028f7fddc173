package coordinator

import (
	"context"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
)

// record measures what a recorder costs the live path, what it takes itself, and what a log at
// the publisher costs, in runs that take turns.
func (b *coordinator) record(ctx context.Context) error {
	for _, size := range b.o.Sizes {
		for _, rate := range b.o.Rates {
			for _, subscribers := range b.o.Subscribers {
				if err := b.recorded(ctx, size, subscribers, rate); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// recorded measures one size, rate and number of subscribers.
func (b *coordinator) recorded(ctx context.Context, size, subscribers int, rate float64) error {
	fsync, err := b.o.Fsync.MarshalText()
	if err != nil {
		return err
	}
	var cells []*report.Cell
	var rounds []round
	add := func(way string, change func(*round)) *report.Cell {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate = rate
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.task.Recording = job.Recording{Dir: b.o.Dir, Keep: b.o.Keep, Fsync: string(fsync)}
		change(&r)
		c.Subscribers = r.readers
		cells, rounds = append(cells, c), append(rounds, r)
		return c
	}
	alone := add(report.WayAlone, func(*round) {})
	recording := add(report.WayRecording, func(r *round) {
		r.reader, r.readers = job.RoleRecorder, 1
	})
	own := add(report.WayOwnLog, func(r *round) { r.task.Recording.Own = true })
	aside := add(report.WayAside, func(r *round) { r.slow, r.aside = 1, job.RoleAside })
	beside := add(report.WayRecorder, func(r *round) { r.slow, r.aside = 1, job.RoleRecorder })
	for run := range b.o.Runs {
		for i := range cells { // the first of one run is the last of the next
			k := (i + run) % len(cells)
			b.tell(cells[k], run)
			if err := b.once(ctx, cells[k], rounds[k]); err != nil {
				return err
			}
		}
	}
	recording.Ratios = []*report.Versus{report.VersusOf(recording, alone)}
	own.Ratios = []*report.Versus{report.VersusOf(own, alone)}
	beside.Ratios = []*report.Versus{report.VersusOf(beside, aside)}
	b.cells = append(b.cells, cells...)
	return nil
}
