package testnet

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/topic"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/random"
	"crier/testnet/world"
)

// topics is one random run of another swarm whose publishers have topics with partitions, keys and
// headers, and whose subscribers follow some of them. A nil one changes nothing.
type topics struct {
	r    random.Generator // of what is added
	list []drawn          // by publisher
	next int              // the publisher that is added next
	keys uint64
	// feeds is the number of networks that carry the same.
	feeds int
	// small makes runs of a few hundred messages, all with keys, in two partitions or more.
	small bool
	play  interface {
		fmt.Stringer
		run(c *checker.Checker) error
	}
}

// drawn is a publisher's topic.
type drawn struct {
	name               string
	partitions, groups int
}

// newTopics makes a run: every third is one of the plain swarm, of the swarm of faults, and of
// that of crashes.
func newTopics(w *world.World, seed uint64) *topics {
	o := drawTopics(seed, false)
	base := random.Mix(seed ^ 0x746f706963)
	switch seed % 3 {
	case 0:
		o.play = buildScenario(w, base, o)
	case 1:
		o.play = buildFaults(w, base, o)
	default:
		o.play = buildCrash(w, base, o)
	}
	return o
}

// newKeys makes a small run of the plain swarm.
func newKeys(w *world.World, seed uint64) *topics {
	o := drawTopics(seed, true)
	o.play = buildScenario(w, random.Mix(seed^0x6b657973), o)
	return o
}

// drawTopics draws the topics of a run.
func drawTopics(seed uint64, small bool) *topics {
	o := &topics{r: random.New(random.Mix(seed) ^ 0x746f70696373), small: small}
	o.keys, o.feeds = 1+o.r.Below(1<<o.r.Below(10)), 1
	if o.one(3) {
		o.feeds = 2 + int(o.r.Below(2))
	}
	for i := range 6 { // the most publishers
		d := drawn{name: fmt.Sprint("t", i), partitions: []int{1, 2, 3, 4, 8, 16}[o.r.Below(6)]}
		if o.one(30) {
			d.partitions = 64
		}
		if small {
			d.partitions = 2 + int(o.r.Below(7))
		}
		if o.one(4) {
			d.groups = 1 + int(o.r.Below(uint64(d.partitions)))
		}
		if i > 0 && o.one(2) {
			d = o.list[0]
		}
		o.list = append(o.list, d)
	}
	return o
}

// brief reports whether a run ends as soon as all of it can be judged.
func (o *topics) brief() bool { return o != nil && o.small }

// crowd returns how many subscribers, publishers and messages of each a run has that would have so
// many.
func (o *topics) crowd(subs, pubs, budget int) (int, int, int) {
	if !o.brief() {
		return subs, pubs, budget
	}
	return 1 + subs%3, min(pubs, 2), 300
}

func (o *topics) String() string               { return o.play.String() }
func (o *topics) run(c *checker.Checker) error { return o.play.run(c) }

// one is true once in n.
func (o *topics) one(n uint64) bool { return o.r.Below(n) == 0 }

// publisher gives a publisher a topic.
func (o *topics) publisher(s *scenario, cfg *world.PublisherConfig) {
	if o == nil {
		return
	}
	d, sc := o.list[o.next], &cfg.Sender
	o.next++
	sc.Topic = d.name
	sc.Layout = topic.Layout{Partitions: d.partitions, Groups: d.groups}
	datagram := sc.Datagram
	if datagram == 0 {
		datagram = reliable.DefaultDatagram
	}
	sc.Retention.ResendBuffer = max(sc.Retention.ResendBuffer,
		9*frame.DataSize(datagram)*d.partitions)
	sc.Retention.Disk *= int64(d.partitions)
	cfg.Feeds = o.feeds
	s.note("the next one: topic %v", d)
}

// message returns the next message of a feed, with a key and headers, or without.
func (o *topics) message(f *feed) world.Message {
	m := world.Message{Payload: f.message()}
	if o == nil {
		return m
	}
	switch n := o.r.Below(4); {
	case n == 0 && !o.small:
	case n == 1:
		m.Headers = []reliable.Header{{Name: "n", Value: fmt.Append(nil, o.r.Below(100))}}
		fallthrough
	default:
		m.Key = fmt.Append(nil, o.r.Below(o.keys))
	}
	return m
}

// follow returns topics to follow, in all partitions or some: the first one, and some others.
func (o *topics) follow() (list []receive.Topic) {
	for i, d := range o.list {
		if d.name == o.list[0].name && i > 0 || i > 0 && o.one(3) {
			continue
		}
		t := receive.Topic{Name: d.name}
		for part := range d.partitions {
			if o.one(2) {
				t.Partitions = append(t.Partitions, uint32(part))
			}
		}
		if o.one(2) {
			t.Partitions = nil
		}
		list = append(list, t)
	}
	return list
}

// listener lets a subscriber follow topics, and ask for logs at their home groups.
func (o *topics) listener(s *scenario, cfg *world.SubscriberConfig) {
	if o == nil {
		return
	}
	rc := &cfg.Receiver
	rc.Topics = o.follow()
	cfg.JoinDelay = o.delay()
	for range o.feeds - 1 {
		if !o.one(6) {
			cfg.Feeds = append(cfg.Feeds, world.Feed{Down: o.link(), Up: o.link()})
		}
	}
	s.note("the next one: joins %v after %v, further feeds %+v", rc.Topics, cfg.JoinDelay,
		cfg.Feeds)
}

// recorder lets a recorder follow topics.
func (o *topics) recorder(s *scenario, cfg *world.RecorderConfig) {
	if o == nil {
		return
	}
	cfg.Record.Topics = o.follow()
	cfg.Subscriber.JoinDelay = o.delay()
	s.note("the next one: joins %v after %v", cfg.Record.Topics, cfg.Subscriber.JoinDelay)
}

// link returns how a link of a further feed behaves.
func (o *topics) link() link.Config {
	s := scenario{r: o.r}
	l := s.link()
	o.r = s.r
	return l
}

// several reports whether there are several feeds.
func (o *topics) several() bool { return o != nil && o.feeds > 1 }

// fault lets a feed die, and come back.
func (o *topics) fault(s *scenario) {
	if !o.several() || o.one(3) {
		return
	}
	feed := int(o.r.Below(uint64(o.feeds)))
	from := reliable.Time(o.r.Below(uint64(s.calm)))
	to := from.Add(time.Duration(o.r.Below(uint64(4 * time.Second))))
	die := func(down bool) func() {
		return func() {
			for _, p := range s.w.Publishers() {
				for _, sub := range s.w.Subscribers() {
					if l := s.w.FeedDown(p, sub, feed); l != nil {
						l.SetDown(down)
						s.w.FeedUp(sub, p, feed).SetDown(down)
					}
				}
			}
		}
	}
	s.plan(from, "feed %v dies", feed, die(true))
	s.plan(to, "feed %v is back", feed, die(false))
}

// delay returns how long it takes to join a group.
func (o *topics) delay() time.Duration {
	if o.one(2) {
		return 0
	}
	return time.Duration(o.r.Below(uint64(50 * time.Millisecond)))
}
