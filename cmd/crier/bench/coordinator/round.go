package coordinator

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"crier/cmd/crier/bench/job"
)

// round is a run of processes that send and processes that receive.
type round struct {
	task             job.Task // of all; Role, Index, and the other differences, are filled in
	writer, reader   string
	writers, readers int
	slow             int // subscribers that crawl, besides the readers, or have the role aside
	aside            string
	pinned           bool // each a processor of its own, if there are as many
	inFlight         int  // bytes of messages that may be under way; 0: no bound
	// sends bounds the time of sending; 0: the task's Duration.
	sends time.Duration
	// program is the file of another system's program, which has a broker; empty: this one.
	program string
	// during is called while messages flow; then the writers stop, if they haven't ended. Readers
	// tell of their tenures by told.
	during func(ctx context.Context, c *cast) error
	told   func(*process, *job.Tenure)
	// begin is called before the first of them, if it isn't nil.
	begin func()
}

// cast are the processes of a round.
type cast struct {
	readers []*process
	// start starts another reader in the place of one that is gone.
	start func(index int) (*process, error)
}

const (
	// minWindow keeps a window from being one of a few messages.
	minWindow = 512
	// maxWindowMessages keeps small messages, should each go alone, from filling
	// the receiver's socket buffer: the kernel charges 768 bytes for the smallest.
	maxWindowMessages = 1 << 16
)

// window returns how many messages may be under way: at most the bytes that were asked for,
// and a quarter of the receivers' socket buffers.
func (r *round) window(ready []*job.Ready) uint64 {
	if r.inFlight == 0 {
		return 0
	}
	bytes := r.inFlight
	for _, sub := range ready {
		if sub.ReadBuffer > 0 {
			bytes = min(bytes, sub.ReadBuffer/4)
		}
	}
	// A message has two or three bytes of its own in a frame.
	n := bytes / (r.task.Size + 3) / max(1, r.writers)
	least := minWindow
	if r.task.Size > 256 { // large ones fill the window's bytes alone
		least = 1
	}
	return uint64(min(max(n, least), maxWindowMessages))
}

// play runs a round. It calls sending once messages flow.
func (s *site) play(
	ctx context.Context, r round, sending func(),
) (_ *job.Outcome, err error) {
	group, err := s.freeGroup()
	if err != nil {
		return nil, err
	}
	r.task.Group, r.task.Interface = group.String(), s.iface()
	r.task.Back = netip.AddrPortFrom(group.Addr().Next(), group.Port()).String()
	r.task.Progress = s.sharedPath
	r.task.Readers, r.task.Slow = r.readers, r.slow
	r.task.Sessions = nil
	for range r.writers {
		r.task.Sessions = append(r.task.Sessions, rand.Uint64()|1)
	}
	if err := s.shared.Truncate(0); err != nil { // the counts of the round before
		return nil, err
	}
	if err := s.connect(r.writers + r.readers + r.slow); err != nil {
		return nil, err
	}
	cpus := processors()
	out := &job.Outcome{Shared: r.task.Shared(),
		Pinned: r.pinned && r.writers+r.readers+r.slow <= len(cpus)}

	var all []*process
	defer func() {
		for _, p := range all {
			p.in.Close() // all at once, then wait
		}
		for _, p := range all {
			p.stop()
		}
		err = firstCause(ctx, err)
	}()
	// The processes are asked to end, above; the end of ctx would kill them.
	most := max(r.task.Duration, r.sends) + roundPatience
	timed, cancel := context.WithTimeoutCause(ctx, most, lateError{most})
	defer cancel()
	launch := func(role string, index, host int) (*process, error) {
		t := r.task
		t.Role, t.Index, t.Seed = role, index, uint64(s.rounds*100+host+1)
		var p *process
		if r.program != "" {
			p, err = s.start(ctx, r.program, &t, s.place(host, false, cpus))
		} else if s.o.Remote != "" && role == r.reader {
			p, err = s.dial(ctx, &t)
		} else {
			p, err = s.start(ctx, s.self, &t, s.place(host, out.Pinned, cpus))
		}
		if err == nil {
			all = append(all, p)
		}
		return p, err
	}
	s.rounds++
	s.told = r.told
	if r.begin != nil {
		r.begin()
	}

	var readers, writers, slow, brokers []*process
	if r.program != "" {
		p, err := launch(job.RoleServer, 0, 0)
		if err != nil {
			return nil, err
		}
		m, err := p.expect(timed, job.StepReady)
		if err != nil {
			return nil, err
		}
		brokers = append(brokers, p)
		r.task.Team.Server = m.Ready.Address
	}
	for i := range r.readers {
		p, err := launch(r.reader, i, r.writers+i)
		if err != nil {
			return nil, err
		}
		readers = append(readers, p)
	}
	for _, p := range readers {
		m, err := p.expect(timed, job.StepReady)
		if err != nil {
			return nil, err
		}
		out.ReadersReady = append(out.ReadersReady, m.Ready)
		if m.Ready.Address != "" {
			r.task.Peers = append(r.task.Peers, m.Ready.Address)
		}
	}
	for i := range r.slow {
		p, err := launch(cmp.Or(r.aside, job.RoleSlow), r.readers+i, r.writers+r.readers+i)
		if err != nil {
			return nil, err
		}
		slow = append(slow, p)
	}
	for _, p := range slow {
		if _, err := p.expect(timed, job.StepReady); err != nil {
			return nil, err
		}
	}
	r.task.Window = r.window(out.ReadersReady)
	out.Window = r.task.Window
	for i := range r.writers {
		p, err := launch(r.writer, i, i)
		if err != nil {
			return nil, err
		}
		writers = append(writers, p)
	}
	for _, p := range writers {
		m, err := p.expect(timed, job.StepReady)
		if err != nil {
			return nil, err
		}
		out.WritersReady = append(out.WritersReady, m.Ready)
	}
	err = tell(slices.Concat(brokers, readers, slow), &job.Message{Step: job.StepGo})
	if err != nil {
		return nil, err
	}
	if err := tell(writers, &job.Message{Step: job.StepGo}); err != nil {
		return nil, err
	}
	sending()
	if r.during != nil {
		c := &cast{readers: readers, start: func(i int) (*process, error) {
			return launch(r.reader, i, r.writers+i)
		}}
		if err := r.during(timed, c); err != nil {
			return nil, err
		}
		if err := tell(writers, &job.Message{Step: job.StepStop}); err != nil {
			return nil, err
		}
	}
	var counts []uint64
	for _, p := range writers {
		m, err := p.expect(timed, job.StepSent)
		if err != nil {
			return nil, err
		}
		counts = append(counts, m.Counts...)
		out.Sent += m.Counts[0]
	}
	if err := tell(slices.Concat(readers, slow),
		&job.Message{Step: job.StepFinish, Counts: counts}); err != nil {
		return nil, err
	}
	if out.Readers, err = results(timed, readers); err != nil {
		return nil, err
	}
	if out.Slow, err = results(timed, slow); err != nil {
		return nil, err
	}
	if err := tell(slices.Concat(writers, brokers), &job.Message{Step: job.StepEnd}); err != nil {
		return nil, err
	}
	if out.Writers, err = results(timed, writers); err != nil {
		return nil, err
	}
	out.Brokers, err = results(timed, brokers)
	return out, err
}

func tell(list []*process, m *job.Message) error {
	for _, p := range list {
		if err := p.Say(m); err != nil {
			return p.failure(err)
		}
	}
	return nil
}

func results(ctx context.Context, list []*process) ([]*job.Result, error) {
	var out []*job.Result
	for _, p := range list {
		m, err := p.expect(ctx, job.StepResult)
		if err != nil {
			return nil, err
		}
		out = append(out, m.Result)
	}
	return out, nil
}

// firstCause prefers an interruption to its consequences.
func firstCause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted: the processes were ended, and nothing is left behind")
	}
	return err
}
