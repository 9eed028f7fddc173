package publisher

import (
	"cmp"
	"os"
	"slices"
	"sync"
	"time"

	"crier/reliable"
	"crier/reliable/directory"
	"crier/reliable/frame"
	"crier/reliable/send"
	"crier/subscriber/directory/node"
)

// announcer announces the topic in the directory of one interface.
type announcer struct {
	p       *Publisher
	node    *node.Node
	machine *directory.Announcer
	// rates are those that were announced last.
	rates rates
	// told counts the clashes that were logged since from. The node's lock guards them.
	told int
	from reliable.Time
	// telling counts the goroutines that log, none of which starts once closed is set.
	telling sync.WaitGroup
	closed  bool
}

const (
	// clashesTold is the number of clashes that are logged in a clashTime. The rest is counted.
	clashesTold = 8
	clashTime   = reliable.Time(time.Minute)
)

// announcers are those of a publisher, one for each interface. There are none without a topic, or
// if it isn't to be announced, or where that isn't possible: data doesn't need them.
type announcers []*announcer

// announce begins to announce the topic.
func (p *Publisher) announce() {
	if p.cfg.Topic == "" || p.cfg.NoAnnounce {
		return
	}
	for _, iface := range p.cfg.interfaces() {
		a := &announcer{p: p}
		if err := a.open(iface); err != nil {
			p.cfg.Logger.Warn("crier: the topic can't be announced: crier ls doesn't show it, and "+
				"patterns don't find it", "topic", p.cfg.Topic, "interface", iface, "error", err,
				"hint", "subscribers that name the topic need no announcement; NoAnnounce "+
					"(crier pub --no-announce) leaves it out")
			continue
		}
		p.announcers = append(p.announcers, a)
	}
}

// interfaces returns those that the topic is announced on.
func (c *Config) interfaces() (names []string) {
	for _, f := range c.Feeds {
		if !slices.Contains(names, f.Interface) {
			names = append(names, f.Interface)
		}
	}
	if len(names) == 0 {
		return []string{c.Interface}
	}
	return names
}

// open opens the sockets of an announcer.
func (a *announcer) open(iface string) error {
	cfg := &a.p.cfg
	host, _ := os.Hostname() // empty if unknown
	begin := time.Now()
	a.rates.at = begin
	config := directory.AnnouncerConfig{
		Session: uint64(cfg.Session), Seed: randomID(), Wall: begin.UnixNano(),
		Topic: cfg.Topic, Layout: cfg.layout, Publisher: cfg.Name, Host: host,
		PID: uint32(os.Getpid()), Control: a.p.LocalAddr(),
		Facts: func(reliable.Time) directory.Facts {
			st, teams := a.p.sessionStats()
			facts := a.rates.facts(time.Now(), &st)
			facts.Teams = teams
			return facts
		},
	}
	var err error
	a.node, err = node.Open(node.Config{
		Interface: iface, Link: cfg.Link, Start: begin, Logger: cfg.Logger,
		Changed:  a.tellClashes,
		Restored: func(now reliable.Time) { a.machine.Introduce(now) },
	}, func() (node.Machine, error) {
		var err error
		a.machine, err = directory.NewAnnouncer(config)
		return a.machine, err
	})
	return err
}

// tellClashes has new clashes logged. The caller holds the node's lock.
func (a *announcer) tellClashes(now reliable.Time) {
	if a.closed {
		return
	}
	if now >= a.from+clashTime {
		a.from, a.told = now, 0
	}
	for a.told < clashesTold {
		c, ok := a.machine.TakeClash()
		if !ok {
			return
		}
		a.told++
		a.telling.Go(func() { a.p.tellClash(&c) }) // a Logger may block, and the lock is held
	}
}

// tellClash logs a clash, with the remedy.
func (p *Publisher) tellClash(c *directory.Clash) {
	log, own := p.cfg.Logger, p.cfg.Topic
	switch c.Kind {
	case directory.SameName:
		log.Warn("crier: another publisher of this topic has the same name, and runs as well: "+
			"subscribers take the messages of both, each with its own offsets",
			"topic", own, "publisher", c.Publisher, "address", c.Addr.String(),
			"other_session", c.Session.String(),
			"hint", "stop one of them, or give it another Name (crier pub --name)")
	case directory.SameGroup:
		log.Warn("crier: another topic uses a group of this one: datagrams of both reach the "+
			"subscribers of either, which drop the other's", "topic", own, "other_topic", c.Topic,
			"group", c.Group.String(), "publisher", c.Publisher, "address", c.Addr.String(),
			"hint", "give one of the topics other groups by Group (crier pub --group), which its "+
				"subscribers then need too")
	case directory.OtherLayout:
		log.Warn("crier: another publisher of this topic has other partitions or groups: a key is "+
			"in different partitions of the two", "topic", own, "publisher", c.Publisher,
			"address", c.Addr.String(), "partitions", c.Layout.Partitions,
			"groups", c.Layout.Groups,
			"hint", "give all publishers of a topic the same Partitions, Groups and Group")
	}
}

// end ends the announcements, and says so.
func (l announcers) end() {
	for _, a := range l {
		a.node.Close(func(now reliable.Time) {
			a.closed = true
			a.machine.Close(now)
		})
		a.telling.Wait()
	}
}

// stats returns the counters, those of all interfaces together.
func (l announcers) stats() (sum directory.AnnouncerStats) {
	for _, a := range l {
		a.node.Lock()
		st := a.machine.Stats()
		a.node.Unlock()
		sum.Add(&st)
	}
	return sum
}

// rates are what a publisher publishes in a second.
type rates struct {
	at              time.Time
	messages, bytes uint64
	last            directory.Facts
}

// sessionStats returns the session's own counters, and the teams that it announces: those with
// members first.
func (p *Publisher) sessionStats() (send.Stats, []directory.Team) {
	states := p.TeamStates()
	slices.SortStableFunc(states, func(a, b TeamState) int { return cmp.Compare(b.Members, a.Members) })
	var teams []directory.Team
	for _, t := range states[:min(len(states), frame.MaxAnnouncedTeams)] {
		teams = append(teams, directory.Team{Name: t.Team, Share: t.Share, Members: t.Members,
			Lag: t.Lag})
	}
	p.loop.Lock()
	defer p.loop.Unlock()
	return p.sender.Stats(), teams
}

// facts returns the rates since the last call, but at least over a second.
func (r *rates) facts(now time.Time, st *send.Stats) directory.Facts {
	r.last.Subscribers = st.Members
	if d := now.Sub(r.at); d >= time.Second {
		r.last.Messages = perSecond(st.Accepted-r.messages, d)
		r.last.Bytes = perSecond(st.AcceptedBytes-r.bytes, d)
		r.at, r.messages, r.bytes = now, st.Accepted, st.AcceptedBytes
	}
	return r.last
}

func perSecond(n uint64, d time.Duration) uint64 {
	return uint64(float64(n) / d.Seconds())
}
