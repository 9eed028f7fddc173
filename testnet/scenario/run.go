package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/reliable/team"
	"crier/reliable/topic"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/world"
)

// Options say how to play a scenario.
type Options struct {
	// Seed decides everything random; 0 means the scenario's, or 1.
	Seed uint64
	// Open opens the records that links replay. Feed opens a publisher's recorded
	// feed.
	Open func(name string) (io.ReadCloser, error)
	Feed func(p *Publisher, seed uint64) (Feed, error)
	// Trace, if set, gets a line for everything that happens.
	Trace func(line string)
	// Adjust, if set, may change each subscriber before it is made.
	Adjust func(c *world.SubscriberConfig)
}

// Run is one play of a scenario.
type Run struct {
	s         *Scenario
	opts      Options
	seed      uint64
	w         *world.World
	ctx       context.Context // of Play
	check     *checker.Checker
	records   *records
	segments  map[string]*world.Segment
	subs      []*world.Subscriber
	recorders []*world.Recorder
	groups    []int // by subscriber: its group
	pubs      []*world.Publisher
	producers []*producer
	err       error
}

// BrokenError says that a run broke the promise, or that a machine did what no
// machine may do.
type BrokenError struct {
	Seed uint64
	Err  error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the promise is broken, with seed %d: %v", e.Seed, e.Err)
}
func (e *BrokenError) Unwrap() error { return e.Err }

// New prepares a run: the World has its segments and subscribers, and no publisher
// yet. Observers are added now.
func New(s *Scenario, opts Options) (*Run, error) {
	if where, err := s.validate(); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.Name, where, err)
	}
	r := &Run{s: s, opts: opts, seed: opts.Seed, segments: map[string]*world.Segment{},
		records: newRecords(opts.Open)}
	if r.seed == 0 {
		r.seed = max(s.Seed, 1)
	}
	r.w = world.New(world.Config{Seed: r.seed, Trace: opts.Trace, Stop: r.stopped})
	r.check = checker.New(r.w)
	for i := range s.Segments {
		if err := r.addSegment(&s.Segments[i]); err != nil {
			return nil, fmt.Errorf("%s: segment %s: %w", s.Name, s.Segments[i].Name, err)
		}
	}
	for i := range s.Subscribers {
		if err := r.addGroup(i); err != nil {
			return nil, fmt.Errorf("%s: subscribers %s: %w", s.Name, s.Subscribers[i].Name, err)
		}
	}
	for i := range s.Recorders {
		if err := r.addRecorder(i); err != nil {
			return nil, fmt.Errorf("%s: recorder %s: %w", s.Name, s.Recorders[i].Name, err)
		}
	}
	if err := r.addDirectory(); err != nil {
		return nil, err
	}
	return r, nil
}

// Scenario returns the scenario that is played, World and Seed return its World and seed, and
// Checker returns its judge.
func (r *Run) Scenario() *Scenario       { return r.s }
func (r *Run) World() *world.World       { return r.w }
func (r *Run) Seed() uint64              { return r.seed }
func (r *Run) Checker() *checker.Checker { return r.check }

// Group returns the number of a subscriber's group.
func (r *Run) Group(sub *world.Subscriber) int { return r.groups[sub.Index()] }

// End is when the run ends, Calm when nothing happens any more but repairs.
func (r *Run) End() reliable.Time  { return reliable.Time(r.s.end()) }
func (r *Run) Calm() reliable.Time { return reliable.Time(r.s.calm()) }

func (r *Run) addSegment(g *Segment) error {
	cfg, err := r.records.link(&g.Link, 0, 1)
	if err != nil {
		return err
	}
	seg, err := r.w.AddSegment(g.Name, cfg)
	r.segments[g.Name] = seg
	return err
}

// receiver returns the configuration of the Receiver of the group's k-th member, without an id.
func (g *Group) receiver(k int) receive.Config {
	return receive.Config{
		Name: memberName(g, k), Start: g.Start, Order: g.Order, Overload: g.Overload,
		Recovery: receive.Recovery{
			Off: g.Recovery == "off", MaxWait: g.MaxWait.d(), Silence: g.Silence.d(),
		},
		Memory: receive.Memory{Buffer: int(g.Buffer), Total: int(g.MemoryTotal)},
		Topics: topics(g.Topic, g.Partitions),
	}
}

func (r *Run) addGroup(number int) error {
	g := &r.s.Subscribers[number]
	var down, up link.Config // models are shared
	for k := range g.size() {
		cfg := world.SubscriberConfig{
			Name:    memberName(g, k),
			At:      reliable.Time(g.At.d() + g.Every.d()*time.Duration(k)),
			Segment: r.segments[g.Segment],
			Work:    g.Work.d(), WorkUpTo: g.WorkUpTo.d(), Clock: g.Clock.config(),
			SocketQueue: g.SocketQueue, SaveAfter: g.SaveAfter.d(),
			History: int(g.History), JoinDelay: g.JoinDelay.d(),
			Receiver: g.receiver(k), Team: g.part(k), Finish: g.finish(),
			TellEvery: g.TellEvery.d(),
		}
		cfg.Receiver.Logs.Ask = len(r.s.Recorders) > 0
		var err error
		if k == 0 || g.Down.perMember() || g.Up.perMember() {
			if down, err = r.records.link(&g.Down, k, g.size()); err != nil {
				return fmt.Errorf("down: %w", err)
			}
			if up, err = r.records.link(&g.Up, k, g.size()); err != nil {
				return fmt.Errorf("up: %w", err)
			}
		}
		cfg.Down, cfg.Up = down, up
		if cfg.Feeds, err = r.feeds(g, k); err != nil {
			return err
		}
		if r.opts.Adjust != nil {
			r.opts.Adjust(&cfg)
		}
		sub, err := r.w.AddSubscriber(cfg)
		if err != nil {
			return err
		}
		r.subs, r.groups = append(r.subs, sub), append(r.groups, number)
	}
	return nil
}

// feeds returns the further networks of the group's k-th member.
func (r *Run) feeds(g *Group, k int) ([]world.Feed, error) {
	var list []world.Feed
	for i := range g.Feeds {
		f := &g.Feeds[i]
		down, err := r.records.link(&f.Down, k, g.size())
		if err != nil {
			return nil, fmt.Errorf("feeds[%d]: down: %w", i, err)
		}
		up, err := r.records.link(&f.Up, k, g.size())
		if err != nil {
			return nil, fmt.Errorf("feeds[%d]: up: %w", i, err)
		}
		list = append(list, world.Feed{Segment: r.segments[f.Segment], Down: down, Up: up})
	}
	return list, nil
}

// Start adds the publishers, which speak at once, and plans the events.
func (r *Run) Start() error {
	for i := range r.s.Publishers {
		if err := r.addPublisher(i); err != nil {
			return fmt.Errorf("%s: publisher %s: %w", r.s.Name, r.s.Publishers[i].Name, err)
		}
	}
	for i := range r.s.Events {
		r.plan(&r.s.Events[i])
	}
	if r.s.End != "stay" {
		r.w.At(reliable.Time(r.s.Duration), func() {
			for _, p := range r.pubs {
				p.Close()
			}
		})
	}
	return nil
}

func (r *Run) addPublisher(number int) error {
	c := &r.s.Publishers[number]
	p := &producer{run: r, cfg: c}
	lead := c.Lead.d()
	if lead == 0 {
		lead = DefaultLead
	}
	p.from = reliable.Time(c.At).Add(lead)
	p.due = p.from
	seed := link.Seed(r.seed, uint64(number), 0x66656564)
	p.keys = newRandom(link.Seed(r.seed, uint64(number), 0x6b657973))
	if c.Feed == "" {
		p.made = newPayloads(c.Size, seed)
	} else {
		if r.opts.Feed == nil {
			return errors.New("recorded feeds can't be opened here")
		}
		var err error
		if p.feed, err = r.opts.Feed(c, seed); err != nil {
			return err
		}
	}
	var err error
	p.pub, err = r.w.AddPublisher(world.PublisherConfig{
		Disk: world.DiskConfig{Wait: c.DiskWait.d()},
		Name: c.Name, At: reliable.Time(c.At), Write: c.Write.d(), SocketQueue: c.SocketQueue,
		Sender: c.sender(), Continue: c.Continue, Feeds: c.Feeds, Clock: c.Clock.config(),
		SaveTeams: c.SaveTeams.d(),
	})
	if err != nil {
		return err
	}
	r.pubs, r.producers = append(r.pubs, p.pub), append(r.producers, p)
	return p.start()
}

// sender returns the configuration of the publisher's Sender, without a session's id.
func (p *Publisher) sender() send.Config {
	return send.Config{
		Name: p.Name, Topic: p.Topic,
		Layout:   topic.Layout{Partitions: p.Partitions, Groups: p.Groups},
		Datagram: int(p.Datagram), BatchWait: p.BatchWait.d(),
		Retention: send.Retention{ResendBuffer: int(p.ResendBuffer), Disk: int64(p.Disk)},
		Repair:    send.Repair{Share: float64(p.RepairShare), Floor: p.RepairFloor},
		Flow: send.Flow{Pace: p.Pace, WhenFull: p.WhenFull, StallTimeout: p.StallTimeout.d(),
			WaitFor: p.WaitFor, MaxRate: p.MaxRate},
		Teams: team.Config{Off: p.Teams == "off", Lease: p.Lease.d(), WorkTime: p.WorkTime.d(),
			Attempts: p.Attempts, Expiry: p.TeamExpiry.d()},
	}
}

// Due returns when the next message of a publisher's feed is due that was not
// published; false if there is none.
func (r *Run) Due(publisher string) (reliable.Time, bool) {
	for _, p := range r.producers {
		if p.cfg.Name == publisher && p.feed != nil && p.next != nil {
			return p.due, true
		}
	}
	return 0, false
}

// fail ends the run with an error of its feed.
func (r *Run) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// stopped reports whether Play is to end early.
func (r *Run) stopped() bool { return r.ctx != nil && r.ctx.Err() != nil }

// slice is how much virtual time passes between two calls of Play's step.
const slice = 50 * time.Millisecond

// Play lets the whole run pass, and judges it. What broke the promise is a
// *BrokenError; a run that comes to hold too much ends with a world.LimitError.
// Step, if set, is called now and then.
func (r *Run) Play(ctx context.Context, step func(now reliable.Time)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &BrokenError{r.seed, fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	defer func() {
		for _, p := range r.producers {
			if p.feed != nil {
				p.feed.Close()
			}
		}
	}()
	r.ctx = ctx
	for end := r.End(); r.w.Now() < end; {
		err := r.w.Run(min(r.w.Now().Add(slice), end))
		var limit *world.LimitError
		switch {
		case r.err != nil:
			return r.err
		case errors.As(err, &limit):
			return fmt.Errorf("%s: %w", r.s.Name, limit)
		case err == world.ErrStopped:
			return fmt.Errorf("%s: interrupted after %v of %v of virtual time", r.s.Name,
				r.w.Now().Sub(0), end.Sub(0))
		case err != nil:
			return &BrokenError{r.seed, err}
		}
		if step != nil {
			step(r.w.Now())
		}
	}
	if err := r.check.Finish(r.Calm()); err != nil {
		return &BrokenError{r.seed, err}
	}
	return nil
}
