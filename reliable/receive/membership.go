package receive

import (
	"math/bits"
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// memberships are the groups that are joined.
type memberships struct {
	version uint64
	list    []netip.AddrPort
	at      map[netip.AddrPort]*joinedGroup
	// free are places in the list, the one that is free for longest first.
	free []int
	// unused is the number of groups that nobody needs any more, and due when the next of them
	// may be left.
	unused int
	due    reliable.Time
	// lacking says that there was no place for a group since place was last made.
	lacking bool
	// refused counts groups that there was no place for, and failed those that weren't joined.
	refused, failed uint64
}

// joinedGroup is one of them.
type joinedGroup struct {
	place  int
	refs   int
	joined reliable.Time
}

const (
	// maxMemberships bounds the groups that are joined for topics, and maxDataGroups those that
	// leave room for the home groups.
	maxMemberships = 2048
	maxDataGroups  = maxMemberships - MaxTopics
	// partTime is how long after a session fell silent its data groups are left.
	partTime = time.Minute
	// stayTime is the least time for which a group stays joined, and sweepTime that between two
	// looks for groups to leave: sessions that come and go, and layouts that change, have no group
	// joined and left more often.
	stayTime  = 5 * time.Second
	sweepTime = time.Second
	// layoutTime is the least time between two changes of a session's layout.
	layoutTime = time.Second
)

// place gives a group a place.
func (m *memberships) place(now reliable.Time, g netip.AddrPort) {
	i := len(m.list)
	if len(m.free) > 0 && i >= 2*len(m.at) {
		i = m.free[0]
		m.free = append(m.free[:0], m.free[1:]...)
	} else {
		m.list = append(m.list, netip.AddrPort{})
	}
	m.list[i], m.at[g] = g, &joinedGroup{place: i, refs: 1, joined: now}
	m.version++
}

// join has a group joined, once more, and reports false if there is no place among so many.
func (m *memberships) join(now reliable.Time, g netip.AddrPort, places int) bool {
	if one := m.at[g]; one != nil {
		if one.refs == 0 {
			m.unused--
		}
		one.refs++
		return true
	}
	if len(m.at) >= places && m.unused > 0 {
		m.sweep(now, true)
	}
	if len(m.at) >= places {
		m.refused++
		m.lacking = true
		return false
	}
	m.place(now, g)
	return true
}

// leave takes a join back.
func (m *memberships) leave(now reliable.Time, g netip.AddrPort) {
	one := m.at[g]
	if one.refs--; one.refs > 0 {
		return
	}
	m.unused++
	if now.Sub(one.joined) >= stayTime {
		m.drop(g)
	} else {
		m.due = min(m.due, max(now.Add(sweepTime), one.joined.Add(stayTime)))
	}
}

// drop leaves a group that nobody needs.
func (m *memberships) drop(g netip.AddrPort) {
	i := m.at[g].place
	delete(m.at, g)
	m.list[i] = netip.AddrPort{}
	m.free = append(m.free, i)
	m.unused--
	m.version++
}

// sweep leaves the groups that nobody needs and that were joined for long, or all.
func (m *memberships) sweep(now reliable.Time, all bool) {
	m.due = reliable.Never
	for _, g := range m.list {
		one := m.at[g]
		if one == nil || one.refs > 0 {
			continue
		}
		if at := one.joined.Add(stayTime); all || now >= at {
			m.drop(g)
		} else {
			m.due = min(m.due, max(now.Add(sweepTime), at))
		}
	}
}

// Memberships returns the groups to be joined, in the order of frame.Frame.GroupIndex, and the
// version of that list, which grows with each change. A group that isn't valid is a place that is
// free. The list is valid until the next call of the Receiver, and not to be changed.
func (r *Receiver) Memberships() (version uint64, groups []netip.AddrPort) {
	m := &r.topics.groups
	return m.version, m.list
}

// NotJoined says that a group of Memberships can't be joined: nothing comes by it.
func (r *Receiver) NotJoined(group netip.AddrPort) {
	if _, ok := r.topics.groups.at[group]; ok {
		r.topics.groups.failed++
	}
}

// membership is a session's part in what is joined.
type membership struct {
	joined bool
	// groups are the indexes of the data groups that are joined for it.
	groups [topic.MaxGroups / 64]uint64
	// until is when its groups are left, if it is silent; 0: not yet.
	until reliable.Time
}

// needs are the data groups of a topic that sessions need: how many, and which have a place.
type needs struct {
	group  netip.AddrPort
	refs   int
	joined bool
}

// follow has a session followed as a topic; nil: whatever it is of.
func (s *session) follow(o *followed) {
	if s.topic = o; o == nil {
		return
	}
	o.heard = true
	if o.Name != "" && !s.group.IsValid() {
		s.group = o.home()
	}
}

// learn takes the layout of a session, and joins its groups. A publisher's layout never changes;
// what was heard first may have been a stranger's.
func (t *topics) learn(s *session, l topic.Layout) {
	o := s.topic
	if s.layout != l {
		if s.layout != (topic.Layout{}) && t.r.now < s.learned.Add(layoutTime) {
			t.r.stats.OtherLayout++
			return
		}
		t.part(s)
		s.layout, s.learned = l, t.r.now
	}
	if l.Partitions > o.most.Partitions {
		o.most = l
	}
	t.join(s)
}

// prepare joins the groups of a session that only holders told of, by the word of one that may be
// its publisher: else what shows that it is would not be heard.
func (t *topics) prepare(now reliable.Time, s *session, f *frame.Frame) {
	s.introduce(f)
	if s.member.joined {
		s.member.until = now.Add(partTime)
		t.due = min(t.due, s.member.until)
	}
}

// join joins the data groups that are wanted of a session.
func (t *topics) join(s *session) {
	m, o := &s.member, s.topic
	if m.until = 0; t.r.cfg.Gate != nil {
		t.regroup(s)
		return
	} else if m.joined || o == nil || s.layout.Groups <= 1 {
		return
	}
	m.joined = true
	if len(o.needs) < s.layout.Groups {
		o.needs = append(o.needs, make([]needs, s.layout.Groups-len(o.needs))...)
	}
	for c := range uint32(s.layout.Partitions) {
		i := s.layout.Index(c) - 1
		if bit := uint64(1) << (i % 64); o.wants(c) && m.groups[i/64]&bit == 0 {
			m.groups[i/64] |= bit
			t.need(s, c)
		}
	}
}

// need joins the data group of a channel, once more.
func (t *topics) need(s *session, channel uint32) {
	n := &s.topic.needs[s.layout.Index(channel)-1]
	if !n.group.IsValid() {
		n.group = s.layout.Group(s.topic.Name, channel)
	}
	if n.refs++; n.refs == 1 {
		n.joined = t.groups.join(t.r.now, n.group, maxDataGroups)
	}
}

// regroup joins the data groups of the streams of a session that are taken, and leaves the others.
func (t *topics) regroup(s *session) {
	m, o := &s.member, s.topic
	if o == nil || s.layout.Groups <= 1 {
		return
	}
	if len(o.needs) < s.layout.Groups {
		o.needs = append(o.needs, make([]needs, s.layout.Groups-len(o.needs))...)
	}
	var groups [topic.MaxGroups / 64]uint64
	for _, st := range s.streams {
		if st.taken.off || st.channel >= uint32(s.layout.Partitions) {
			continue
		}
		i := s.layout.Index(st.channel) - 1
		bit := uint64(1) << (i % 64)
		if m.groups[i/64]&bit == 0 && groups[i/64]&bit == 0 {
			t.need(s, st.channel)
		}
		groups[i/64] |= bit
	}
	for k := range m.groups {
		m.groups[k] &^= groups[k]
	}
	t.unneed(s)
	m.joined, m.groups = groups != [topic.MaxGroups / 64]uint64{}, groups
}

// part leaves the groups of a session.
func (t *topics) part(s *session) {
	t.unneed(s)
	s.member = membership{}
}

// unneed leaves the groups that are those of a session.
func (t *topics) unneed(s *session) {
	for k, word := range s.member.groups {
		for ; word != 0; word &= word - 1 {
			n := &s.topic.needs[64*k+bits.TrailingZeros64(word)]
			if n.refs--; n.refs == 0 && n.joined {
				n.joined = false
				t.groups.leave(t.r.now, n.group)
			}
		}
	}
}

// retry joins the groups for which there was no place before.
func (t *topics) retry() {
	t.groups.lacking = false
	for _, o := range t.list {
		for i := range o.needs {
			if n := &o.needs[i]; n.refs > 0 && !n.joined {
				n.joined = t.groups.join(t.r.now, n.group, maxDataGroups)
			}
		}
	}
}

// rests notes that nothing happens to a session by time alone.
func (t *topics) rests(s *session) {
	switch {
	case !s.member.joined:
	case s.over() && (t.r.cfg.Gate == nil || s.concluded):
		t.part(s)
	case s.member.until == 0:
		s.member.until = t.r.now.Add(partTime)
		t.due = min(t.due, s.member.until)
	}
}

// advance leaves the groups of sessions that are silent for long.
func (t *topics) advance(now reliable.Time) {
	if now >= t.groups.due {
		t.groups.sweep(now, false)
	}
	if t.groups.lacking && len(t.groups.at) < maxDataGroups {
		t.retry()
	}
	if now < t.due {
		return
	}
	t.due = reliable.Never
	for _, s := range t.r.table.list {
		switch at := s.member.until; {
		case at == 0:
		case now >= at && s.over() && now < s.silentAt(): // its publisher goes on to say BYE
			s.member.until = now.Add(partTime)
			t.due = min(t.due, s.member.until)
		case now >= at:
			t.part(s)
		default:
			t.due = min(t.due, at)
		}
	}
}

// dataGroup returns the group that the data of a stream comes by.
func (st *stream) dataGroup() netip.AddrPort {
	if s := st.session; s.topic != nil && s.layout.Groups > 1 {
		return s.layout.Group(s.topic.Name, st.channel)
	}
	return st.session.group
}

// DataGroup returns the group by which the data of a channel of a session that is known comes, or
// an invalid address: the first group.
func (r *Receiver) DataGroup(session uint64, channel uint32) netip.AddrPort {
	if st := r.streamOf(session, channel); st != nil {
		return st.dataGroup()
	}
	return r.Group(session)
}
