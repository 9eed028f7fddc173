package worker

import (
	"encoding/binary"
	"errors"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/hist"
)

const (
	// warmMessages go ahead of those that are measured, to each worker, until it has had one, and
	// warmPause is the time between two rounds of them.
	warmMessages = 4
	warmPause    = 50 * time.Millisecond
	// warmPatience bounds them, and warmQuiet is the time after the last.
	warmPatience = 10 * time.Second
	warmQuiet    = time.Second
)

// serve plays a broker between publishers and workers.
func serve(w *worker) error {
	address, by, err := w.peer.Serve(w.task)
	if err != nil {
		return err
	}
	defer by.Close()
	if err := w.ready(&job.Ready{Address: address}); err != nil {
		return err
	}
	used := startUsage()
	if _, err := w.await(job.StepEnd); err != nil {
		return err
	}
	r := new(job.Result)
	used.into(r)
	return w.result(r)
}

// lead plays the publisher whose messages workers share.
func lead(w *worker) error {
	p, err := w.task.OpenProgress()
	if err != nil {
		return err
	}
	defer p.Close()
	source, err := newSource(w.task)
	if err != nil {
		return err
	}
	defer source.close()
	c, err := w.peer.Publisher(w.task)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := warm(c, p, w.task); err != nil {
		return err
	}
	return w.send(c.Ready(), func() (uint64, error) {
		err := source.runUntil(w.told(job.StepStop), c.Publish)
		if err == nil {
			err = c.Flush()
		}
		return source.sent, err
	}, func(r *job.Result) {
		source.into(r)
		c.Into(r)
	})
}

// warm sends messages that aren't measured until each worker has had one, so that all have joined
// and know what is theirs.
func warm(c Carrier, p *job.Progress, t *job.Task) error {
	m := filler(t.Size)
	clear(m[:job.StampSize])
	number(m, job.WarmNumber)
	sent := uint64(0)
	all := func() bool {
		for i := range t.Readers {
			if p.Aside(i).Get() == 0 {
				return false
			}
		}
		return true
	}
	for until := time.Now().Add(warmPatience); !all(); time.Sleep(warmPause) {
		if time.Now().After(until) {
			return errors.New("not every worker has had a message before the first that counts: " +
				"give more partitions, or fewer workers")
		}
		for range warmMessages * t.Readers {
			if err := c.Publish([][]byte{m}); err != nil {
				return err
			}
			sent++
		}
		if err := c.Flush(); err != nil {
			return err
		}
	}
	_ = settle(func() (uint64, bool) { n := p.SumAside(); return n, n >= sent })
	time.Sleep(warmQuiet)
	return nil
}

// shared counts the messages of one worker among several. It is used by one goroutine at a time.
type shared struct {
	counter, warm job.Counter
	warmed        uint64
	before        uint64 // of a worker in whose place this one is

	count, again, numbers uint64
	first, last           int64
	latency               hist.Histogram
}

func newShared(t *job.Task, p *job.Progress) *shared {
	c := p.Counter(0, t.Index)
	return &shared{counter: c, warm: p.Aside(t.Index), before: c.Get()}
}

// message counts a message, and its latency among others.
func (s *shared) message(payload []byte, again bool, latency *hist.Histogram) {
	if len(payload) < job.StampSize+job.NumberSize {
		return
	}
	n := binary.LittleEndian.Uint64(payload[job.StampSize:])
	if n&job.WarmNumber != 0 {
		s.warmed++
		s.warm.Set(s.warmed)
		return
	}
	now := nanos()
	if s.first == 0 {
		s.first = now
	}
	s.last = now
	s.count++
	if again {
		s.again++
	} else {
		s.numbers += n
	}
	if due := int64(binary.LittleEndian.Uint64(payload)); due != 0 {
		latency.Record(time.Duration(now - due))
	}
	s.counter.Set(s.before + s.count)
}

func (s *shared) into(r *job.Result) {
	r.Messages, r.Again, r.Numbers = s.count, s.again, s.numbers
	r.First, r.Last, r.Latency = s.first, s.last, &s.latency
	if took := time.Duration(s.last - s.first).Seconds(); took > 0 {
		r.Rate = float64(s.count-1) / took
	}
}

// share plays a worker.
func share(w *worker) error {
	p, err := w.task.OpenProgress()
	if err != nil {
		return err
	}
	defer p.Close()
	in := newShared(w.task, p)
	m, err := w.peer.Member(w.task, func(payload []byte, again bool) {
		in.message(payload, again, &in.latency)
	})
	if err != nil {
		return err
	}
	return w.receive(receiver{
		ready: m.Ready(),
		arrived: func(counts []uint64) error {
			return settle(func() (uint64, bool) { n := p.Sum(0); return n, n >= counts[0] })
		},
		stop: m.Close,
		into: func(r *job.Result, _ []uint64) {
			in.into(r)
			m.Into(r)
		},
	})
}
