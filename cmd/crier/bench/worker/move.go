package worker

import (
	"encoding/binary"
	"sync"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
	"crier/subscriber"
)

// movable is a worker that leaves its team and joins it again when it is told, and tells of each
// partition that it gets and loses.
type movable struct {
	w    *worker
	in   *shared
	tell chan job.Tenure

	mu     sync.Mutex
	held   map[uint32]*job.Tenure
	moving hist.Histogram
}

// move plays a worker that comes and goes.
func move(w *worker) error {
	p, err := w.task.OpenProgress()
	if err != nil {
		return err
	}
	defer p.Close()
	m := &movable{w: w, in: newShared(w.task, p), held: map[uint32]*job.Tenure{},
		tell: make(chan job.Tenure, 1024)}
	var telling sync.WaitGroup
	telling.Go(func() {
		for t := range m.tell {
			_ = w.Say(&job.Message{Step: job.StepTold, Tenure: &t}) // who doesn't hear it has gone
		}
	})
	j, err := w.join(m.handle)
	if err != nil {
		return err
	}
	if err := w.ready(j.Ready()); err != nil {
		return err
	}
	used := startUsage()
	for {
		var order *job.Message
		select {
		case order = <-w.orders:
		case <-w.ended:
			return nil
		}
		switch order.Step {
		case job.StepLeave:
			m.leave()
			if err := j.Close(); err != nil {
				return err
			}
		case job.StepJoin:
			if j, err = w.join(m.handle); err != nil {
				return err
			}
		case job.StepFinish:
			_ = settle(func() (uint64, bool) { n := p.Sum(0); return n, n >= order.Counts[0] })
			r := new(job.Result)
			used.into(r)
			if err := j.Close(); err != nil {
				return err
			}
			close(m.tell)
			telling.Wait()
			m.in.into(r)
			j.Into(r)
			r.Latency, r.Moving = &m.in.latency, &m.moving
			return w.result(r)
		}
		if err := w.Say(&job.Message{Step: job.StepReady, Ready: j.Ready()}); err != nil {
			return err
		}
	}
}

// steadyAfter is the time after the first message of a tenure, and longer than it takes to work
// off what came meanwhile, from which on its messages are those of a partition that doesn't move.
const steadyAfter = 100 * time.Millisecond

// handle is the subscriber's Handler.
func (m *movable) handle(ev *subscriber.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch ev.Kind {
	case subscriber.Assigned:
		t := &job.Tenure{Partition: ev.Partition, Epoch: ev.Epoch(), Assigned: nanos()}
		m.held[ev.Partition] = t
		m.tell <- *t
	case subscriber.Revoking:
		if t := m.held[ev.Partition]; t != nil && t.Revoking == 0 {
			t.Revoking = nanos()
			m.tell <- *t
		}
	case subscriber.Revoked:
		if t := m.held[ev.Partition]; t != nil {
			t.Revoked = nanos()
			m.tell <- *t
			delete(m.held, ev.Partition)
		}
	case subscriber.Message:
		m.message(ev)
	}
}

// message counts a message, apart from others where its partition has just moved.
func (m *movable) message(ev *subscriber.Event) {
	t := m.held[ev.Partition]
	again := ev.Attempt() > 1 || ev.Orphan()
	if t != nil && t.First == 0 {
		t.First = nanos()
		if len(ev.Payload) >= job.StampSize {
			t.Due = int64(binary.LittleEndian.Uint64(ev.Payload))
		}
		m.tell <- *t
	}
	if t == nil || time.Duration(nanos()-t.First) < steadyAfter {
		m.in.message(ev.Payload, again, &m.moving)
		return
	}
	m.in.message(ev.Payload, again, &m.in.latency)
}

// leave tells that this worker is about to leave.
func (m *movable) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := nanos()
	for _, t := range m.held {
		if t.Revoking == 0 {
			t.Revoking, t.Left = now, true
			m.tell <- *t
		}
	}
}
