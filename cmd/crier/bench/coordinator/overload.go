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

// besides measures one size, rate and number of healthy subscribers: alone, beside one more
// healthy one for comparison, and beside a crawling one with each answer to overload.
func (b *coordinator) besides(ctx context.Context, size, subscribers int, rate float64) error {
	var cells []*report.Cell
	var rounds []round
	add := func(way string, healthy, slow int, overload string) {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate, c.Overload = rate, overload
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.readers, r.slow = healthy, slow
		r.task.Pressure = job.Pressure{
			Work: b.o.Work, Overload: overload, Buffer: b.o.Buffer,
			ResendBuffer: b.o.ResendBuffer, Drop: true,
		}
		cells, rounds = append(cells, c), append(rounds, r)
	}
	add(report.WayAlone, subscribers, 0, "")
	add(report.WayBeside, subscribers+1, 0, "")
	for _, overload := range b.o.Overloads {
		add(report.WayCrawler, subscribers, 1, overload)
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
	for i, c := range cells[1:] {
		for _, than := range cells[:min(i+1, 2)] {
			c.Ratios = append(c.Ratios, report.VersusOf(c, than))
		}
	}
	b.cells = append(b.cells, cells...)
	return nil
}
