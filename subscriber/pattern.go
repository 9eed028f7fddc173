package subscriber

import (
	"net/netip"
	"slices"

	"crier/multicast"
	"crier/reliable"
	"crier/reliable/directory"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/topic"
)

// finder follows the topics that match a pattern, as they are announced. The loop's lock guards
// it.
type finder struct {
	s         *Subscriber
	listener  *directory.Listener
	selection *directory.Selection
	// sending says that the batch that is being sent is the listener's.
	sending bool
	// told counts the refusals that were logged since from.
	told int
	from reliable.Time
}

const (
	// directoryIndex is the index of the directory's group, which isn't one of the receiver's.
	directoryIndex = -1
	// refusalsTold is the number of refusals that are logged in a refusalTime. The rest is counted.
	refusalsTold = 8
	refusalTime  = reliable.Time(60e9)
)

// newFinder returns a finder, or nil if there is no pattern. It follows the topics of positions at
// once, those that moved last first: what came behind them may be a recorder's alone.
func newFinder(s *Subscriber, id, seed uint64, positions []Position) (*finder, error) {
	if !topic.IsPattern(s.cfg.Topic) {
		return nil, nil
	}
	pattern, err := topic.ParsePattern(s.cfg.Topic)
	if err != nil {
		return nil, err
	}
	l, err := directory.NewListener(directory.ListenerConfig{ID: id, Seed: seed,
		Pattern: pattern, Events: true})
	if err != nil {
		return nil, err
	}
	d := &finder{s: s, listener: l, selection: directory.NewSelection(l)}
	for _, p := range slices.Backward(positions) {
		d.selection.Follow(0, d, p.Topic)
	}
	return d, nil
}

// matches reports whether positions of a topic are the Subscriber's.
func (c *Config) matches(p *Position) bool {
	pattern, err := topic.ParsePattern(c.Topic)
	return err == nil && topic.IsPattern(c.Topic) && pattern.Match(p.Topic) &&
		p.Group == topic.Home(p.Topic, netip.AddrPort{})
}

// FollowTopic makes a finder a directory.Follower.
func (d *finder) FollowTopic(now reliable.Time, name string) bool {
	return d.s.receiver.Follow(now, receive.Topic{Name: name, Partitions: d.s.cfg.Partitions})
}

// Unfollow and Hears are those of the receiver.
func (d *finder) Unfollow(now reliable.Time, name string) { d.s.receiver.Unfollow(now, name) }

func (d *finder) Hears(now reliable.Time, name string) (goesOn, ever bool) {
	return d.s.receiver.Hears(now, name)
}

// handle takes an announcement, whose feed is set.
func (d *finder) handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	d.listener.Handle(now, from, f)
	d.settle(now)
}

func (d *finder) advance(now reliable.Time) {
	d.listener.Advance(now)
	d.settle(now)
}

// deadline returns when to call advance.
func (d *finder) deadline() reliable.Time {
	return min(d.listener.Deadline(), d.selection.Deadline())
}

// settle follows what was found, and has it logged if something isn't followed.
func (d *finder) settle(now reliable.Time) {
	d.selection.Settle(now, d)
	if now >= d.from+refusalTime {
		d.from, d.told = now, 0
	}
	for d.told < refusalsTold && !d.s.closed {
		r, ok := d.selection.TakeRefusal()
		if !ok {
			return
		}
		d.told++
		d.s.helpers.Go(func() { d.tell(&r) }) // a Logger may block, and the lock is held
	}
}

// tell logs a refusal, with the remedy.
func (d *finder) tell(r *directory.Refusal) {
	if r.Base.IsValid() {
		d.s.cfg.Logger.Warn("crier: a topic that matches isn't followed, since its groups don't "+
			"follow from its name", "topic", r.Topic, "group", r.Base.String(),
			"hint", "subscribe to it by its name and Groups (crier sub --topic --group)")
		return
	}
	d.s.cfg.Logger.Warn("crier: a topic that matches isn't followed, since as many are as can be",
		"topic", r.Topic, "hint", "a pattern follows 64 topics at once: use several subscribers "+
			"with narrower patterns")
}

// next returns the next question.
func (d *finder) next(now reliable.Time) (multicast.Datagrams, bool) {
	b, ok := d.listener.Next(now)
	if d.sending = ok; !ok {
		return multicast.Datagrams{}, false
	}
	return multicast.Datagrams{To: topic.Directory, Data: b.Data, Segment: b.Segment}, true
}

// sent reports whether the batch that was sent is the listener's.
func (d *finder) sent() bool {
	if !d.sending {
		return false
	}
	d.sending = false
	d.listener.Sent(reliable.Batch{})
	return true
}

// stats adds the counters.
func (d *finder) stats(st *Stats) {
	st.Directory, st.Topics = d.listener.Stats(), d.selection.Stats()
}

// Topics returns the names of the topics that are followed by a pattern, in the order in which
// they were found.
func (s *Subscriber) Topics() []string {
	s.loop.Lock()
	defer s.loop.Unlock()
	if s.finder == nil {
		return nil
	}
	return s.finder.selection.Topics()
}
