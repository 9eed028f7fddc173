package coordinator

import (
	"context"
	"fmt"
	"sync"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/hist"
)

const (
	// movePoll is the time between two looks at the tenures, and moveQuiet that without a change
	// after which they are settled.
	movePoll  = 5 * time.Millisecond
	moveQuiet = 400 * time.Millisecond
	// movePatience bounds a move, beyond the lease.
	movePatience = 20 * time.Second
	// moveLongest bounds a round.
	moveLongest = time.Hour
	// rolloutRest is the end of a run in which nobody moves.
	rolloutRest = time.Second
)

// tenancy is who has which partition, as the workers tell it. It is safe for concurrent use.
type tenancy struct {
	mu      sync.Mutex
	had     map[uint32][]*tenure // by partition, in the order of their epochs
	changed time.Time
}

// tenure is one of a worker.
type tenure struct {
	job.Tenure
	by   *process
	dead bool
}

// begin forgets the tenures of the round before.
func (t *tenancy) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.had = map[uint32][]*tenure{}
}

// told notes what a worker tells.
func (t *tenancy) told(by *process, now *job.Tenure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed = time.Now()
	list := t.had[now.Partition]
	at := len(list)
	for at > 0 && list[at-1].Epoch >= now.Epoch {
		at--
	}
	if at < len(list) && list[at].Epoch == now.Epoch {
		list[at].Tenure = *now
		return
	}
	list = append(list, nil)
	copy(list[at+1:], list[at:])
	list[at] = &tenure{Tenure: *now, by: by}
	t.had[now.Partition] = list
}

// settled reports whether each partition has had a message where it is, all of the workers have
// one, and nothing has changed for a time.
func (t *tenancy) settled(partitions, workers int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.had) < partitions || time.Since(t.changed) < moveQuiet {
		return false
	}
	owners := map[*process]bool{}
	for _, list := range t.had {
		last := list[len(list)-1]
		if last.First == 0 || last.Revoked != 0 || last.dead {
			return false
		}
		owners[last.by] = true
	}
	return len(owners) == workers
}

// of returns what a worker has, and marks it dead.
func (t *tenancy) of(p *process) (list []*tenure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, had := range t.had {
		if last := had[len(had)-1]; last.by == p && last.Revoked == 0 {
			last.dead = true
			list = append(list, last)
		}
	}
	return list
}

// after returns the first message of a partition after a tenure, in nanoseconds since 1970; 0 if
// there was none yet.
func (t *tenancy) after(of *tenure) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, next := range t.had[of.Partition] {
		if next.Epoch > of.Epoch && next.First != 0 {
			return next.First
		}
	}
	return 0
}

// begins returns when the next worker could go on: as it had the first message, or as it was told
// that it has the partition where that message was due only later.
func (t *tenure) begins() int64 {
	if t.Due > t.Assigned {
		return t.Assigned
	}
	return t.First
}

// graceful adds the times from a wish to its end, apart where a worker left.
func (t *tenancy) graceful(leaves, joins *hist.Histogram) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, list := range t.had {
		for i, was := range list[:len(list)-1] {
			next := list[i+1]
			if was.Revoking == 0 || next.First == 0 {
				continue
			}
			into := joins
			if was.Left {
				into = leaves
			}
			into.Record(time.Duration(max(0, next.begins()-was.Revoking)))
		}
	}
}

// until waits for a condition.
func until(ctx context.Context, what string, patience time.Duration, is func() bool) error {
	for begun := time.Now(); !is(); time.Sleep(movePoll) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if time.Since(begun) > patience {
			return fmt.Errorf("after %v %s", patience, what)
		}
	}
	return nil
}

// mover plays the moves of a round.
type mover struct {
	*tenancy
	o       *Options
	workers int
	cast    *cast
}

// settle waits until all is settled.
func (m *mover) settle(ctx context.Context, workers int) error {
	return until(ctx, fmt.Sprintf("%d workers don't share %d partitions", workers, m.o.Partitions),
		m.o.Lease+movePatience, func() bool { return m.settled(m.o.Partitions, workers) })
}

// step tells a worker a step and waits for its answer.
func (m *mover) step(ctx context.Context, i int, step string) error {
	p := m.cast.readers[i]
	if err := p.Say(&job.Message{Step: step}); err != nil {
		return p.failure(err)
	}
	_, err := p.expect(ctx, job.StepReady)
	return err
}

// again has a worker leave and join.
func (m *mover) again(ctx context.Context, i int) error {
	if err := m.step(ctx, i, job.StepLeave); err != nil {
		return err
	}
	if err := m.settle(ctx, m.workers-1); err != nil {
		return err
	}
	if err := m.step(ctx, i, job.StepJoin); err != nil {
		return err
	}
	return m.settle(ctx, m.workers)
}

// kill kills a worker, adds how long its partitions took, and puts another in its place.
func (m *mover) kill(ctx context.Context, i int, times *hist.Histogram) error {
	p := m.cast.readers[i]
	had := m.of(p)
	at := time.Now().UnixNano()
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	for _, t := range had {
		var first int64
		if err := until(ctx, fmt.Sprintf("nobody has partition %d", t.Partition),
			m.o.Lease+movePatience, func() bool {
				first = m.after(t)
				return first != 0
			}); err != nil {
			return err
		}
		times.Record(time.Duration(first - at))
	}
	p, err := m.cast.start(i)
	if err != nil {
		return err
	}
	m.cast.readers[i] = p
	if _, err := p.expect(ctx, job.StepReady); err != nil {
		return err
	}
	if err := p.Say(&job.Message{Step: job.StepGo}); err != nil {
		return p.failure(err)
	}
	return m.settle(ctx, m.workers)
}

// moves returns a cell about partitions that move, and its round, in which act is played.
func (b *coordinator) moves(way string, size, workers int, rate float64,
	act func(context.Context, *mover) error) (*report.Cell, round, *mover) {
	c, r := b.shared(report.SystemCrier, way, job.SharePartition, size, workers, rate)
	r.reader, r.task.Duration = job.RoleMover, moveLongest // until it is told to stop
	m := &mover{tenancy: &tenancy{}, o: b.o, workers: workers}
	r.told, r.begin = m.told, m.begin
	r.during = func(ctx context.Context, cast *cast) error {
		m.cast = cast
		if err := m.settle(ctx, workers); err != nil {
			return err
		}
		return act(ctx, m)
	}
	return c, r, m
}

// acted measures what becomes of partitions as workers come and go.
func (b *coordinator) acted(ctx context.Context, size, workers int, rate float64) error {
	if b.o.Act == ActRollout {
		return b.rollout(ctx, size, workers, rate)
	}
	var leaves, joins, killed hist.Histogram
	way, play := report.WayLeaves, func(ctx context.Context, m *mover, i int) error {
		return m.again(ctx, i)
	}
	if b.o.Act == ActKill {
		way, play = report.WayKilled, func(ctx context.Context, m *mover, i int) error {
			return m.kill(ctx, i, &killed)
		}
	}
	joined := b.cell(report.SystemCrier, report.WayJoins, size, workers, 1)
	joined.Rate = rate
	var first *report.Cell
	for run := range b.o.Runs {
		leaves, joins, killed = hist.Histogram{}, hist.Histogram{}, hist.Histogram{}
		c, r, m := b.moves(way, size, workers, rate, func(ctx context.Context, m *mover) error {
			for n := range b.o.Samples {
				if err := play(ctx, m, n%workers); err != nil {
					return err
				}
			}
			return nil
		})
		if first == nil {
			first = c
		}
		b.tell(first, run)
		out, err := b.play(ctx, r)
		if err != nil {
			return err
		}
		b.env.Granted(out)
		first.Method = fmt.Sprintf("%d workers in turn, a lease of %v", b.o.Samples, b.o.Lease)
		joined.Method = first.Method
		if b.o.Act == ActKill {
			first.AddMoves(out, &killed)
			continue
		}
		m.graceful(&leaves, &joins)
		first.AddMoves(out, &leaves)
		joined.AddMoves(out, &joins)
	}
	b.cells = append(b.cells, first)
	if b.o.Act == ActHandOver {
		b.cells = append(b.cells, joined)
	}
	return nil
}

// rollout measures partitions that don't move, while nobody moves and while all workers leave and
// join again, in runs that take turns.
func (b *coordinator) rollout(ctx context.Context, size, workers int, rate float64) error {
	t := &turns{b: b}
	wait := func(ctx context.Context, d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	add := func(way string, act func(context.Context, *mover) error) *report.Cell {
		c, r, _ := b.moves(way, size, workers, rate, act)
		return t.add(c, r)
	}
	rest := add(report.WayAtRest, func(ctx context.Context, _ *mover) error {
		return wait(ctx, b.o.Duration)
	})
	rolling := add(report.WayRollout, func(ctx context.Context, m *mover) error {
		end := time.Now().Add(b.o.Duration - rolloutRest)
		for i := 0; time.Now().Before(end); i++ {
			if err := m.again(ctx, i%workers); err != nil {
				return err
			}
		}
		return wait(ctx, time.Until(end.Add(rolloutRest)))
	})
	if err := t.run(ctx); err != nil {
		return err
	}
	hold(rolling, rest)
	return nil
}
