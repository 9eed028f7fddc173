package world

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/topic"
)

// Groups. A World without topics has one group, whose address is the zero one, and all hear it.
// A publisher with a topic, or with a base, sends to the groups of its layout, and a subscriber
// that follows topics is a member of those groups that its Receiver wants, from a while after
// it wants them. A packet to a group reaches its members only, as behind a switch that snoops.

// memberships are the groups that a subscriber hears.
type memberships struct {
	known   bool // else it hears the one group of a World without topics
	version uint64
	list    []membership // by frame.Frame.GroupIndex
}

// membership is a group, and when its packets reach the subscriber; not valid: there is none.
type membership struct {
	group netip.AddrPort
	from  reliable.Time
}

// index returns the index of a group whose packets reach the subscriber now; -1 if they don't.
func (m *memberships) index(group netip.AddrPort, now reliable.Time) int {
	if !m.known {
		if group.IsValid() {
			return -1
		}
		return 0
	}
	for i := range m.list {
		if one := &m.list[i]; one.group == group && one.from <= now {
			return i
		}
	}
	return -1
}

// hears reports whether a packet to a group, sent now, is on its way to the subscriber.
func (s *Subscriber) hears(group netip.AddrPort) bool {
	return s.state == running && !s.stranded && s.groups.index(group, s.w.now) >= 0
}

// Strand lets the switches forget the groups of the subscriber, or know them again: what is sent
// to a group no longer reaches it, and what is sent to it alone does.
func (s *Subscriber) Strand(on bool) {
	s.stranded = on
	if s.w.cfg.Trace != nil {
		verb := "knows"
		if on {
			verb = "forgets"
		}
		s.w.trace("the network %s the groups of %v", verb, s)
	}
}

// JoinedAt returns since when packets to a group reach the subscriber; Never if they don't. The
// zero address is the group of a World without topics.
func (s *Subscriber) JoinedAt(group netip.AddrPort) reliable.Time {
	if !s.groups.known {
		if group.IsValid() {
			return reliable.Never
		}
		return s.joined
	}
	for _, one := range s.groups.list {
		if one.group == group {
			return one.from
		}
	}
	return reliable.Never
}

// join follows the groups that the Receiver wants.
func (s *Subscriber) join() {
	if !s.groups.known {
		return
	}
	version, groups := s.m.Memberships()
	if version == s.groups.version && len(groups) == len(s.groups.list) {
		return
	}
	before := s.groups.list
	now := make([]membership, len(groups))
	for i, group := range groups {
		if now[i].group = group; !group.IsValid() {
			continue
		}
		if k := slices.IndexFunc(before,
			func(m membership) bool { return m.group == group }); k >= 0 {
			now[i].from = before[k].from
			continue
		}
		now[i].from = s.w.now.Add(s.cfg.JoinDelay)
		if s.w.cfg.Trace != nil {
			s.w.trace("%v joins %v from %s on", s, group, Stamp(now[i].from))
		}
	}
	s.groups.version, s.groups.list = version, now
}

// Wants reports whether the subscriber is to hear a stream: one of a topic and partition that it
// follows, or, without topics, one of a group that it hears.
func (s *Subscriber) Wants(stream *Session) bool {
	pub, topics := stream.Publisher, s.cfg.Receiver.Topics
	for i := range topics {
		t := &topics[i]
		if t.Name == pub.cfg.Sender.Topic && topic.Home(t.Name, t.Base) == pub.home() {
			return t.Partitions == nil || slices.Contains(t.Partitions, stream.Partition)
		}
	}
	if !s.groups.known {
		return !pub.home().IsValid()
	}
	return slices.Contains(s.cfg.Receiver.Groups, pub.home())
}

// follows reports whether the subscriber's Receiver says which groups it wants.
func (s *Subscriber) follows() bool {
	if s.recorder != nil {
		return s.recorder.follows()
	}
	rc := &s.cfg.Receiver
	return len(rc.Topics) > 0 || slices.ContainsFunc(rc.Groups, netip.AddrPort.IsValid)
}

// hears reports whether a packet to a group is to cross the segment: whether a member is behind
// it. What goes to the one group of a World without topics always does.
func (g *Segment) hears(group netip.AddrPort) bool {
	return !group.IsValid() || slices.ContainsFunc(g.subs,
		func(s *Subscriber) bool { return s.hears(group) })
}

// Groups returns the groups that the publisher sends to: the home group, and behind it those of
// its partitions' data, if they have their own.
func (p *Publisher) Groups() []netip.AddrPort { return p.groups }

// home returns the publisher's home group.
func (p *Publisher) home() netip.AddrPort { return p.groups[0] }

// group returns the group with an index; the home group for one that there isn't.
func (p *Publisher) group(index int) netip.AddrPort {
	if index >= len(p.groups) {
		p.w.fail("%v sends to its group %d, and has %d", p, index, len(p.groups))
		return p.home()
	}
	return p.groups[index]
}

// groupsOf returns the groups of a publisher's configuration.
func (p *Publisher) groupsOf() []netip.AddrPort {
	cfg := &p.cfg.Sender
	layout, err := cfg.Layout.Complete()
	if cfg.Topic == "" && !layout.Base.IsValid() || err != nil {
		return make([]netip.AddrPort, 1) // the only one
	}
	return layout.All(cfg.Topic)
}
