package coordinator

import (
	"context"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
)

// served bounds a run in which others are served: they must lack enough for all of it.
const served = 2 * time.Second

// history measures what a history costs the subscriber that keeps it, in runs that take turns.
func (b *coordinator) history(ctx context.Context) error {
	return b.each(ctx, b.kept)
}

// kept measures one size, rate and number of subscribers.
func (b *coordinator) kept(ctx context.Context, size, subscribers int, rate float64) error {
	t := &turns{b: b}
	add := func(way string, history int) *report.Cell {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate = rate
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.task.History = history
		return t.add(c, r)
	}
	without := add(report.WayNoHistory, -1)
	keeping := add(report.WayHistory, b.o.History)
	serve := func(way string, lacks bool) *report.Cell {
		c := add(way, 2*b.o.Burst)
		r := &t.rounds[len(t.rounds)-1]
		r.slow, r.aside = 1, job.RoleSurvivor
		r.task.Survival = job.Survival{Burst: b.o.Burst, Lacks: lacks}
		r.task.Duration = min(r.task.Duration, served)
		return c
	}
	var unasked, serving *report.Cell
	if rate > 0 {
		unasked, serving = serve(report.WayUnasked, false), serve(report.WayServing, true)
	}
	if err := t.run(ctx); err != nil {
		return err
	}
	hold(keeping, without)
	if serving != nil {
		hold(serving, unasked)
	}
	return nil
}
