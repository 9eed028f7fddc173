package publisher

import "crier/reliable"

// news logs the events of subscribers, and tells the application. It has a goroutine of
// its own, apart from disk's: the application may publish in a call, and wait for room that
// only the disk can make.
type news struct {
	p *Publisher
	// ready says that there may be events.
	ready chan struct{}
	// calls holds a token while the application is called.
	calls chan struct{}
	// quiet is closed once the application isn't called any more.
	quiet chan struct{}
}

func newNews(p *Publisher) news {
	return news{
		p:     p,
		ready: make(chan struct{}, 1), calls: make(chan struct{}, 1), quiet: make(chan struct{}),
	}
}

// wake makes the goroutine look for events.
func (n *news) wake() {
	select {
	case n.ready <- struct{}{}:
	default:
	}
}

// run tells events until the Publisher stops.
func (n *news) run() {
	defer close(n.quiet)
	for {
		select {
		case <-n.ready:
			if !n.tell() {
				return
			}
		case <-n.p.stopped:
			n.tell()
			return
		}
	}
}

// end returns when all events are told, or at once while the application is called: that
// call may have closed the Publisher. No call begins after end.
func (n *news) end() {
	select {
	case <-n.quiet:
	case <-n.calls:
	}
}

// tell logs and passes on the events so far. It reports false if the application must not
// be called any more.
func (n *news) tell() bool {
	var events [16]reliable.MemberEvent
	for {
		n.p.loop.Lock()
		count := n.p.sender.PollMembers(events[:])
		n.p.loop.Unlock()
		if count == 0 {
			return true
		}
		for i := range events[:count] {
			n.log(&events[i])
			if !n.call(events[i]) {
				return false
			}
		}
	}
}

// log logs an event by its kind.
func (n *news) log(ev *SubscriberEvent) {
	cfg := &n.p.cfg
	log := cfg.Logger.With("subscriber", ev.Member.Name, "address", ev.Member.Addr)
	switch {
	case ev.To == Evicted:
		log.Warn("crier: a subscriber held the others back for the stall timeout; "+
			"it is evicted from the count until it has caught up",
			"lag", ev.Member.Lag, "stall_timeout", cfg.Flow.StallTimeout)
	case ev.Gone && ev.From == Evicted:
		log.Info("crier: a subscriber that was evicted is gone")
	case ev.Gone:
		log.Info("crier: a subscriber that counted is gone")
	case ev.To == Counted && ev.From == Evicted:
		log.Warn("crier: a subscriber that was evicted counts again")
	case ev.To == Counted:
		log.Info("crier: a subscriber counts from now on")
	default:
		log.Info("crier: a subscriber counts no longer", "state", ev.To.String())
	}
}

// call calls the application. It reports false if end took the token meanwhile.
func (n *news) call(ev SubscriberEvent) bool {
	if n.p.cfg.OnSubscriber == nil {
		return true
	}
	n.calls <- struct{}{}
	n.p.cfg.OnSubscriber(ev)
	select {
	case <-n.calls:
		return true
	default:
		return false
	}
}
