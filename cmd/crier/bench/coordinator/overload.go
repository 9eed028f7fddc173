package coordinator

import (
	"context"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
)

// overload measures the cost of a crawling subscriber to the healthy ones, by runs with it
// and without it in turn. The publisher keeps nobody's pace, and drops messages that find no
// room.
func (b *coordinator) overload(ctx context.Context) error {
	return b.each(ctx, b.besides)
}

// besides measures one size, rate and number of healthy subscribers: alone, beside one more
// healthy one for comparison, and beside a crawling one with each answer to overload.
func (b *coordinator) besides(ctx context.Context, size, subscribers int, rate float64) error {
	t := &turns{b: b}
	add := func(way string, healthy, slow int, overload string) {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate, c.Overload = rate, overload
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.readers, r.slow = healthy, slow
		r.task.Pressure = job.Pressure{
			Work: b.o.Work, Overload: overload, Buffer: b.o.Buffer,
			ResendBuffer: b.o.ResendBuffer, Drop: true,
		}
		t.add(c, r)
	}
	add(report.WayAlone, subscribers, 0, "")
	add(report.WayBeside, subscribers+1, 0, "")
	for _, overload := range b.o.Overloads {
		add(report.WayCrawler, subscribers, 1, overload)
	}
	if err := t.run(ctx); err != nil {
		return err
	}
	for i, c := range t.cells[1:] {
		hold(c, t.cells[:min(i+1, 2)]...)
	}
	return nil
}
