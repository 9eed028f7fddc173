package testnet

import (
	"fmt"
	"strings"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/team"
	"crier/reliable/team/member"
	"crier/reliable/topic"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/random"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// teamPlay is one random schedule of teams: all of it follows from its seed.
type teamPlay struct {
	w     *world.World
	r     random.Generator
	notes []string

	lease, finish, workTime time.Duration
	share                   reliable.Share
	partitions              int
	calm                    reliable.Time // when faults end
	total                   time.Duration // of all work, if one member does it

	pubs    []world.PublisherConfig
	subs    []world.SubscriberConfig
	feeds   []teamFeed
	naps    bool // subscribers are suspended often
	started []*world.Subscriber
}

// teamFeed is what a publisher publishes.
type teamFeed struct {
	from  reliable.Time
	every time.Duration
	n     int
}

// newTeamPlay draws a schedule.
func newTeamPlay(w *world.World, seed uint64) *teamPlay {
	p := &teamPlay{w: w, r: random.New(random.Mix(seed) ^ 0x7465616d73)}
	p.lease = p.span(200*time.Millisecond, 2*time.Second)
	p.finish = p.span(p.lease, 4*time.Second)
	p.workTime = p.span(200*time.Millisecond, 2*time.Second)
	p.share = teamShares[p.r.Below(uint64(len(teamShares)))]
	p.partitions = 1 + int(p.r.Below(8))
	p.calm = 2000*story.Milli + reliable.Time(p.r.Below(uint64(10*time.Second)))
	p.note("lease %v, finish wait %v, share %v, work time %v, %d partitions, calm from %s on",
		p.lease, p.finish, p.share, p.workTime, p.partitions, world.Stamp(p.calm))
	for range 1 + p.r.Below(2) {
		p.publisher()
	}
	for range 2 + p.r.Below(4) {
		p.member()
	}
	return p
}

// teamShares are the ways to share work that schedules have.
var teamShares = []reliable.Share{reliable.ByPartition, reliable.ByMessage}

func (p *teamPlay) one(n uint64) bool { return p.r.Below(n) == 0 }

func (p *teamPlay) span(a, b time.Duration) time.Duration {
	return a + time.Duration(p.r.UpTo(int64(b-a)))
}

func (p *teamPlay) when() reliable.Time { return reliable.Time(p.r.Below(uint64(p.calm))) }

func (p *teamPlay) probability(a, b uint64) float64 {
	return float64(a+p.r.Below(b-a+1)) / 1000
}

func (p *teamPlay) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

func (p *teamPlay) String() string { return strings.Join(p.notes, "\n\t") }

// clock draws a clock: of two, one is less than a sixteenth faster than the other.
func (p *teamPlay) clock() (c world.ClockConfig) {
	if !p.one(3) {
		c.PPM = int(p.r.Below(60_001)) - 30_000
	}
	return c
}

// publisher draws a publisher.
func (p *teamPlay) publisher() {
	cfg := world.PublisherConfig{Clock: p.clock(), SocketQueue: 92}
	sc := &cfg.Sender
	sc.Topic, sc.Name = "orders", fmt.Sprintf("feed%d", len(p.pubs))
	sc.Layout = topic.Layout{Partitions: p.partitions}
	sc.Retention.ResendBuffer = 4 << 20
	sc.Teams = team.Config{Lease: p.lease, FinishWait: p.finish, WorkTime: p.workTime,
		Settle: p.soon(500 * time.Millisecond), Debounce: p.soon(200 * time.Millisecond)}
	if p.one(2) {
		cfg.SaveTeams = p.span(1, time.Second)
	}
	cfg.Clock.Sleepless = p.one(4) // it waits for longer
	f := teamFeed{n: 1 + int(p.r.Below(300))}
	if f.from = p.when() / 2; p.one(2) {
		f.from = 0
	}
	f.every = max(p.span(0, 2*p.calm.Sub(f.from)/time.Duration(f.n+1)), 1)
	p.note("%s: %d messages each %v from %s on, settle %v, debounce %v, clock %d ppm, "+
		"sleepless %v, saved after %v", sc.Name, f.n, f.every, world.Stamp(f.from), sc.Teams.Settle,
		sc.Teams.Debounce, cfg.Clock.PPM, cfg.Clock.Sleepless, cfg.SaveTeams)
	p.pubs, p.feeds = append(p.pubs, cfg), append(p.feeds, f)
}

// soon draws a wait, or none.
func (p *teamPlay) soon(most time.Duration) time.Duration {
	if p.one(2) {
		return -1
	}
	return p.span(1, most)
}

// member draws a member.
func (p *teamPlay) member() {
	cfg := world.SubscriberConfig{Clock: p.clock(), TimersFirst: p.one(2), CopyFrames: p.one(3)}
	cfg.Name = fmt.Sprintf("w%d", len(p.subs))
	rc := &cfg.Receiver
	rc.Name = cfg.Name
	rc.Topics = topicsOf("orders")
	if p.one(2) {
		rc.Start = reliable.Oldest
	}
	cfg.Team = p.membership(cfg.Name)
	cfg.Team.Start = rc.Start
	if p.one(3) {
		cfg.At = p.when()
	}
	switch p.r.Below(4) {
	case 0:
	case 1:
		cfg.Work = p.span(1, time.Millisecond)
	case 2:
		cfg.Work = p.span(1, 20*time.Millisecond)
	default:
		cfg.Work = p.span(1, 2*time.Millisecond)
		cfg.WorkUpTo = cfg.Work + p.span(0, 100*time.Millisecond)
	}
	p.total = max(p.total, cfg.Work, cfg.WorkUpTo)
	cfg.Down, cfg.Up = p.link(), p.link()
	p.note("%s from %s: work %v to %v, clock %d ppm, start %v, window %d, weight %d, room %d, "+
		"down %+v, up %+v", cfg.Name, world.Stamp(cfg.At), cfg.Work, cfg.WorkUpTo, cfg.Clock.PPM,
		rc.Start, cfg.Team.Window, cfg.Team.Weight, cfg.Team.Room, cfg.Down, cfg.Up)
	p.subs = append(p.subs, cfg)
}

// membership draws a member's part in the team.
func (p *teamPlay) membership(name string) member.Config {
	c := member.Config{Team: "risk", Share: p.share, Name: name}
	if p.one(3) {
		c.Window = 1 + int(p.r.Below(20))
	}
	if p.one(4) {
		c.Weight = 1 + int(p.r.Below(3))
	}
	if p.one(3) {
		c.Room = 1 + int(p.r.Below(20))
	}
	return c
}

// link draws a link.
func (p *teamPlay) link() (c link.Config) {
	switch p.r.Below(4) {
	case 0:
		c.Loss = link.Bernoulli{P: p.probability(1, 50)}
	case 1:
		c.Loss = link.Bernoulli{P: p.probability(50, 300)}
	}
	switch p.r.Below(8) {
	case 0:
	case 1:
		c.Delay = link.UniformDelay{Min: 0, Max: p.span(1, 3*time.Second)}
	case 2:
		c.Delay = link.UniformDelay{Min: 0, Max: p.span(1, 300*time.Millisecond)}
	case 3:
		c.Delay = link.ParetoDelay{Mean: p.span(2, 20*time.Millisecond), Min: 1,
			Max: p.span(20*time.Millisecond, 3*time.Second)}
	default:
		c.Delay = link.FixedDelay(p.span(0, 5*time.Millisecond))
	}
	c.Unordered = p.one(2)
	if p.one(3) {
		c.Duplicate, c.DuplicateDelay = p.probability(1, 200), p.span(0, 3*time.Second)
	}
	if p.one(4) {
		c.Reorder, c.ReorderDelay = p.probability(1, 100), p.span(1, 2*time.Second)
	}
	return c
}

// build adds the nodes, and plans what goes wrong.
func (p *teamPlay) build() error {
	w := p.w
	for _, cfg := range p.pubs {
		if _, err := w.AddPublisher(cfg); err != nil {
			return err
		}
	}
	for _, cfg := range p.subs {
		sub, err := w.AddSubscriber(cfg)
		if err != nil {
			return err
		}
		p.started = append(p.started, sub)
	}
	for i, f := range p.feeds {
		pub := w.Publishers()[i]
		story.Every(w, f.from, reliable.Time(f.every), f.n, func(n int) {
			if w.Now() < p.calm {
				m := world.Message{Payload: fmt.Append(nil, "work ", n)}
				if n%3 > 0 {
					m.Key = fmt.Append(nil, n%20)
				}
				pub.Send(m) // one that is down or held loses it, or sends it later
			}
		})
	}
	for range p.r.Below(8) {
		p.fault()
	}
	return nil
}

// fault plans one thing that goes wrong.
func (p *teamPlay) fault() {
	w := p.w
	pub := w.Publishers()[p.r.Below(uint64(len(w.Publishers())))]
	sub := p.started[p.r.Below(uint64(len(p.started)))]
	at := p.when()
	length := p.span(time.Millisecond, 5*time.Second)
	end := min(at.Add(length), p.calm)
	length = end.Sub(at)
	plan := func(at reliable.Time, what string, fn func()) {
		p.note("%s: %s", world.Stamp(at), what)
		w.At(at, fn)
	}
	what := p.r.Below(14)
	if p.naps {
		what = 5
	}
	switch what {
	case 0, 1:
		plan(at, sub.String()+" crashes", sub.Crash)
		if !p.one(3) {
			plan(end, sub.String()+" restarts", sub.Restart)
		}
	case 2:
		plan(at, sub.String()+" leaves", sub.Leave)
		if p.one(2) {
			plan(end, sub.String()+" comes back", sub.Restart)
		}
	case 3, 4:
		plan(at, fmt.Sprintf("%v pauses for %v", sub, length), func() { sub.Pause(length) })
	case 5:
		plan(at, fmt.Sprintf("%v is suspended for %v", sub, length), func() { sub.Suspend(length) })
	case 6:
		plan(at, fmt.Sprintf("%v pauses for %v", pub, length), func() { pub.Pause(length) })
	case 7:
		plan(at, fmt.Sprintf("%v is suspended for %v", pub, length), func() { pub.Suspend(length) })
	case 8:
		plan(at, pub.String()+" crashes", pub.Crash)
		if p.one(2) {
			plan(end, pub.String()+" restarts", pub.Restart)
		}
	case 9:
		plan(at, pub.String()+" restarts", pub.Restart)
	case 10:
		down := w.Down(pub, sub)
		plan(at, fmt.Sprintf("%v doesn't hear %v for %v", sub, pub, length),
			func() { down.SetDown(true) })
		w.At(end, func() { down.SetDown(false) })
	case 11:
		up := w.Up(sub, pub)
		plan(at, fmt.Sprintf("%v isn't heard by %v for %v", sub, pub, length),
			func() { up.SetDown(true) })
		w.At(end, func() { up.SetDown(false) })
	case 12:
		plan(at, fmt.Sprintf("%v is cut off from %v for %v", sub, pub, length),
			func() { w.Partition(pub, sub) })
		w.At(end, func() { w.Heal(pub, sub) })
	case 13:
		plan(at, sub.String()+" restarts", sub.Restart)
	}
}

// run plays the schedule to its end.
func (p *teamPlay) run(c *checker.Checker) error {
	if err := p.build(); err != nil {
		return err
	}
	w := p.w
	if err := w.Run(p.calm); err != nil {
		return err
	}
	for _, pub := range w.Publishers() {
		for _, sub := range w.Subscribers() {
			for _, l := range []*link.Link{w.Down(pub, sub), w.Up(sub, pub)} {
				l.SetDown(false)
				if err := l.Reconfigure(link.Config{
					Delay: link.FixedDelay(time.Millisecond)}); err != nil {
					return err
				}
			}
		}
	}
	n := 0
	for _, f := range p.feeds {
		n += f.n
	}
	// What was delayed may come 3 s later; a member that was deaf gets nothing for 10 s; and a
	// subscriber is silent, or finds a publisher again, within some seconds.
	patience := 25*time.Second + p.finish + 4*p.lease + 6*p.workTime + time.Duration(n)*p.total
	if err := w.Run(p.calm.Add(min(patience, maxTeamTime))); err != nil {
		return err
	}
	if err := c.FinishTeams(p.calm, patience); err != nil {
		return err
	}
	return c.Finish(p.calm)
}

// topicsOf returns a topic to follow, in all partitions.
func topicsOf(name string) []receive.Topic { return []receive.Topic{{Name: name}} }
