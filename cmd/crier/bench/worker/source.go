package worker

import (
	"encoding/binary"
	"slices"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/multicast"
)

// source makes up a publisher's messages, in batches: one at a time when they
// are due, or as many as the window allows. The first of a batch starts with its
// due time in nanoseconds, little endian, if it has room; the others with 0.
type source struct {
	task     *job.Task
	window   *window
	sched    *schedule
	timer    multicast.Timer
	progress *job.Progress
	batch    [][]byte
	sent     uint64
	phase    byte // that messages say they are of, where they are checked
}

func newSource(t *job.Task) (*source, error) {
	s := &source{task: t}
	n := job.BatchOf(t.Size)
	if t.Rate > 0 {
		n = 1
	}
	first, rest := filler(t.Size), filler(t.Size)
	clear(rest[:min(job.StampSize, t.Size)])
	for i := range n {
		switch {
		case i == 0:
			s.batch = append(s.batch, first)
		case t.Checked() || t.Shared():
			s.batch = append(s.batch, slices.Clone(rest)) // each has its own number
		default:
			s.batch = append(s.batch, rest)
		}
	}
	if t.Window > 0 && t.Rate == 0 {
		var err error
		if s.timer, err = multicast.Kernel.Timer(); err != nil {
			return nil, err
		}
		if s.progress, err = t.OpenProgress(); err != nil {
			return nil, err
		}
		s.window = &window{progress: s.progress, writer: t.Index, size: t.Window, timer: s.timer}
	}
	return s, nil
}

// filler returns a message's bytes, which don't compress away or repeat at once.
func filler(size int) []byte {
	b := make([]byte, size)
	x := uint64(0x9e3779b97f4a7c15)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}

// run calls send with each batch until the task's time is over. The batch is valid until send
// returns.
func (s *source) run(send func(batch [][]byte) error) error {
	return s.runUntil(func() bool { return false }, send)
}

// runUntil is run that ends early if stop says so, which it calls before each batch.
func (s *source) runUntil(stop func() bool, send func(batch [][]byte) error) error {
	s.start()
	if s.sched != nil {
		count := s.sched.count(s.task.Duration)
		return s.during(func(time.Time) bool { return s.sent >= count || stop() }, send)
	}
	until := time.Now().Add(s.task.Duration)
	return s.during(func(now time.Time) bool { return !now.Before(until) || stop() }, send)
}

// start begins the schedule, if there is a rate.
func (s *source) start() {
	if s.task.Rate > 0 {
		sharpTimers()
		s.sched = &schedule{rate: s.task.Rate, spin: job.Spins(s.task.Wait), start: time.Now()}
	}
}

// sourceLook is how long a publisher waits for room in its window before it looks again
// whether its time is over.
const sourceLook = 10 * time.Millisecond

// during calls send with each batch until over, called before each, returns true.
func (s *source) during(over func(now time.Time) bool, send func(batch [][]byte) error) error {
	for now := time.Now(); !over(now); now = time.Now() {
		n := uint64(len(s.batch))
		if s.window != nil {
			if n = min(n, s.window.room(s.sent, now.Add(sourceLook))); n == 0 {
				continue
			}
			now = time.Now()
		}
		due := now.UnixNano()
		if s.sched != nil {
			due = s.sched.next()
		}
		s.stamp(due, n)
		if err := send(s.batch[:n]); err != nil {
			return err
		}
		s.sent += n
	}
	return nil
}

// stamp writes the due time into the first of n messages, and into all of them the title that
// a ledger checks.
func (s *source) stamp(due int64, n uint64) {
	if s.task.Size >= job.StampSize {
		binary.LittleEndian.PutUint64(s.batch[0], uint64(due))
	}
	if s.task.Checked() {
		for i := range n {
			entitle(s.batch[i], s.sent+i, s.phase)
		}
	}
	if s.task.Shared() {
		for i := range n {
			number(s.batch[i], s.sent+i)
		}
	}
}

// idle returns the time that the schedule has spun.
func (s *source) idle() time.Duration {
	if s.sched == nil {
		return 0
	}
	return s.sched.idle
}

// into adds the source's figures to a result, and subtracts the time that it spun.
func (s *source) into(r *job.Result) {
	r.Messages = s.sent
	if s.sched != nil {
		r.CPU = max(0, r.CPU-s.idle())
		r.Late = &s.sched.late
	}
}

func (s *source) close() {
	if s.timer != nil {
		s.timer.Close()
	}
	if s.progress != nil {
		s.progress.Close()
	}
}
