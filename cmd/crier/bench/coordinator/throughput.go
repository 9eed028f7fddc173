package coordinator

import (
	"context"
	"fmt"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
)

// throughput measures the messages a second at the slowest subscriber.
func (b *coordinator) throughput(ctx context.Context) error {
	for _, size := range b.o.Sizes {
		for _, subscribers := range b.o.Subscribers {
			for _, publishers := range b.o.Publishers {
				c := b.cell(report.SystemCrier, "", size, subscribers, publishers)
				if err := b.repeat(ctx, c, b.flatOut(c, job.RolePublisher,
					job.RoleSubscriber)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// flatOut returns a round in which publishers send as fast as their slowest
// subscriber takes it.
func (b *coordinator) flatOut(c *report.Cell, writer, reader string) round {
	c.Batch = job.BatchOf(c.Size)
	return round{
		task: job.Task{
			Size: c.Size, Rate: c.Rate, Duration: b.o.Duration, Offload: b.o.Offload,
			Drop: b.o.Drop, Wait: job.WaitBlock,
		},
		writer: writer, reader: reader, writers: c.Publishers, readers: c.Subscribers,
		inFlight: b.o.InFlight,
	}
}

// repeat runs a round as often as the options say, and keeps the cell.
func (b *coordinator) repeat(ctx context.Context, c *report.Cell, r round) error {
	for run := range b.o.Runs {
		b.tell(c, run)
		if err := b.once(ctx, c, r); err != nil {
			return err
		}
	}
	b.cells = append(b.cells, c)
	return nil
}

// once runs a round and adds it to a cell.
func (b *coordinator) once(ctx context.Context, c *report.Cell, r round) error {
	out, err := b.play(ctx, r)
	if err != nil {
		return err
	}
	if c.Rate == 0 {
		c.Window = out.Window
		c.Method = "held back by the slowest subscriber"
		if out.Shared {
			c.Method = "held back by what all workers have done"
		}
	} else {
		c.Method = fmt.Sprintf("due at even times, %s", cli.PerSecond(c.Rate))
	}
	b.env.Granted(out)
	c.AddRun(out, report.FiguresOf(out, c.Size))
	b.note(c)
	return nil
}
