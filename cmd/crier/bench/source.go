package bench

import (
	"encoding/binary"
	"time"

	"crier/multicast"
)

const (
	// batchBytes and batchMost bound what a publisher that is flat out hands over
	// at once.
	batchBytes = 32 << 10
	batchMost  = 256
	// stampSize is the room that a due time takes in a message, and numberSize
	// what a bare message's number takes after it.
	stampSize  = 8
	numberSize = 8
)

// batchOf is how many messages of a size are handed over at once.
func batchOf(size int) int { return max(1, min(batchMost, batchBytes/max(size, 1))) }

// source makes up a publisher's messages, in batches: one at a time when they
// are due, or as many as the window allows. The first of a batch starts with its
// due time in nanoseconds, little endian, if it has room; the others with 0.
type source struct {
	task     *Task
	window   *window
	sched    *schedule
	timer    multicast.Timer
	progress *progress
	batch    [][]byte
	sent     uint64
}

func newSource(t *Task) (*source, error) {
	s := &source{task: t}
	n := batchOf(t.Size)
	if t.Rate > 0 {
		n = 1
	}
	first, rest := filler(t.Size), filler(t.Size)
	clear(rest[:min(stampSize, t.Size)])
	for i := range n {
		if i == 0 {
			s.batch = append(s.batch, first)
		} else {
			s.batch = append(s.batch, rest)
		}
	}
	if t.Window > 0 && t.Rate == 0 {
		var err error
		if s.timer, err = multicast.Kernel.Timer(); err != nil {
			return nil, err
		}
		if s.progress, err = t.openProgress(); err != nil {
			return nil, err
		}
		s.window = &window{progress: s.progress, writer: t.Index, size: t.Window, timer: s.timer}
	}
	return s, nil
}

// filler is a message's bytes, which don't compress away or repeat at once.
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

// run has send called with each batch until the task's time is over. The batch
// is valid until send returns.
func (s *source) run(send func(batch [][]byte) error) error {
	if s.task.Rate > 0 {
		return s.paced(send)
	}
	begun := time.Now()
	until := begun.Add(s.task.Duration)
	for now := begun; now.Before(until); now = time.Now() {
		n := uint64(len(s.batch))
		if s.window != nil {
			if n = min(n, s.window.room(s.sent, until)); n == 0 {
				break
			}
			now = time.Now()
		}
		s.stamp(now.UnixNano())
		if err := send(s.batch[:n]); err != nil {
			return err
		}
		s.sent += n
	}
	return nil
}

func (s *source) paced(send func(batch [][]byte) error) error {
	sharpTimers()
	s.sched = &schedule{rate: s.task.Rate, spin: s.task.Wait == waitSpin, start: time.Now()}
	for count := s.sched.count(s.task.Duration); s.sent < count; s.sent++ {
		s.stamp(s.sched.next())
		if err := send(s.batch); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) stamp(due int64) {
	if s.task.Size >= stampSize {
		binary.LittleEndian.PutUint64(s.batch[0], uint64(due))
	}
}

// into adds what the source knows to a result, and takes its own time out.
func (s *source) into(r *Result) {
	r.Messages = s.sent
	if s.sched != nil {
		r.CPU = max(0, r.CPU-s.sched.idle)
		r.Late = &s.sched.late
	}
}

func (s *source) close() {
	if s.timer != nil {
		s.timer.Close()
	}
	if s.progress != nil {
		s.progress.close()
	}
}
