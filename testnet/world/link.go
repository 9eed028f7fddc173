package world

import (
	"fmt"

	"crier/reliable"
	"crier/testnet/link"
)

// headerBytes is the size of the headers of UDP and IPv4, which a datagram has on a link.
const headerBytes = 28

// path is the way between a publisher and a subscriber on one feed.
type path struct {
	down *link.Link // to the subscriber
	up   *link.Link // to the publisher

	doomed int // DATA frames down that are to be lost
}

// Segment is a part of the network that several subscribers share: a datagram that it loses
// is lost for all of them. It lies between the publishers and their own links.
type Segment struct {
	w      *World
	index  int
	name   string
	cfg    link.Config
	links  []*link.Link // by publisher
	doomed []int        // by publisher: DATA frames that are to be lost
	subs   []*Subscriber
	feed   int // that it is part of
}

// AddSegment adds a segment, before any subscriber on it. Each publisher has a
// link of its own to it, which behaves as cfg says.
func (w *World) AddSegment(name string, cfg link.Config) (*Segment, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	g := &Segment{w: w, index: len(w.segments), name: name, cfg: cfg}
	w.segments = append(w.segments, g)
	for _, p := range w.pubs {
		g.connect(p)
	}
	return g, nil
}

// Config returns how each publisher's link to the segment began.
func (g *Segment) Config() link.Config { return g.cfg }

// Link returns a publisher's link to the segment, to look at or to change.
func (g *Segment) Link(p *Publisher) *link.Link { return g.links[p.index] }

func (g *Segment) connect(p *Publisher) {
	g.links = append(g.links, new(link.Link).Init(g.cfg,
		link.Seed(g.w.cfg.Seed, p.key(), 3<<32|uint64(g.index))))
	g.doomed = append(g.doomed, 0)
}

// fan passes on a packet that has crossed the segment.
func (g *Segment) fan(p *Datagram) {
	if p.Aside() {
		p.Subscriber.pass(g, p)
		return
	}
	if p.Target != nil {
		p.Publisher.toSubscriber(p.Target, p)
		return
	}
	g.w.beginFanout(p)
	for _, s := range g.subs {
		p.Publisher.toSubscriber(s, p)
	}
	g.w.finishFanout()
}

// Down returns the link from a publisher to a subscriber, to look at or to
// change; Up the one from the subscriber to the publisher. They are those of the first feed.
func (w *World) Down(p *Publisher, s *Subscriber) *link.Link { return p.paths[0][s.index].down }

// Up returns the link from a subscriber to a publisher.
func (w *World) Up(s *Subscriber, p *Publisher) *link.Link { return p.paths[0][s.index].up }

// Partition cuts the network between a publisher and a subscriber, both ways;
// Heal ends that. What is on its way still arrives.
func (w *World) Partition(p *Publisher, s *Subscriber) { w.cut(p, s, true) }

// Heal ends a partition.
func (w *World) Heal(p *Publisher, s *Subscriber) { w.cut(p, s, false) }

func (w *World) cut(p *Publisher, s *Subscriber, down bool) {
	for feed := range p.paths {
		if way := p.way(s, feed); way != nil {
			way.down.SetDown(down)
			way.up.SetDown(down)
		}
	}
	if w.cfg.Trace != nil {
		verb := "heal"
		if down {
			verb = "partition"
		}
		w.trace("%s %v <> %v", verb, p, s)
	}
}

// connect makes the links between a publisher and a subscriber. The seeds don't
// depend on the order in which the two were added.
func (w *World) connect(p *Publisher, s *Subscriber) {
	for feed := range p.paths {
		way := path{}
		if feed < s.cfg.feeds() {
			down, up := s.cfg.links(feed)
			net := uint64(feed) << 48
			way.down = w.downs.add(down, link.Seed(w.cfg.Seed, p.key()|net, s.key()))
			way.up = w.ups.add(up, link.Seed(w.cfg.Seed, s.key(), p.key()|net))
		}
		p.paths[feed] = append(p.paths[feed], way)
	}
}

// links are made by the dozen, so that those that a packet to the group crosses
// lie in memory one after the other.
type links []link.Link

func (l *links) add(cfg link.Config, seed uint64) *link.Link {
	if len(*l) == cap(*l) {
		*l = make([]link.Link, 0, 32)
	}
	*l = append(*l, link.Link{})
	one := &(*l)[len(*l)-1]
	one.Init(cfg, seed)
	return one
}

// toGroup sends a packet to all members of its group, over all feeds.
func (p *Publisher) toGroup(pkt *Datagram) {
	w := p.w
	w.overhear(pkt, func(other *Publisher) { p.fromPublisher(other, pkt) })
	for feed := range p.paths {
		pkt := pkt.by(feed)
		w.beginFanout(pkt)
		for _, s := range w.direct[feed] {
			p.toSubscriber(s, pkt)
		}
		w.finishFanout()
		for _, g := range w.segments {
			if g.feed == feed && len(g.subs) > 0 && g.hears(pkt.Group) {
				p.toSegment(g, pkt)
			}
		}
	}
}

// toOne sends a packet to one subscriber.
func (p *Publisher) toOne(s *Subscriber, pkt *Datagram) {
	if g := s.cfg.segment(pkt.Feed); g != nil {
		p.toSegment(g, pkt)
	} else {
		p.toSubscriber(s, pkt)
	}
}

func (p *Publisher) toSegment(g *Segment, pkt *Datagram) {
	w, l := p.w, g.links[p.index]
	if doom(&g.doomed[p.index], pkt) {
		l.LoseNext()
	}
	out := &w.outcome
	l.SendTo(int64(w.now), len(pkt.frame.Raw)+headerBytes, out)
	if w.cfg.Trace != nil {
		w.traceSend(p, g, pkt, out)
	}
	if out.Drop != link.NotDropped && len(w.observers) > 0 {
		w.observeDropped(pkt, g, nil)
	}
	for _, a := range out.Arrivals() {
		came := pkt
		if a.Corrupt {
			came = w.damaged(pkt, l)
		}
		w.push(reliable.Time(a.At), eventFan, uint32(g.index), came)
	}
}

// toSubscriber sends a packet over the subscriber's own link.
func (p *Publisher) toSubscriber(s *Subscriber, pkt *Datagram) {
	if s.state != running || pkt.Target == nil && !s.hears(pkt.Group) {
		return // nobody has joined there
	}
	w, way := p.w, &p.paths[pkt.Feed][s.index]
	l := way.down
	if doom(&way.doomed, pkt) {
		l.LoseNext()
	}
	out := &w.outcome
	l.SendTo(int64(w.now), len(pkt.frame.Raw)+headerBytes, out)
	if w.cfg.Trace != nil {
		w.traceSend(p, s, pkt, out)
	}
	if out.Drop != link.NotDropped && len(w.observers) > 0 {
		w.observeDropped(pkt, nil, s)
	}
	for _, a := range out.Arrivals() {
		came := pkt
		if a.Corrupt {
			came = w.damaged(pkt, l)
		}
		w.land(a.At, s, came)
	}
}

// toPublisher sends a subscriber's packet.
func (s *Subscriber) toPublisher(p *Publisher, pkt *Datagram) {
	w, l := s.w, p.paths[pkt.Feed][s.index].up
	out := &w.outcome
	l.SendTo(int64(w.now), len(pkt.frame.Raw)+headerBytes, out)
	if w.cfg.Trace != nil {
		w.traceSend(s, p, pkt, out)
	}
	if out.Drop != link.NotDropped && len(w.observers) > 0 {
		w.observeDropped(pkt, nil, s)
	}
	for _, a := range out.Arrivals() {
		came := pkt
		if a.Corrupt {
			came = w.damaged(pkt, l)
		}
		w.push(reliable.Time(a.At), eventAnswer, uint32(p.index), came)
	}
}

// trace writes a line.
func (w *World) trace(format string, args ...any) {
	if w.cfg.Trace != nil {
		w.cfg.Trace(Stamp(w.now) + " " + fmt.Sprintf(format, args...))
	}
}

// traceSend writes the fate of a packet.
func (w *World) traceSend(from, to fmt.Stringer, p *Datagram, out *link.Outcome) {
	what := "damaged frame"
	if p.err == nil {
		what = p.frame.String()
	}
	if p.Feed > 0 {
		what += fmt.Sprintf(" by feed %d", p.Feed)
	}
	outcome := out.Drop.String()
	if out.Drop == link.NotDropped {
		outcome = "arrives"
		for _, a := range out.Arrivals() {
			outcome += " " + Stamp(reliable.Time(a.At))
			if a.Corrupt {
				outcome += " damaged"
			}
		}
	}
	w.trace("%v > %v %s: %s", from, to, what, outcome)
}

// traceEvent writes an event of the application.
func (s *Subscriber) traceEvent(ev *reliable.Event) {
	switch ev.Kind {
	case reliable.Message:
		s.w.trace("%v takes %v offset %d, %d B, recovered %v", s, ev.Session, ev.Offset,
			len(ev.Payload), ev.Recovered)
	case reliable.Loss:
		s.w.trace("%v takes %v lost [%d, %d): %v", s, ev.Session, ev.Lost.From, ev.Lost.To,
			ev.Cause)
	default:
		s.w.trace("%v takes %v %v%s", s, ev.Session, ev.Kind, certificateText(ev.Certificate))
	}
}

// certificateText tells what a certificate says.
func certificateText(c *reliable.Certificate) string {
	if c == nil {
		return ""
	}
	state := "not agreed"
	switch {
	case c.Withdrawn:
		state = "withdrawn"
	case len(c.Live) > 0:
		state = fmt.Sprintf("none: %d hear the publisher", len(c.Live))
	case c.Agreed:
		state = "agreed"
	}
	text := fmt.Sprintf(", certificate %d %016x %s: %d members, frames [%d, %d), nobody has %v, "+
		"offset %d is next, %d messages lost, %v", c.Number, c.Hash, state, len(c.Members),
		c.Frames.From, c.Frames.To, c.Nobody, c.NextOffset, c.LostMessages, c.Took)
	if len(c.Unsettled) > 0 {
		text += fmt.Sprintf(", unsettled %v", c.Unsettled)
	}
	return text
}

// String returns the segment's name.
func (g *Segment) String() string { return g.name }

// stamp prints a time as seconds with nine decimals.
func Stamp(t reliable.Time) string {
	if t == reliable.Never {
		return "never"
	}
	return fmt.Sprintf("%d.%09d", int64(t)/1e9, int64(t)%1e9)
}
