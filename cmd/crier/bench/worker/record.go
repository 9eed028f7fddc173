package worker

import (
	"net/netip"
	"sync"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/subscriber"
	"crier/subscriber/recorder"
)

// aside plays a subscriber that holds no publisher back, for comparison with a recorder in its
// place.
func aside(w *worker) error {
	cfg, err := w.subscriberConfig()
	if err != nil {
		return err
	}
	in := w.newReception(nil)
	cfg.Handler = in.handle
	s, err := subscriber.New(cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	return w.receive(w.subscribed(s, in))
}

// recordLook is the time between two looks at how far a recorder is.
const recordLook = time.Millisecond

// taped is a recorder, and how far it is with each publisher.
type taped struct {
	r     *recorder.Recorder
	sink  *sink
	task  *job.Task
	over  chan struct{}
	watch sync.WaitGroup
}

// record plays a recorder, in the place of a subscriber: of a reader that holds publishers back,
// or of one aside.
func record(w *worker) error {
	group, err := w.task.GroupAddr()
	if err != nil {
		return err
	}
	l, err := newLog(w.task)
	if err != nil {
		return err
	}
	defer l.remove()
	cfg := recorder.Config{
		Groups: []netip.AddrPort{group}, Interface: w.task.Interface, Dir: l.dir,
		Keep: recorder.Keep{Bytes: l.keep}, Fsync: l.fsync,
		Link: recorder.Link{NoOffload: !w.task.Offload, Network: w.network}, Logger: w.log,
	}
	var p *job.Progress
	if w.task.Index < w.task.Readers {
		if p, err = w.task.OpenProgress(); err != nil {
			return err
		}
		defer p.Close()
	}
	r, err := recorder.New(cfg)
	if err != nil {
		return err
	}
	t := &taped{r: r, sink: newSink(w.task, p), task: w.task, over: make(chan struct{})}
	st := r.Stats()
	var stopping sync.Once
	stop := func() (err error) {
		stopping.Do(func() {
			close(t.over)
			t.watch.Wait()
			err = r.Close()
		})
		return err
	}
	defer stop()
	t.watch.Go(t.look)
	return w.receive(receiver{
		ready: &job.Ready{MTU: st.Groups[0].MTU, ReadBuffer: st.Groups[0].ReadBuffer,
			WriteBuffer: st.Socket.WriteBuffer},
		arrived: func(counts []uint64) error {
			return settle(func() (uint64, bool) { n := t.written(); return n, missing(counts, n) == 0 })
		},
		stop: stop,
		into: func(res *job.Result, counts []uint64) {
			after := r.Stats()
			res.KernelDrops = after.Groups[0].KernelDrops - st.Groups[0].KernelDrops
			t.sink.into(res, counts)
			res.Lost, res.Missing = after.HoleFrames, missing(counts, t.written())
		},
	})
}

// look tells publishers how far the recorder is, as a subscriber tells how far it has read.
func (t *taped) look() {
	ticker := time.NewTicker(recordLook)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			t.note()
		case <-t.over:
			t.note()
			return
		}
	}
}

// note takes the messages that came since the last look. Those that are missing in the end are
// those that were not written: see taped.written.
func (t *taped) note() {
	s, now := t.sink, time.Now()
	for _, have := range t.r.Sessions() {
		for i, id := range t.task.Sessions {
			if have.Key.Session != id || int(have.Key.Channel) >= t.task.Shape.Channels() {
				continue
			}
			f := &s.flows[i*t.task.Shape.Channels()+int(have.Key.Channel)]
			if have.Next.Offset <= f.next {
				continue
			}
			if s.total == 0 {
				s.firstAt = now
			}
			s.total += have.Next.Offset - f.next
			f.pass(have.Next.Offset)
			s.lastAt, s.lastCount = now, s.total
			f.of.tell()
		}
	}
}

// written returns the number of messages that were written.
func (t *taped) written() (n uint64) {
	for _, have := range t.r.Sessions() {
		for _, id := range t.task.Sessions {
			if have.Key.Session == id {
				n += have.Written.Offset
			}
		}
	}
	return n
}
