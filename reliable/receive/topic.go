package receive

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// Topic is a topic to follow.
type Topic struct {
	// Name of the topic. Empty means whatever is heard on the home group, Base.
	Name string
	// Base is the home group, which the data groups follow. If it isn't valid, all groups
	// follow from the name.
	Base netip.AddrPort
	// Partitions that are wanted; nil means all.
	Partitions []uint32
}

// MaxTopics is the number of topics that may be followed at once.
const MaxTopics = 64

// Check returns nil, or a *config.Error about the mistake, whose Field is Topic, Groups or
// Partitions.
func (t Topic) Check() error {
	if t.Name != "" {
		if err := topic.Check(t.Name); err != nil {
			return config.Errorf("Topic", "%v", err)
		}
	}
	if _, err := (topic.Layout{Base: t.Base}).Complete(); err != nil {
		return err
	}
	for i, p := range t.Partitions {
		switch {
		case p >= topic.MaxPartitions:
			return config.Errorf("Partitions", "there is no partition %d: they are numbered from "+
				"0, and a topic has up to %d", p, topic.MaxPartitions)
		case slices.Contains(t.Partitions[:i], p):
			return config.Errorf("Partitions", "the partition %d is given twice; give it once", p)
		}
	}
	if t.Partitions != nil && len(t.Partitions) == 0 {
		return config.Errorf("Partitions", "none is wanted: give one at least, or nil for all")
	}
	return nil
}

// check returns the topic with its base in the form in which addresses compare, and false if there
// is no such topic.
func (t Topic) check() (Topic, bool) {
	if t.Name == "" && !t.Base.IsValid() || t.Name != "" && topic.Check(t.Name) != nil {
		return t, false
	}
	l, err := topic.Layout{Base: t.Base}.Complete()
	t.Base = l.Base
	return t, err == nil && !slices.ContainsFunc(t.Partitions, func(p uint32) bool {
		return p >= topic.MaxPartitions
	})
}

// A followed is a topic that is followed.
type followed struct {
	Topic
	// joined is since when.
	joined reliable.Time
	// wanted are the partitions, if not all of them are.
	wanted [topic.MaxPartitions / 64]uint64
	gone   bool
	// most is the layout with the most partitions that was heard.
	most topic.Layout
	// needs are its data groups, by their indexes, and joins says that its home group is joined.
	needs []needs
	joins bool
	// heard says that a session of it was followed.
	heard bool
}

// wants reports whether a partition is wanted.
func (o *followed) wants(channel uint32) bool {
	return !o.gone && (o.Partitions == nil || o.wanted[channel/64]&(1<<(channel%64)) != 0)
}

// first returns the lowest partition of so many that is wanted, and false if there is none.
func (o *followed) first(partitions int) (uint32, bool) {
	for c := range uint32(partitions) {
		if o.wants(c) {
			return c, true
		}
	}
	return 0, false
}

// topics are those that are followed. If there are none, all sessions are that are heard.
type topics struct {
	r    *Receiver
	list []*followed
	// plain is what the groups of the configuration are followed as.
	plain  []*followed
	groups memberships
	// due is when the groups of a silent session are left.
	due reliable.Time
}

func (t *topics) start(r *Receiver) {
	t.r, t.due = r, reliable.Never
	t.groups.at, t.groups.due = make(map[netip.AddrPort]*joinedGroup), reliable.Never
	for _, g := range r.cfg.Groups {
		t.plain = append(t.plain, &followed{Topic: Topic{Base: g}, joined: r.cfg.Joined})
		t.groups.list = append(t.groups.list, g) // for good
		t.groups.at[g] = &joinedGroup{place: len(t.groups.list) - 1, refs: 1}
	}
	for _, one := range r.cfg.Topics {
		r.Follow(r.cfg.Joined, one)
	}
}

// Follow follows a topic from now on, and reports false if it is followed already, if there are
// MaxTopics of them, or if there is no such topic. Memberships change with it.
func (r *Receiver) Follow(now reliable.Time, t Topic) bool {
	f := &r.topics
	t, ok := t.check()
	if !ok || len(f.list) == MaxTopics || f.find(t.Name, t.Base) != nil {
		return false
	}
	o := &followed{Topic: t, joined: now}
	o.Partitions = slices.Clone(t.Partitions)
	for _, p := range t.Partitions {
		o.wanted[p/64] |= 1 << (p % 64)
	}
	for i := len(r.table.list) - 1; i >= 0; i-- { // of a time when it was followed before
		s := r.table.list[i]
		if was := s.topic; was != nil && was.gone && was.Name == t.Name && s.over() {
			r.forget(s)
		}
	}
	f.list = append(f.list, o)
	o.joins = f.groups.join(now, o.home(), maxMemberships)
	r.finder.search(now, o)
	return true
}

// home returns the topic's home group.
func (o *followed) home() netip.AddrPort { return topic.Home(o.Name, o.Base) }

// homes returns the groups where something is asked about a topic; nil: about whatever is heard.
func (t *topics) homes(of *followed) []netip.AddrPort {
	switch {
	case of != nil:
		return []netip.AddrPort{of.home()}
	case len(t.r.cfg.Groups) > 0:
		return t.r.cfg.Groups
	}
	return []netip.AddrPort{{}} // the driver's
}

// asks returns the topic at whose home group is asked about a session.
func (s *session) asks() *followed {
	if slices.Contains(s.r.topics.plain, s.topic) {
		return nil
	}
	return s.topic
}

// find returns the topic that is followed by a name, or without one by a base, or nil.
func (t *topics) find(name string, base netip.AddrPort) *followed {
	for _, o := range t.list {
		if o.Name == name && (name != "" || o.Base == base) {
			return o
		}
	}
	return nil
}

// Unfollow leaves the topics with a name, and closes their sessions: events tell their end.
func (r *Receiver) Unfollow(now reliable.Time, name string) {
	r.Keep()
	r.tick(now)
	f := &r.topics
	for _, o := range f.list {
		o.gone = o.gone || o.Name == name
		if o.gone && o.joins {
			f.groups.leave(now, o.home())
		}
		if o.gone {
			r.finder.leave(o)
		}
	}
	f.list = slices.DeleteFunc(f.list, func(o *followed) bool { return o.gone })
	for _, s := range r.table.list {
		if s.topic == nil || !s.topic.gone || s.over() {
			continue
		}
		f.part(s)
		for _, st := range s.streams {
			st.close()
		}
		r.enliven(s)
	}
}

// group returns the group with an index of frames, or an invalid address: whatever the driver
// takes for the first one.
func (t *topics) group(index int) netip.AddrPort {
	if index < len(t.groups.list) {
		return t.groups.list[index]
	}
	return netip.AddrPort{}
}

// of returns the topic as which the session of a frame is followed, which is nil if it is followed
// whatever it is of, and false if it isn't followed by this frame.
func (t *topics) of(f *frame.Frame) (*followed, bool) {
	if f.GroupIndex < len(t.plain) {
		return t.plain[f.GroupIndex], true
	}
	if len(t.list) == 0 {
		return nil, len(t.plain) == 0 && !t.r.cfg.Selects
	}
	if f.Kind == frame.Session && len(f.Topic) > 0 {
		for _, o := range t.list {
			if o.Name == string(f.Topic) {
				return o, true
			}
		}
	}
	for _, o := range t.list {
		if o.Name == "" && o.Base == t.group(f.GroupIndex) {
			return o, true
		}
	}
	return nil, false
}

// ofDigest is of for the DIGEST of a recorder, by the title in it.
func (t *topics) ofDigest(f *frame.Frame, told *reliable.Title) (*followed, bool) {
	o, ok := t.of(f)
	if !ok && told != nil && told.Topic != "" {
		o = t.find(told.Topic, netip.AddrPort{})
		ok = o != nil
	}
	return o, ok && (o == nil || o.wants(f.Channel))
}

// lacks reports whether the publisher is heard, and nothing came of a partition that is wanted.
func (s *session) lacks(now reliable.Time) bool {
	if s.topic == nil || s.layout.Partitions <= len(s.streams) || !s.source.IsValid() ||
		now >= s.silentAt() {
		return false
	}
	for c := range uint32(s.layout.Partitions) {
		if s.topic.wants(c) && s.stream(c) == nil {
			return true
		}
	}
	return false
}

// layout returns the layout that a SESSION tells, and false if it isn't one of the topic as which
// its session is followed: no groups are joined by it.
func (o *followed) layout(f *frame.Frame) (topic.Layout, bool) {
	l := topic.Layout{Partitions: int(min(max(f.Channels, 1), 1<<16)), Groups: 1, Base: o.Base}
	if f.Groups > 0 {
		l.Groups = int(min(f.Groups, 1<<16))
	}
	l, err := l.Complete()
	if err != nil {
		return l, false
	}
	base := netip.AddrPortFrom(f.Base.Addr().Unmap(), f.Base.Port())
	if o.Name == "" {
		// Only what is heard on the home group leads to others.
		if !f.Base.IsValid() || base != o.Base {
			l.Groups = 1
		}
		return l, true
	}
	return l, f.Groups == 0 || f.Base.IsValid() == o.Base.IsValid() &&
		(!f.Base.IsValid() || base == o.Base)
}

// Hears reports whether a session of a topic that is followed goes on, or is looked for, and
// whether one was ever followed.
func (r *Receiver) Hears(now reliable.Time, name string) (goesOn, ever bool) {
	o := r.topics.find(name, netip.AddrPort{})
	if o == nil {
		return false, false
	}
	if r.asksForPast() && now < o.joined.Add(pastTime) {
		return true, o.heard
	}
	for _, s := range r.table.list {
		if s.topic == o && !s.all((*stream).quiet) {
			return true, true
		}
	}
	return r.finder.any(func(q *quest) bool { return q.of == o }), o.heard
}

// A TopicState is what is known of a topic that is followed.
type TopicState struct {
	Topic
	// Layout is the one with the most partitions that was heard, and zero while none was.
	Layout topic.Layout
	// Sessions is the number of sessions that are followed.
	Sessions int
}

// Topics returns the topics that are followed.
func (r *Receiver) Topics() []TopicState {
	list := make([]TopicState, len(r.topics.list))
	for i, o := range r.topics.list {
		list[i] = TopicState{Topic: o.Topic, Layout: o.most}
		for _, s := range r.table.list {
			if s.topic == o {
				list[i].Sessions++
			}
		}
	}
	return list
}
