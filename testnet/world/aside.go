package world

import (
	"crier/reliable"
	"crier/testnet/link"
)

// aside is a subscriber's ways to the others: what it sends leaves its host over one link,
// as its words to publishers do over theirs, then crosses the other's segment, and reaches
// it over a link like that from a publisher. All of them are made when they are first used: a
// thousand subscribers that don't talk to each other have none. Survivors, which all talk to
// all, share the link to each of them.
type aside struct {
	// How links that leave its host, and those that reach it, behave from now on.
	up, down link.Config

	out      *link.Link
	in       []*link.Link // by subscriber: from here to there
	shared   *link.Link   // from all survivors to here, which is one itself
	segments []*link.Link // by segment
	deaf     nodeSet      // subscribers that it doesn't hear
}

// nodeSet is a set of subscribers, by their numbers.
type nodeSet []uint64

func (b *nodeSet) set(n int, on bool) {
	for len(*b) <= n/64 {
		*b = append(*b, 0)
	}
	if (*b)[n/64] &^= 1 << (n % 64); on {
		(*b)[n/64] |= 1 << (n % 64)
	}
}

func (b nodeSet) has(n int) bool { return n/64 < len(b) && b[n/64]>>(n%64)&1 == 1 }

// outKey stands in seeds for the network that a subscriber's own link leads to.
const outKey = 4 << 32

// leave sends a packet to another subscriber, or to the group, over the link that leaves the
// subscriber's host.
func (s *Subscriber) leave(pkt *Datagram) {
	w, a := s.w, &s.aside
	if a.out == nil {
		a.out = new(link.Link).Init(a.up, link.Seed(w.cfg.Seed, s.key(), outKey))
	}
	w.cross(a.out, s, network{}, pkt, nil, s, func(at int64, came *Datagram) {
		w.push(reliable.Time(at), eventLeave, uint32(s.index), came)
	})
	if pkt.Target == nil {
		w.overhear(pkt, func(p *Publisher) { s.toPublisher(p, pkt) })
	}
}

// network is the name in traces of what lies between subscribers.
type network struct{}

func (network) String() string { return "network" }

// spread passes on a packet that has left the subscriber's host. It comes to others on the
// same segment without crossing that.
func (s *Subscriber) spread(pkt *Datagram) {
	w := s.w
	if t := pkt.Target; t != nil {
		if t.cfg.Segment == nil || t.cfg.Segment == s.cfg.Segment {
			s.reach(t, pkt)
		} else {
			s.enter(t.cfg.Segment, pkt)
		}
		return
	}
	s.pass(nil, pkt)
	for _, g := range w.segments {
		if g == s.cfg.Segment {
			s.pass(g, pkt)
		} else if len(g.subs) > 0 && g.hears(pkt.Group) {
			s.enter(g, pkt)
		}
	}
}

// enter sends a packet over a segment.
func (s *Subscriber) enter(g *Segment, pkt *Datagram) {
	w, a := s.w, &s.aside
	for len(a.segments) <= g.index {
		a.segments = append(a.segments, nil)
	}
	l := a.segments[g.index]
	if l == nil {
		l = new(link.Link).Init(g.cfg, link.Seed(w.cfg.Seed, s.key(), 3<<32|uint64(g.index)))
		a.segments[g.index] = l
	}
	w.cross(l, s, g, pkt, g, nil, func(at int64, came *Datagram) {
		w.push(reliable.Time(at), eventFan, uint32(g.index), came)
	})
}

// pass hands a packet to those behind a segment that it is for; nil: to those on none.
func (s *Subscriber) pass(g *Segment, pkt *Datagram) {
	w := s.w
	if pkt.Target != nil {
		s.reach(pkt.Target, pkt)
		return
	}
	list := w.direct[0]
	if g != nil {
		list = g.subs
	}
	w.beginFanout(pkt)
	for _, t := range list {
		if t != s {
			s.reach(t, pkt)
		}
	}
	w.finishFanout()
}

// reach sends a packet over the last link to a subscriber.
func (s *Subscriber) reach(t *Subscriber, pkt *Datagram) {
	if t.state != running || pkt.Target == nil && !t.hears(pkt.Group) {
		return // nobody has joined there
	}
	w := s.w
	l := s.way(t)
	l.SetDown(t.aside.deaf.has(s.index))
	w.cross(l, s, t, pkt, nil, t, func(at int64, came *Datagram) { w.land(at, t, came) })
}

// sharedKey stands in seeds for all survivors.
const sharedKey = 5 << 32

// way returns the link from the network to a subscriber for what this one sends.
func (s *Subscriber) way(t *Subscriber) *link.Link {
	a := &s.aside
	if s.Survives() && t.Survives() {
		if t.aside.shared == nil {
			t.aside.shared = new(link.Link).Init(t.aside.down,
				link.Seed(s.w.cfg.Seed, sharedKey, t.key()))
		}
		return t.aside.shared
	}
	for len(a.in) <= t.index {
		a.in = append(a.in, nil)
	}
	if a.in[t.index] == nil {
		l := new(link.Link).Init(t.aside.down, link.Seed(s.w.cfg.Seed, s.key(), t.key()))
		a.in[t.index] = l
	}
	return a.in[t.index]
}

// cross hands a packet to a link, and what arrives to land.
func (w *World) cross(l *link.Link, from *Subscriber, to interface{ String() string },
	pkt *Datagram, g *Segment, s *Subscriber, land func(at int64, came *Datagram)) {
	out := &w.outcome
	l.SendTo(int64(w.now), len(pkt.frame.Raw)+headerBytes, out)
	if w.cfg.Trace != nil {
		w.traceSend(from, to, pkt, out)
	}
	if out.Drop != link.NotDropped && len(w.observers) > 0 {
		w.observeDropped(pkt, g, s)
	}
	for _, a := range out.Arrivals() {
		came := pkt
		if a.Corrupt {
			came = w.damaged(pkt, l)
		}
		land(a.At, came)
	}
}

// Sever cuts the network between two subscribers, both ways; Join ends that. What is on its
// way still arrives.
func (w *World) Sever(s, t *Subscriber) { w.sever(s, t, true) }

// Join ends a cut between two subscribers.
func (w *World) Join(s, t *Subscriber) { w.sever(s, t, false) }

func (w *World) sever(s, t *Subscriber, down bool) {
	s.aside.deaf.set(t.index, down)
	t.aside.deaf.set(s.index, down)
	if w.cfg.Trace != nil {
		verb := "heal"
		if down {
			verb = "partition"
		}
		w.trace("%s %v <> %v", verb, s, t)
	}
}

// Deafen cuts the network from one subscriber to another, and not back: to no longer hears
// from, until Undeafen, or Join, ends that.
func (w *World) Deafen(to, from *Subscriber) { w.deafen(to, from, true) }

// Undeafen lets a subscriber hear another again.
func (w *World) Undeafen(to, from *Subscriber) { w.deafen(to, from, false) }

func (w *World) deafen(to, from *Subscriber, down bool) {
	to.aside.deaf.set(from.index, down)
	if w.cfg.Trace != nil {
		verb := "heal"
		if down {
			verb = "deafen"
		}
		w.trace("%s %v < %v", verb, to, from)
	}
}

// Aside returns how links between the subscriber and other subscribers behave: those that
// reach it, and the one that leaves it.
func (s *Subscriber) Aside() (down, up link.Config) { return s.aside.down, s.aside.up }

// Relink makes the links between the subscriber and the other subscribers behave anew: down
// those that reach it, up the one that leaves it. Cuts stay.
func (s *Subscriber) Relink(down, up link.Config) error {
	if err := down.Validate(); err != nil {
		return err
	}
	if err := up.Validate(); err != nil {
		return err
	}
	s.aside.down, s.aside.up = down, up
	for _, t := range s.w.subs {
		if s.index < len(t.aside.in) && t.aside.in[s.index] != nil {
			if err := t.aside.in[s.index].Reconfigure(down); err != nil {
				return err
			}
		}
	}
	if l := s.aside.shared; l != nil {
		if err := l.Reconfigure(down); err != nil {
			return err
		}
	}
	if s.aside.out != nil {
		return s.aside.out.Reconfigure(up)
	}
	return nil
}
