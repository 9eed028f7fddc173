package coordinator

import (
	"context"

	"crier/cmd/crier/bench/report"
)

// turns are cells whose runs take turns, so that each can be held against its neighbours.
type turns struct {
	b      *coordinator
	cells  []*report.Cell
	rounds []round
}

// add adds a cell and its round.
func (t *turns) add(c *report.Cell, r round) *report.Cell {
	t.cells, t.rounds = append(t.cells, c), append(t.rounds, r)
	return c
}

// run runs each round as often as the options say, and keeps the cells.
func (t *turns) run(ctx context.Context) error {
	for run := range t.b.o.Runs {
		for i := range t.cells { // the first of one run is the last of the next
			k := (i + run) % len(t.cells)
			t.b.tell(t.cells[k], run)
			if err := t.b.once(ctx, t.cells[k], t.rounds[k]); err != nil {
				return err
			}
		}
	}
	t.b.cells = append(t.b.cells, t.cells...)
	return nil
}

// each measures all combinations of the options' sizes, rates and numbers of subscribers.
func (b *coordinator) each(ctx context.Context,
	measure func(ctx context.Context, size, subscribers int, rate float64) error) error {
	for _, size := range b.o.Sizes {
		for _, rate := range b.o.Rates {
			for _, subscribers := range b.o.Subscribers {
				if err := measure(ctx, size, subscribers, rate); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// hold holds a cell against others.
func hold(c *report.Cell, against ...*report.Cell) {
	for _, than := range against {
		c.Ratios = append(c.Ratios, report.VersusOf(c, than))
	}
}
