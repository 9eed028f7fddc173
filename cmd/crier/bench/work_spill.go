package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crier/cmd/crier/hist"
	"crier/publisher"
)

// Phases of a spill, in their order. Each message says in which it was published.
const (
	phaseWarm     = iota // everything is touched for the first time
	phaseBefore          // all keep up
	phaseSpilling        // one crawls: what it has yet to take goes to disk
	phaseDraining        // it goes on at full speed, and catches up
	phaseAfter           // all keep up again
	phases
)

var phaseNames = [phases]string{"warming up", "before", "spilling", "draining", "after"}

// Phase is what one process measured of a phase.
type Phase struct {
	Messages uint64

	// Of a subscriber.
	Rate    float64         `json:",omitempty"` // messages a second
	Latency *hist.Histogram `json:",omitempty"` // of those with a due time

	// Of the publisher.
	Lasted      time.Duration `json:",omitempty"`
	CPU         time.Duration `json:",omitempty"`
	Held        time.Duration `json:",omitempty"` // nothing fit
	DiskWritten uint64        `json:",omitempty"` // frames
	DiskRead    uint64        `json:",omitempty"` // frames
	Device      deviceBytes   // what of it went to the device, and came from it
}

// spiller is a publisher that keeps a slow subscriber's pace, with a disk, and leads
// through the phases. It is used by one goroutine.
type spiller struct {
	task   *Task
	pub    *publisher.Publisher
	source *source
	shared *progress
	slow   progressCounter // messages that the slow one has taken
	report [phases]Phase
	// drained is how long the slow one took to catch up while nothing was published.
	drained time.Duration
	err     error
}

// spillLook is how often a publisher looks whether a phase is over.
const spillLook = time.Millisecond

// spill is the role of such a publisher.
func (w *worker) spill() error {
	cfg, err := w.publisherConfig()
	if err != nil {
		return err
	}
	s := &spiller{task: w.task}
	if s.source, err = newSource(w.task); err != nil {
		return err
	}
	defer s.source.close()
	if s.shared, err = w.task.openProgress(); err != nil {
		return err
	}
	defer s.shared.close()
	s.slow = s.shared.counter(0, w.task.Readers)
	s.shared.told().set(toldRun)
	if s.pub, err = publisher.New(cfg); err != nil {
		return err
	}
	defer leave(s.pub)
	meet(s.pub, w.task.Readers+w.task.Slow)
	before := s.pub.Stats()
	ready := readyOf(&before.Socket)
	ready.Datagram = s.pub.Datagram()
	return w.send(ready, s.run, func(r *Result) {
		s.source.into(r)
		after := s.pub.Stats()
		r.wrote(&before.Socket, &after.Socket)
		r.Nacks, r.Repairs = after.Nacks-before.Nacks, after.Repairs-before.Repairs
		r.DiskErrors = after.DiskErrors
		r.Phases, r.Drained = s.report[:], s.drained
	})
}

// run goes through the phases.
func (s *spiller) run() (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), spillLongest(s.task))
	defer cancel()
	s.source.start()
	s.inStep(true)
	s.phase(ctx, phaseWarm, s.lasts)
	s.phase(ctx, phaseBefore, s.lasts)
	s.inStep(false)
	s.shared.told().set(toldCrawl)
	s.phase(ctx, phaseSpilling, s.spilt)
	s.shared.told().set(toldRun)
	s.phase(ctx, phaseDraining, s.caughtUp)
	if s.behind() > s.near() {
		s.drain()
	}
	s.inStep(true)
	s.phase(ctx, phaseAfter, s.lasts)
	if s.err == nil {
		s.err = s.pub.Flush(ctx)
	}
	return s.source.sent, s.err
}

const (
	// spillNear is how far a subscriber may be behind that has caught up, as time.
	spillNear = 50 * time.Millisecond
	// drainPhases is how many times longer than other phases draining may last
	// while messages go on.
	drainPhases = 10
)

// near is the same in messages.
func (s *spiller) near() uint64 { return uint64(s.task.Rate*spillNear.Seconds()) + maxStride }

// caughtUp says whether the slow one has, or won't: whoever is behind a producer that
// is flat out stays behind.
func (s *spiller) caughtUp(took time.Duration) bool {
	if s.task.Rate == 0 {
		return s.lasts(took)
	}
	return s.behind() <= s.near() || took >= drainPhases*s.task.Duration
}

// spillLongest bounds all phases.
func spillLongest(t *Task) time.Duration { return (4+2*drainPhases)*t.Duration + 3*t.Pressure.Patience }

// inStep says whether the slow one holds back a publisher that is flat out, as the
// others do.
func (s *spiller) inStep(slow bool) {
	if s.source.progress != nil {
		s.source.progress.held = s.task.Readers
		if slow {
			s.source.progress.held += s.task.Slow
		}
	}
}

func (s *spiller) behind() uint64 { return s.source.sent - min(s.source.sent, s.slow.get()) }

func (s *spiller) lasts(took time.Duration) bool { return took >= s.task.Duration }

// spilt says whether the slow one is so far behind that the backlog is on disk: in
// memory there is room for less than the resend buffer.
func (s *spiller) spilt(time.Duration) bool {
	return int64(s.behind())*int64(s.task.Size) >= s.task.Pressure.Backlog+int64(s.task.Pressure.Resend)
}

// phase publishes until over says so, which it asks now and then.
func (s *spiller) phase(ctx context.Context, n int, over func(took time.Duration) bool) {
	if s.err != nil {
		return
	}
	began, looked, stats, cpu := time.Now(), time.Time{}, s.pub.Stats(), processorTime()
	sent, idle, device := s.source.sent, s.source.idle(), deviceUse()
	s.source.phase = byte(n)
	late := false
	s.err = s.source.during(func(now time.Time) bool {
		if now.Sub(looked) < spillLook {
			return false
		}
		looked = now
		late = now.Sub(began) > drainPhases*s.task.Duration+s.task.Pressure.Patience
		return late || over(now.Sub(began))
	}, func(batch [][]byte) error { return hand(ctx, s.pub, batch) })
	switch {
	case errors.Is(s.err, context.DeadlineExceeded):
		s.err = fmt.Errorf("%s: the publisher found no room until the time was up", phaseNames[n])
	case s.err == nil && late:
		s.err = s.tooLong(phaseNames[n], time.Since(began))
	}
	now := s.pub.Stats()
	s.report[n] = Phase{
		Messages: s.source.sent - sent, Lasted: time.Since(began),
		CPU:  processorTime() - cpu - (s.source.idle() - idle),
		Held: held(&now) - held(&stats), DiskWritten: now.DiskWritten - stats.DiskWritten, DiskRead: now.DiskRead - stats.DiskRead,
		Device: deviceUse().less(device),
	}
}

// drain waits until the slow one has caught up, without publishing anything.
func (s *spiller) drain() {
	if s.err != nil {
		return
	}
	began := time.Now()
	for s.behind() > s.near() {
		if time.Since(began) > s.task.Pressure.Patience {
			s.err = s.tooLong("draining, with nothing published any more", time.Since(began))
			return
		}
		time.Sleep(spillLook)
	}
	s.drained = time.Since(began)
}

// tooLong is the error of a phase that doesn't end.
func (s *spiller) tooLong(phase string, after time.Duration) error {
	return fmt.Errorf("%s: after %v the slow subscriber is %s of messages behind, which is not what was waited for: give --rate less, or --repair-floor or --patience more",
		phase, after.Round(time.Second), spaceText(int64(s.behind())*int64(s.task.Size)))
}

// held is how long nothing fit, whoever's fault it was.
func held(st *publisher.Stats) (d time.Duration) {
	for _, by := range st.HeldBy {
		d += by.For
	}
	return d
}
