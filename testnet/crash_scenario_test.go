package testnet

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/store"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/random"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// crash is one random run in which publishers end, and survivors find out what became of their
// streams, while they end as well, are cut off from each other, or hear the publisher again.
type crash struct {
	*faults
	at reliable.Time // when the first publisher ends
}

func newCrash(w *world.World, seed uint64) *crash { return buildCrash(w, seed, nil) }

// buildCrash makes a run, with topics if they aren't nil.
func buildCrash(w *world.World, seed uint64, topics *topics) *crash {
	s := &scenario{topics: topics, w: w, r: random.New(random.Mix(seed) ^ 0x6372617368),
		over: random.New(random.Mix(seed) ^ 0x6f766572)}
	c := &crash{faults: &faults{scenario: s}}
	s.calm = 300*story.Milli + reliable.Time(s.r.Below(uint64(2*time.Second)))
	if s.one(6) {
		cfg := link.Config{Loss: s.loss(), Delay: link.FixedDelay(s.span(0, time.Millisecond))}
		if _, err := w.AddSegment("segment0", cfg); err != nil {
			s.err = err
		}
	}
	if s.one(2) {
		for range 1 + s.r.Below(2) {
			c.recorder()
		}
	}
	pubs := 1
	switch {
	case s.one(5):
		pubs = 2
	case s.one(20):
		pubs = 6 // more than inquests at once
	}
	subs := 1 + int(s.r.Below(12))
	s.restarts = c.publisher
	for range pubs {
		s.publisher(6_000 / (subs + 2) / pubs)
	}
	s.adjust = c.survivor
	for range subs {
		s.subscriber()
	}
	c.ends()
	for range s.r.Below(8) {
		c.fault()
	}
	s.topics.fault(s)
	s.lossy = s.one(4)
	return c
}

// publisher changes a publisher: in half of the runs it gives all a chance to hear of it.
func (c *crash) publisher(cfg *world.PublisherConfig) {
	if c.over.Below(2) == 0 {
		cfg.At = 0
	}
	c.faults.publisher(cfg)
}

// survivor changes a subscriber: most keep a history.
func (c *crash) survivor(cfg *world.SubscriberConfig) {
	s := c.scenario
	if len(c.recs) > 0 {
		cfg.Receiver.Logs.Ask = true
	}
	if !s.one(8) {
		cfg.History = store.MinHistories
		if s.one(2) {
			cfg.History = 16 << 20
		}
	}
	if s.one(2) { // a plain LAN
		cfg.Down, cfg.Up = story.Near(link.Bernoulli{P: s.share(0, 100)}), story.Near(nil)
	}
	if s.one(2) {
		cfg.Work = 0
	}
	s.note("the next one: history %d, work %v", cfg.History, cfg.Work)
}

// ends plans how publishers end: most crash, some only seem to.
func (c *crash) ends() {
	s := c.scenario
	c.at = s.calm
	for _, pub := range s.w.Publishers() {
		at, pause := s.when(), s.span(time.Second, 9*time.Second)
		c.at = min(c.at, at)
		switch s.r.Below(8) {
		case 0:
			s.plan(at, "%v pauses for "+pause.String(), pub, func() { pub.Pause(pause) })
			s.until(at.Add(pause))
		case 1:
			s.plan(at, "%v crashes, for "+pause.String(), pub, pub.Crash)
			s.plan(at.Add(pause), "", nil, pub.Restart)
		case 2:
			s.note("%s: all are cut off from %v for %v", world.Stamp(at), pub, pause)
			for _, sub := range s.w.Subscribers() {
				s.plan(at, "", nil, func() { s.w.Partition(pub, sub) })
				s.plan(at.Add(pause), "", nil, func() { s.w.Heal(pub, sub) })
			}
		default:
			s.plan(at, "%v crashes", pub, pub.Crash)
		}
	}
}

// nodes are all that may hold something.
func (c *crash) nodes() (list []*world.Subscriber) {
	for _, r := range c.recs {
		list = append(list, r.Subscriber)
	}
	return append(list, c.w.Subscribers()...)
}

// any returns one of those.
func (c *crash) any() *world.Subscriber {
	list := c.nodes()
	return list[c.r.Below(uint64(len(list)))]
}

// fault plans something that goes wrong around the inquests.
func (c *crash) fault() {
	s, w := c.scenario, c.w
	at := c.at.Add(s.span(0, 6*time.Second))
	pause := s.pause()
	one, other := c.any(), c.any()
	pub := w.Publishers()[s.r.Below(uint64(len(w.Publishers())))]
	then := func(fn func()) { s.plan(at.Add(pause), "", nil, fn) }
	switch s.r.Below(9) {
	case 0:
		s.plan(at, "%v crashes", one, one.Crash)
	case 1:
		s.plan(at, "%v crashes for "+pause.String(), one, one.Crash)
		then(one.Restart)
	case 2:
		s.plan(at, "%v leaves", one, one.Leave)
	case 3:
		s.plan(at, "%v pauses for "+pause.String(), one, func() { one.Pause(pause) })
		s.until(at.Add(pause))
	case 4, 5:
		c.split(at, pause)
	case 6:
		s.plan(at, "%v doesn't hear "+other.String()+" for "+pause.String(), one,
			func() { w.Deafen(one, other) })
		then(func() { w.Undeafen(one, other) })
	case 7:
		at = reliable.Time(s.r.Below(uint64(at)))
		s.plan(at, "%v is cut off from "+pub.String()+" for "+pause.String(), one,
			func() { w.Partition(pub, one) })
		then(func() { w.Heal(pub, one) })
	case 8:
		if len(c.recs) > 0 {
			c.recorderFault(c.recs[s.r.Below(uint64(len(c.recs)))], w.Subscribers()[0], pub, at,
				pause)
		}
	}
}

// split plans a cut between two halves.
func (c *crash) split(at reliable.Time, pause time.Duration) {
	s, w := c.scenario, c.w
	var sides [2][]*world.Subscriber
	for _, n := range c.nodes() {
		side := s.r.Below(2)
		sides[side] = append(sides[side], n)
	}
	each := func(do func(a, b *world.Subscriber)) func() {
		return func() {
			for _, a := range sides[0] {
				for _, b := range sides[1] {
					do(a, b)
				}
			}
		}
	}
	s.plan(at, "%v are cut off from the rest for "+pause.String(), fmt.Sprint(sides[0]),
		each(w.Sever))
	s.plan(at.Add(pause), "", nil, each(w.Join))
}

// run runs the scenario to its end.
func (c *crash) run(check *checker.Checker) error {
	if c.err == nil {
		c.w.At(c.calm, func() {
			for _, a := range c.nodes() {
				for _, b := range c.nodes() {
					if a.Index() < b.Index() {
						c.w.Join(a, b)
					}
				}
			}
		})
	}
	return c.faults.run(check)
}
