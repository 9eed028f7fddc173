package worker

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"crier/subscriber"
)

// slowName is the slow subscriber's, for a publisher that keeps its pace.
const slowName = "slow"

// What a publisher tells slow subscribers by a shared counter.
const (
	toldCrawl = 0
	toldRun   = 1 // take messages as fast as they come
)

// slow plays a subscriber with a slow application: each message costs it a sleep, unless the
// publisher tells it to run. Only a publisher that keeps its pace waits for it.
func slow(w *worker) error {
	t := w.task
	cfg, err := w.subscriberConfig()
	if err != nil {
		return err
	}
	if err = cfg.Overload.UnmarshalText([]byte(t.Pressure.Overload)); err != nil {
		return err
	}
	cfg.Name, cfg.Memory.Buffer = slowName, t.Pressure.Buffer
	p, err := t.OpenProgress()
	if err != nil {
		return err
	}
	defer p.Close()
	in := w.newReception(p)
	told := p.Told()
	var stopped atomic.Bool
	s, err := subscriber.New(cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	var application sync.WaitGroup
	application.Go(func() {
		for ev := range s.Messages(context.Background()) {
			in.handle(&ev)
			if ev.Kind == subscriber.Message && told.Get() == toldCrawl && !stopped.Load() {
				time.Sleep(t.Pressure.Work)
			}
		}
	})
	by := w.subscribed(s, in)
	if !t.Checked() {
		by.arrived = nil
	}
	by.stop = func() error {
		stopped.Store(true) // the messages that it still holds are taken at once
		err := s.Close()
		application.Wait()
		return err
	}
	return w.receive(by)
}
