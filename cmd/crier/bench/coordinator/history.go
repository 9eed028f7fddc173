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
	for _, size := range b.o.Sizes {
		for _, rate := range b.o.Rates {
			for _, subscribers := range b.o.Subscribers {
				if err := b.kept(ctx, size, subscribers, rate); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// kept measures one size, rate and number of subscribers.
func (b *coordinator) kept(ctx context.Context, size, subscribers int, rate float64) error {
	var cells []*report.Cell
	var rounds []round
	add := func(way string, history int) *report.Cell {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate = rate
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.task.History = history
		cells, rounds = append(cells, c), append(rounds, r)
		return c
	}
	without := add(report.WayNoHistory, -1)
	keeping := add(report.WayHistory, b.o.History)
	serve := func(way string, lacks bool) *report.Cell {
		c := add(way, 2*b.o.Burst)
		r := &rounds[len(rounds)-1]
		r.slow, r.aside = 1, job.RoleSurvivor
		r.task.Survival = job.Survival{Burst: b.o.Burst, Lacks: lacks}
		r.task.Duration = min(r.task.Duration, served)
		return c
	}
	var unasked, serving *report.Cell
	if rate > 0 {
		unasked, serving = serve(report.WayUnasked, false), serve(report.WayServing, true)
	}
	for run := range b.o.Runs {
		for i := range cells { // the first of one run is the last of the next
			k := (i + run) % len(cells)
			b.tell(cells[k], run)
			if err := b.once(ctx, cells[k], rounds[k]); err != nil {
				return err
			}
		}
	}
	keeping.Ratios = []*report.Versus{report.VersusOf(keeping, without)}
	if serving != nil {
		serving.Ratios = []*report.Versus{report.VersusOf(serving, unasked)}
	}
	b.cells = append(b.cells, cells...)
	return nil
}
