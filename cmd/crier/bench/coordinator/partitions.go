package coordinator

import (
	"context"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
)

const (
	// benchKey and benchHeader are in bytes of a key, and of a header's value.
	benchKey    = 8
	benchHeader = 8
	// busyFor is how long a publisher sends before it is watched.
	busyFor = 200 * time.Millisecond
)

// partitions measures a subscriber of all partitions of a topic against one of a topic of one, in
// runs that take turns, and what a publisher sends that has nothing to say.
func (b *coordinator) partitions(ctx context.Context) error { return b.each(ctx, b.parted) }

// parted measures one size, rate and number of subscribers.
func (b *coordinator) parted(ctx context.Context, size, subscribers int, rate float64) error {
	t := &turns{b: b}
	shaped := func(way string, shape job.Shape) (*report.Cell, round) {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate = rate
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.task.Shape, c.Batch = shape, 1
		return c, r
	}
	one := job.Shape{Key: benchKey}
	many := job.Shape{Key: benchKey, Partitions: b.o.Partitions, Groups: b.o.Groups}
	alone := t.add(shaped(report.WayPartition, one))
	all := t.add(shaped(report.WayPartitions(b.o.Partitions), many))
	if err := t.run(ctx); err != nil {
		return err
	}
	hold(all, alone)
	if b.o.Idle == 0 {
		return nil
	}
	for _, s := range []struct {
		of    *report.Cell
		shape job.Shape
	}{{alone, one}, {all, many}} {
		s.shape.Idle = b.o.Idle
		c, r := shaped(report.WayIdle(s.of.Way), s.shape)
		r.task.Duration = busyFor
		r.sends = busyFor + job.CalmFor + b.o.Idle
		b.tell(c, 0)
		if err := b.once(ctx, c, r); err != nil {
			return err
		}
		c.Method = "nothing is published"
		b.cells = append(b.cells, c)
	}
	return nil
}

// keys measures messages with a key and a header against plain ones with as many bytes on the wire,
// in runs that take turns.
func (b *coordinator) keys(ctx context.Context) error { return b.each(ctx, b.keyed) }

// keyed measures one size, rate and number of subscribers.
func (b *coordinator) keyed(ctx context.Context, size, subscribers int, rate float64) error {
	t := &turns{b: b}
	shape := job.Shape{Key: benchKey, Header: benchHeader}
	more, err := shape.Overhead()
	if err != nil {
		return err
	}
	add := func(way string, size int, shape job.Shape) *report.Cell {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate = rate
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.task.Shape, c.Batch = shape, 1
		return t.add(c, r)
	}
	plain := add(report.WayPlain, size+more, job.Shape{Alone: true})
	keyed := add(report.WayKeyed, size, shape)
	if err := t.run(ctx); err != nil {
		return err
	}
	hold(keyed, plain)
	return nil
}

// feeds measures two feeds against one, in runs that take turns.
func (b *coordinator) feeds(ctx context.Context) error { return b.each(ctx, b.fed) }

// fed measures one size, rate and number of subscribers.
func (b *coordinator) fed(ctx context.Context, size, subscribers int, rate float64) error {
	t := &turns{b: b}
	add := func(way string, feeds int) *report.Cell {
		c := b.cell(report.SystemCrier, way, size, subscribers, 1)
		c.Rate = rate
		r := b.flatOut(c, job.RolePublisher, job.RoleSubscriber)
		r.task.Shape.Feeds = feeds
		return t.add(c, r)
	}
	one, two := add(report.WayFeed, 0), add(report.WayFeeds, 2)
	if err := t.run(ctx); err != nil {
		return err
	}
	hold(two, one)
	return nil
}
