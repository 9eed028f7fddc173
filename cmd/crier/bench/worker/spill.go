package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
	"crier/publisher"
)

// spiller is a publisher that keeps a slow subscriber's pace, with a disk, and leads
// through the phases. It is used by one goroutine.
type spiller struct {
	task   *job.Task
	pub    *publisher.Publisher
	source *source
	shared *job.Progress
	slow   job.Counter // messages that the slow one has taken
	report [job.Phases]job.Phase
	// drained is how long the slow one took to catch up while nothing was published.
	drained time.Duration
	err     error
}

// spillLook is the time between two looks whether a phase is over.
const spillLook = time.Millisecond

// spill plays the role of such a publisher.
func spill(w *worker) error {
	cfg, err := w.publisherConfig()
	if err != nil {
		return err
	}
	s := &spiller{task: w.task}
	if s.source, err = newSource(w.task); err != nil {
		return err
	}
	defer s.source.close()
	if s.shared, err = w.task.OpenProgress(); err != nil {
		return err
	}
	defer s.shared.Close()
	s.slow = s.shared.Counter(0, w.task.Readers)
	s.shared.Told().Set(toldRun)
	if s.pub, err = publisher.New(cfg); err != nil {
		return err
	}
	defer leave(s.pub)
	meet(s.pub, w.task.Readers+w.task.Slow)
	before := s.pub.Stats()
	ready := readyOf(&before.Socket)
	ready.Datagram = s.pub.Datagram()
	return w.send(ready, s.run, func(r *job.Result) {
		s.source.into(r)
		after := s.pub.Stats()
		wrote(r, &before.Socket, &after.Socket)
		r.Nacks, r.Repairs = after.Nacks-before.Nacks, after.Repairs-before.Repairs
		r.DiskErrors = after.Disk.Errors
		r.Phases, r.Drained = s.report[:], s.drained
	})
}

// run goes through the phases.
func (s *spiller) run() (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), job.SpillLongest(s.task))
	defer cancel()
	s.source.start()
	s.inStep(true)
	s.phase(ctx, job.PhaseWarm, s.lasts)
	s.phase(ctx, job.PhaseBefore, s.lasts)
	s.inStep(false)
	s.shared.Told().Set(toldCrawl)
	s.phase(ctx, job.PhaseSpilling, s.spilt)
	s.shared.Told().Set(toldRun)
	s.phase(ctx, job.PhaseDraining, s.caughtUp)
	if s.behind() > s.near() {
		s.drain()
	}
	s.inStep(true)
	s.phase(ctx, job.PhaseAfter, s.lasts)
	if s.err == nil {
		s.err = s.pub.Flush(ctx)
	}
	return s.source.sent, s.err
}

const (
	// spillNear is how far a subscriber may be behind that has caught up, as time.
	spillNear = 50 * time.Millisecond
)

// near returns spillNear in messages.
func (s *spiller) near() uint64 { return uint64(s.task.Rate*spillNear.Seconds()) + maxStride }

// caughtUp reports whether the slow subscriber has caught up, or won't: behind a producer that
// is flat out, it stays behind.
func (s *spiller) caughtUp(took time.Duration) bool {
	if s.task.Rate == 0 {
		return s.lasts(took)
	}
	return s.behind() <= s.near() || took >= job.DrainPhases*s.task.Duration
}

// inStep reports whether the slow one holds back a publisher that is flat out, as the
// others do.
func (s *spiller) inStep(slow bool) {
	if s.source.progress != nil {
		s.source.progress.Held = s.task.Readers
		if slow {
			s.source.progress.Held += s.task.Slow
		}
	}
}

func (s *spiller) behind() uint64 { return s.source.sent - min(s.source.sent, s.slow.Get()) }

func (s *spiller) lasts(took time.Duration) bool { return took >= s.task.Duration }

// spilt reports whether the slow subscriber is so far behind that the backlog is on disk,
// since memory holds no more than the resend buffer.
func (s *spiller) spilt(time.Duration) bool {
	p := &s.task.Pressure
	return int64(s.behind())*int64(s.task.Size) >= p.Backlog+int64(p.ResendBuffer)
}

// phase publishes until over, called now and then, returns true.
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
		late = now.Sub(began) > job.DrainPhases*s.task.Duration+s.task.Pressure.Patience
		return late || over(now.Sub(began))
	}, func(batch [][]byte) error { return hand(ctx, s.pub, batch) })
	switch {
	case errors.Is(s.err, context.DeadlineExceeded):
		s.err = fmt.Errorf("%s: the publisher found no room until the time was up",
			job.PhaseNames[n])
	case s.err == nil && late:
		s.err = s.tooLong(job.PhaseNames[n], time.Since(began))
	}
	now := s.pub.Stats()
	s.report[n] = job.Phase{
		Messages: s.source.sent - sent, Lasted: time.Since(began),
		CPU:  processorTime() - cpu - (s.source.idle() - idle),
		Held: held(&now) - held(&stats), DiskWritten: now.Disk.Written - stats.Disk.Written,
		DiskRead: now.Disk.Read - stats.Disk.Read,
		Device:   deviceUse().Less(device),
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

// tooLong returns the error of a phase that doesn't end.
func (s *spiller) tooLong(phase string, after time.Duration) error {
	return fmt.Errorf("%s: after %s the slow subscriber is %s of messages behind, which is not "+
		"what was waited for: give --rate less, or --repair-floor or --patience more",
		phase, cli.Duration(after), cli.Bytes(int64(s.behind())*int64(s.task.Size)))
}

// held returns how long nothing fit, for any cause.
func held(st *publisher.Stats) (d time.Duration) {
	for _, by := range st.BlockedBy {
		d += by.For
	}
	return d
}
