package receive

import (
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
	refs    []int
	at      map[netip.AddrPort]int
	// free are places in the list, the one that is free for longest first.
	free []int
	// refused counts groups that there was no place for, and failed those that weren't joined.
	refused, failed uint64
}

const (
	// maxMemberships bounds the groups that are joined for topics.
	maxMemberships = 2048
	// partTime is how long after a session fell silent its data groups are left.
	partTime = time.Minute
)

// place gives a group a place for good.
func (m *memberships) place(g netip.AddrPort) {
	m.list, m.refs = append(m.list, g), append(m.refs, 1)
	if m.at == nil {
		m.at = make(map[netip.AddrPort]int)
	}
	m.at[g] = len(m.list) - 1
}

// join has a group joined, once more.
func (m *memberships) join(g netip.AddrPort) {
	if i, ok := m.at[g]; ok {
		m.refs[i]++
		return
	}
	switch {
	case len(m.free) > 0 && len(m.list) >= 2*len(m.at):
		i := m.free[0]
		m.free = append(m.free[:0], m.free[1:]...)
		m.list[i], m.refs[i], m.at[g] = g, 1, i
	case len(m.at) < maxMemberships:
		m.place(g)
	default:
		m.refused++
		return
	}
	m.version++
}

// leave takes a join back.
func (m *memberships) leave(g netip.AddrPort) {
	i, ok := m.at[g]
	if !ok {
		return // there was no place for it
	}
	if m.refs[i]--; m.refs[i] > 0 {
		return
	}
	delete(m.at, g)
	m.list[i] = netip.AddrPort{}
	m.free = append(m.free, i)
	m.version++
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
	// until is when its groups are left, if it is silent; 0: not yet.
	until reliable.Time
}

// follow has a session followed as a topic; nil: whatever it is of.
func (s *session) follow(o *followed) {
	s.topic = o
	if o != nil && o.Name != "" && !s.group.IsValid() {
		s.group = topic.Home(o.Name, o.Base)
	}
}

// learn takes the layout of a session, and joins its groups.
func (t *topics) learn(s *session, l topic.Layout) {
	o := s.topic
	if l.Partitions > o.most.Partitions {
		o.most = l
	}
	if s.layout != l {
		t.part(s)
		s.layout = l
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

// each calls a function for each data group that is wanted of a session, once.
func (s *session) each(do func(netip.AddrPort)) {
	if s.topic == nil || s.layout.Groups <= 1 {
		return
	}
	var done [topic.MaxGroups + 1]bool
	for c := range uint32(s.layout.Partitions) {
		if i := s.layout.Index(c); s.topic.wants(c) && !done[i] {
			done[i] = true
			do(s.layout.Group(s.topic.Name, c))
		}
	}
}

// join joins the groups of a session.
func (t *topics) join(s *session) {
	if s.member.until = 0; !s.member.joined && s.layout.Groups > 1 {
		s.member.joined = true
		s.each(t.groups.join)
	}
}

// part leaves the groups of a session.
func (t *topics) part(s *session) {
	if s.member.joined {
		gone := s.topic.gone
		s.topic.gone = false // so that each is what it was when they were joined
		s.each(t.groups.leave)
		s.topic.gone = gone
	}
	s.member = membership{}
}

// rests notes that nothing happens to a session by time alone.
func (t *topics) rests(s *session) {
	switch {
	case !s.member.joined:
	case s.over():
		t.part(s)
	case s.member.until == 0:
		s.member.until = t.r.now.Add(partTime)
		t.due = min(t.due, s.member.until)
	}
}

// advance leaves the groups of sessions that are silent for long.
func (t *topics) advance(now reliable.Time) {
	if now < t.due {
		return
	}
	t.due = reliable.Never
	for _, s := range t.r.table.list {
		switch at := s.member.until; {
		case at == 0:
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
