package coordinator

import (
	"context"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
)

// record measures what a recorder costs the live path, what it takes itself, and what a log at
// the publisher costs, in runs that take turns.
func (b *coordinator) record(ctx context.Context) error {
	return b.each(ctx, b.recorded)
}

// recorded measures one size, rate and number of subscribers.
func (b *coordinator) recorded(ctx context.Context, size, subscribers int, rate float64) error {
	fsync, err := b.o.Fsync.MarshalText()
	if err != nil {
		return err
	}
	t := &turns{b: b}
	add := func(way string, change func(*round)) *report.Cell {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate = rate
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.task.Recording = job.Recording{Dir: b.o.Dir, Keep: b.o.Keep, Fsync: string(fsync)}
		change(&r)
		c.Subscribers = r.readers
		return t.add(c, r)
	}
	alone := add(report.WayAlone, func(*round) {})
	recording := add(report.WayRecording, func(r *round) {
		r.reader, r.readers = job.RoleRecorder, 1
	})
	own := add(report.WayOwnLog, func(r *round) { r.task.Recording.Own = true })
	aside := add(report.WayAside, func(r *round) { r.slow, r.aside = 1, job.RoleAside })
	beside := add(report.WayRecorder, func(r *round) { r.slow, r.aside = 1, job.RoleRecorder })
	if err := t.run(ctx); err != nil {
		return err
	}
	hold(recording, alone)
	hold(own, alone)
	hold(beside, aside)
	return nil
}
