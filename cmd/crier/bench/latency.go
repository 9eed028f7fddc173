package bench

import (
	"context"

	"crier/cmd/crier/hist"
)

// Ways of latency cells.
const (
	wayOne  = "one way"
	wayTrip = "round trip"
)

// latency measures how late messages come, and beside it the same with bare
// sockets and the same waiting, run by run in turn.
func (b *bench) latency(ctx context.Context) error {
	if b.o.Remote != "" {
		return b.remote(ctx)
	}
	for _, wait := range b.o.Waits {
		for _, size := range b.o.Sizes {
			for _, rate := range b.o.Rates {
				for _, subscribers := range b.o.Subscribers {
					crier := b.latencyCell(systemCrier, wayOne, size, subscribers, wait)
					crier.Rate = rate
					if err := b.pairs(ctx, crier, b.schedule(crier)); err != nil {
						return err
					}
				}
			}
			if b.o.Drop == 0 {
				crier := b.latencyCell(systemCrier, wayTrip, size, 1, wait)
				if err := b.pairs(ctx, crier, b.exchange(crier)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (b *bench) latencyCell(system, way string, size, subscribers int, wait string) *Cell {
	c := b.cell(system, way, size, subscribers, 1)
	c.Wait = wait
	return c
}

// schedule is a round in which messages are sent when they are due.
func (b *bench) schedule(c *Cell) round {
	return round{
		task: Task{
			Size: c.Size, Rate: c.Rate, Duration: b.o.Duration, Wait: c.Wait, Offload: b.o.Offload, Drop: b.o.Drop,
		},
		writer: rolePublisher, reader: roleSubscriber, writers: 1, readers: c.Subscribers, pinned: c.Wait == waitSpin,
	}
}

// exchange is a round in which each message is answered before the next.
func (b *bench) exchange(c *Cell) round {
	return round{
		task:   Task{Size: c.Size, Duration: b.o.Duration, Wait: c.Wait, Offload: b.o.Offload},
		writer: rolePing, reader: rolePong, writers: 1, readers: 1, pinned: c.Wait == waitSpin,
	}
}

// bareRoles are the roles without crier.
var bareRoles = map[string]string{
	rolePublisher: roleBareSender, roleSubscriber: roleBareReader, rolePing: roleBarePing, rolePong: roleBarePong,
}

// pairs runs a round with crier and without, in turn, and keeps both cells. With
// loss there is nothing to compare with: bare sockets don't repair.
func (b *bench) pairs(ctx context.Context, c *Cell, r round) error {
	bare := *c
	bare.System = systemBare
	switch c.Wait { // plain sockets have no such ways
	case waitAdaptive:
		bare.Wait = waitBlock
	case waitBoth:
		bare.Wait = waitSpin
	}
	bareRound := r
	bareRound.task.Wait, bareRound.pinned = bare.Wait, bare.Wait == waitSpin
	bareRound.writer, bareRound.reader = bareRoles[r.writer], bareRoles[r.reader]
	compared := hasBare && b.o.Drop == 0 && !(b.o.MTU > 0 && c.Size > b.o.MTU-28) && c.Size <= largestBare
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
		c.Bare = ratio(c, &bare)
		b.cells = append(b.cells, &bare)
	}
	b.cells = append(b.cells, c)
	return nil
}

// largestBare is the largest message that a bare datagram carries here.
const largestBare = 1472

// timed runs a round of a latency cell.
func (b *bench) timed(ctx context.Context, c *Cell, r round) error {
	if c.Way == wayOne {
		return b.once(ctx, c, r)
	}
	out, err := b.play(ctx, r)
	if err != nil {
		return err
	}
	b.env.granted(out)
	c.addTrip(out)
	return nil
}

// addTrip adds a run of round trips, which the one that asks has timed.
func (c *Cell) addTrip(out *outcome) {
	c.Method = "each message is sent when the one before was answered"
	trip := out.writers[0].Latency
	f := out.figures(c.Size)
	f.Trip, f.MessagesPerSecond, f.BytesPerSecond = trip.Quantiles(), out.writers[0].Rate, out.writers[0].Rate*float64(c.Size)
	c.add(out, f)
	merge(&c.latency, trip)
}

// ratio compares two cells run by run.
func ratio(c, bare *Cell) *Ratio {
	var p50, p99 []float64
	for i := range c.Each {
		a, b := c.Each[i].time(), bare.Each[i].time()
		if a == nil || b == nil || b.P50 == 0 || b.P99 == 0 {
			continue
		}
		p50 = append(p50, float64(a.P50)/float64(b.P50))
		p99 = append(p99, float64(a.P99)/float64(b.P99))
	}
	if len(p50) == 0 {
		return nil
	}
	return &Ratio{P50: spread(p50), P99: spread(p99), Note: "the bare exchange in Go, waiting by " + bare.Wait + ", runs in turn"}
}

// time is what a latency cell's run is about.
func (f *Figures) time() *hist.Quantiles {
	if f.Trip != nil {
		return f.Trip
	}
	return f.Latency
}
