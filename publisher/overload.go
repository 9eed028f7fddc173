package publisher

import (
	"crier/reliable"
	"crier/reliable/store"
)

// worker does what the sender wants done away from the loop. What it keeps on disk,
// one goroutine does; telling of subscribers, another: it calls the application, which
// may publish, and wait for room that only the disk can make.
type worker struct {
	spill *spill
	jobs  chan store.Job // one at a time
	news  chan struct{}
	told  bool // that the disk failed

	calls chan struct{} // holds something while the application is called
	quiet chan struct{} // closed when it isn't called any more
}

func newWorker(disk *spill) worker {
	return worker{
		spill: disk, jobs: make(chan store.Job, 1), news: make(chan struct{}, 1),
		calls: make(chan struct{}, 1), quiet: make(chan struct{}),
	}
}

// startWork starts the goroutines that there is something to do for.
func (p *Publisher) startWork() {
	if p.work.spill != nil {
		p.working.Go(p.runDisk)
	}
	if !p.cfg.Flow.Pace.IsZero() {
		go p.runNews()
	} else {
		close(p.work.quiet)
	}
}

// endWork waits until there is nothing more to tell, and the disk is given up. For a
// call of the application that is under way it doesn't wait: that may be what ends the
// Publisher.
func (p *Publisher) endWork() {
	select {
	case <-p.work.quiet:
	case <-p.work.calls:
	}
	p.working.Wait()
}

// wantWork passes on what the sender wants done. The caller holds the lock.
func (p *Publisher) wantWork() {
	if p.work.spill != nil && !p.stopping {
		if job, ok := p.sender.NextDisk(); ok {
			p.work.jobs <- job // there is room: it is the only one
		}
	}
	if p.sender.HasMemberEvents() {
		select {
		case p.work.news <- struct{}{}:
		default:
		}
	}
	if freed := p.sender.Freed(); freed != p.freed {
		p.freed = freed
		p.line.wake()
	}
}

// runDisk reads and writes until the Publisher stops.
func (p *Publisher) runDisk() {
	defer p.work.spill.close()
	for {
		select {
		case job := <-p.work.jobs:
			frames, err := p.work.spill.do(&job)
			p.loop.Lock()
			p.sender.DiskDone(reliable.Time(p.loop.Now()), frames, err)
			p.wantWork()
			p.loop.SettleNow()
			if err != nil && job.Data == nil {
				p.cfg.Logger.Error("crier: messages can't be read from disk; subscribers that are behind lose them", "dir", p.cfg.Retention.Dir, "err", err)
			} else if err != nil && !p.work.told {
				p.work.told = true
				p.cfg.Logger.Error("crier: nothing is written to disk any more; when memory is full, messages are handled as configured",
					"dir", p.cfg.Retention.Dir, "when_full", p.cfg.Flow.WhenFull.String(), "err", err)
			}
		case <-p.stopped:
			return
		}
	}
}

// runNews tells of subscribers until the Publisher stops.
func (p *Publisher) runNews() {
	defer close(p.work.quiet)
	for {
		select {
		case <-p.work.news:
			if !p.tellMembers() {
				return
			}
		case <-p.stopped:
			p.tellMembers()
			return
		}
	}
}

// call calls the application, and reports false if the Publisher was closed without
// waiting for its return: then it isn't called any more.
func (p *Publisher) call(ev SubscriberEvent) bool {
	if p.cfg.OnSubscriber == nil {
		return true
	}
	p.work.calls <- struct{}{}
	p.cfg.OnSubscriber(ev)
	select {
	case <-p.work.calls:
		return true
	default:
		return false
	}
}

// tellMembers logs what became of subscribers, and hands it on; it reports false if
// there is nobody to tell any more.
func (p *Publisher) tellMembers() bool {
	var events [16]reliable.MemberEvent
	for {
		p.loop.Lock()
		n := p.sender.PollMembers(events[:])
		p.loop.Unlock()
		if n == 0 {
			return true
		}
		for i := range events[:n] {
			ev := &events[i]
			name, addr := ev.Member.Name, ev.Member.Addr
			switch {
			case ev.To == Evicted:
				p.cfg.Logger.Warn("crier: a subscriber held the others back for the stall timeout; it is evicted from the count until it has caught up",
					"name", name, "address", addr, "lag", ev.Member.Lag, "stall_timeout", p.cfg.Flow.StallTimeout)
			case ev.Gone && ev.From == Evicted:
				p.cfg.Logger.Info("crier: a subscriber that was evicted is gone", "name", name, "address", addr)
			case ev.Gone:
				p.cfg.Logger.Info("crier: a subscriber that counted is gone", "name", name, "address", addr)
			case ev.To == Counted && ev.From == Evicted:
				p.cfg.Logger.Warn("crier: a subscriber that was evicted counts again", "name", name, "address", addr)
			case ev.To == Counted:
				p.cfg.Logger.Info("crier: a subscriber counts from now on", "name", name, "address", addr)
			default:
				p.cfg.Logger.Info("crier: a subscriber counts no longer", "name", name, "address", addr, "state", ev.To.String())
			}
			if !p.call(*ev) {
				return false
			}
		}
	}
}
