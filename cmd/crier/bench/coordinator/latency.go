package coordinator

import (
	"context"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
)

// latency measures the delay of messages, and, in turn, of the same messages over bare
// sockets that wait in the same way.
func (b *coordinator) latency(ctx context.Context) error {
	if b.o.Remote != "" {
		return b.remote(ctx)
	}
	for _, wait := range b.o.Waits {
		for _, size := range b.o.Sizes {
			for _, rate := range b.o.Rates {
				for _, subscribers := range b.o.Subscribers {
					crier := b.latencyCell(report.SystemCrier, report.WayOne, size,
						subscribers, wait)
					crier.Rate = rate
					if err := b.pairs(ctx, crier, b.schedule(crier)); err != nil {
						return err
					}
				}
			}
			if b.o.Drop == 0 {
				crier := b.latencyCell(report.SystemCrier, report.WayTrip, size, 1, wait)
				if err := b.pairs(ctx, crier, b.exchange(crier)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (b *coordinator) latencyCell(system, way string, size, subscribers int,
	wait string) *report.Cell {
	c := b.cell(system, way, size, subscribers, 1)
	c.Wait = wait
	return c
}

// schedule returns a round in which messages are sent when they are due.
func (b *coordinator) schedule(c *report.Cell) round {
	return round{
		task: job.Task{
			Size: c.Size, Rate: c.Rate, Duration: b.o.Duration, Wait: c.Wait, Offload: b.o.Offload,
			Drop: b.o.Drop,
		},
		writer: job.RolePublisher, reader: job.RoleSubscriber, writers: 1, readers: c.Subscribers,
		pinned: c.Wait == job.WaitSpin,
	}
}

// exchange returns a round in which each message is answered before the next.
func (b *coordinator) exchange(c *report.Cell) round {
	return round{
		task:   job.Task{Size: c.Size, Duration: b.o.Duration, Wait: c.Wait, Offload: b.o.Offload},
		writer: job.RolePing, reader: job.RolePong, writers: 1, readers: 1,
		pinned: c.Wait == job.WaitSpin,
	}
}

// bareRoles are the roles without crier.
var bareRoles = map[string]string{
	job.RolePublisher: job.RoleBareSender, job.RoleSubscriber: job.RoleBareReader,
	job.RolePing: job.RoleBarePing, job.RolePong: job.RoleBarePong,
}

// pairs runs a round with crier and one without, in turn, and keeps both cells. Under loss it
// runs crier alone: bare sockets don't repair.
func (b *coordinator) pairs(ctx context.Context, c *report.Cell, r round) error {
	bare := *c
	bare.System = report.SystemBare
	switch c.Wait { // plain sockets have no such ways
	case job.WaitAdaptive:
		bare.Wait = job.WaitBlock
	case job.WaitBoth:
		bare.Wait = job.WaitSpin
	}
	bareRound := r
	bareRound.task.Wait, bareRound.pinned = bare.Wait, bare.Wait == job.WaitSpin
	bareRound.writer, bareRound.reader = bareRoles[r.writer], bareRoles[r.reader]
	compared := job.HasBare && b.o.Drop == 0 && !(b.o.MTU > 0 && c.Size > b.o.MTU-28) &&
		c.Size <= largestBare
	for run := range b.o.Runs {
		b.tell(c, run)
		if compared {
			if err := b.timed(ctx, &bare, bareRound); err != nil {
				return err
			}
		}
		if err := b.timed(ctx, c, r); err != nil {
			return err
		}
	}
	if compared {
		c.Bare = report.RatioOf(c, &bare)
		b.cells = append(b.cells, &bare)
	}
	b.cells = append(b.cells, c)
	return nil
}

// largestBare is the largest message that a bare datagram carries here.
const largestBare = 1472

// timed runs a round of a latency cell.
func (b *coordinator) timed(ctx context.Context, c *report.Cell, r round) error {
	if c.Way == report.WayOne {
		return b.once(ctx, c, r)
	}
	out, err := b.play(ctx, r)
	if err != nil {
		return err
	}
	b.env.Granted(out)
	c.AddTrip(out)
	b.note(c)
	return nil
}
