package bench

import (
	"context"
	"fmt"
)

// throughput measures how many messages a second the slowest subscriber gets.
func (b *bench) throughput(ctx context.Context) error {
	for _, size := range b.o.Sizes {
		for _, subscribers := range b.o.Subscribers {
			for _, publishers := range b.o.Publishers {
				c := b.cell(systemCrier, "", size, subscribers, publishers)
				if err := b.repeat(ctx, c, b.flatOut(c, rolePublisher, roleSubscriber)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// The systems that are measured.
const (
	systemCrier = "crier"
	systemBare  = "bare"
	systemTCP   = "tcp"
)

// flatOut is a round in which publishers send as fast as their slowest
// subscriber takes it.
func (b *bench) flatOut(c *Cell, writer, reader string) round {
	c.Batch = batchOf(c.Size)
	return round{
		task: Task{
			Size: c.Size, Rate: c.Rate, Duration: b.o.Duration, Offload: b.o.Offload, Drop: b.o.Drop, Wait: waitBlock,
		},
		writer: writer, reader: reader, writers: c.Publishers, readers: c.Subscribers, inFlight: b.o.InFlight,
	}
}

// repeat runs a round as often as the options say, and keeps the cell.
func (b *bench) repeat(ctx context.Context, c *Cell, r round) error {
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
func (b *bench) once(ctx context.Context, c *Cell, r round) error {
	out, err := b.play(ctx, r)
	if err != nil {
		return err
	}
	if c.Rate == 0 {
		c.Window = out.window
		c.Method = "held back by the slowest subscriber"
	} else {
		c.Method = fmt.Sprintf("due at even times, %s a second", countText(c.Rate))
	}
	b.env.granted(out)
	c.add(out, out.figures(c.Size))
	return nil
}
