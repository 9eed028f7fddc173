package receive

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/topic"
)

// table is the sessions that a Receiver follows, and the memory of those that made room.
// Whoever can send to the group can make up sessions, but not addresses: so places are
// shared by address.
type table struct {
	limit int
	// All sessions, those that left included.
	byID map[uint64]*session
	// Streams of all sessions, but for the first of each.
	streams int
	// Those with a place, in the order in which they were first heard.
	list []*session
	// Those that left the table to make room; the one that left first comes first.
	past  []*session
	hosts map[netip.Addr]*host
	full  fullTable
	// When a session was last forgotten of which something was told; 0: never.
	forgotten reliable.Time
}

// place is a session's place in the table, or its memory of it.
type place struct {
	host *host
	// It left the table to make room.
	away bool
	// Until then it leaves its place to others.
	yields reliable.Time
}

// host is an address that sessions come from.
type host struct {
	addr netip.Addr
	// Its places in the table, and its sessions among those that left it.
	places int
	past   int
	// Streams of its sessions, but for the first of each.
	streams int
}

// fullTable is a newcomer that got no place, after a look at all of them: until a time,
// others that have no better claim get none, either, at no such cost.
type fullTable struct {
	until reliable.Time
	// Places that its address has, and whether it brought data.
	mine   int
	brings bool
}

const (
	// fullTime is how long that is so: thus a flood of new sessions has the table looked
	// through at most a thousand times a second.
	fullTime = time.Millisecond
	// yieldTime is for how long a session that gave up its place leaves it to others.
	yieldTime = time.Second
	// pastSessions is how many times as many sessions as the table has places are
	// remembered.
	pastSessions = 4
	// maxStreams is the number of streams beyond the first of each session from which on an
	// address may have no more than the partitions of one topic.
	maxStreams = 1 << 14
)

func newTable(limit int) table {
	return table{limit: limit, byID: make(map[uint64]*session), hosts: make(map[netip.Addr]*host)}
}

// host returns an address's row.
func (t *table) host(a netip.Addr) *host {
	h := t.hosts[a]
	if h == nil {
		h = &host{addr: a}
		t.hosts[a] = h
	}
	return h
}

// leave takes the row of an address away where nothing refers to it any more.
func (t *table) leave(h *host) {
	if h.places == 0 && h.past == 0 {
		delete(t.hosts, h.addr)
	}
}

// admits reports whether a session may have one more stream.
func (t *table) admits(s *session) bool {
	return t.streams < maxStreams || s.place.host.streams < topic.MaxPartitions
}

// grow notes that a session has so many more streams.
func (t *table) grow(s *session, n int) {
	t.streams += n
	s.place.host.streams += n
}

// enter gives a session a place.
func (t *table) enter(s *session) {
	t.byID[s.id] = s
	s.place.host = t.host(s.home())
	s.place.host.places++
	t.grow(s, len(s.streams)-1)
	t.list = append(t.list, s)
}

// remove takes a session's place away.
func (t *table) remove(s *session) {
	t.list = without(t.list, s)
	s.place.host.places--
	t.grow(s, 1-len(s.streams))
	t.leave(s.place.host)
}

// rehost notes that a session is at another address.
func (t *table) rehost(s *session) {
	from := s.place.host
	more := len(s.streams) - 1
	t.grow(s, -more)
	s.place.host = t.host(s.home())
	t.grow(s, more)
	if s.place.away { // one after the other: it may be another port of the same address
		from.past--
		s.place.host.past++
	} else {
		from.places--
		s.place.host.places++
	}
	t.leave(from)
}

// remember keeps a session that has left, and forgets another if there are too many: it
// reports whether it did.
func (t *table) remember(now reliable.Time, s *session) bool {
	s.place.away = true
	s.place.host = t.host(s.home())
	s.place.host.past++
	t.grow(s, len(s.streams)-1)
	t.past = append(t.past, s)
	if len(t.past) <= pastSessions*t.limit {
		return false
	}
	// Of one that is forgotten remains that there was one: a session that is heard then,
	// and began before, may be it.
	victim := t.past[0]
	for _, p := range t.past {
		if p.place.host.past > victim.place.host.past {
			victim = p
		}
	}
	t.recall(victim)
	delete(t.byID, victim.id)
	t.forgotten = now
	return true
}

// recall takes a session out of those that left.
func (t *table) recall(s *session) {
	s.place.away = false
	t.past = without(t.past, s)
	s.place.host.past--
	t.grow(s, 1-len(s.streams))
	t.leave(s.place.host)
}

// victim returns the session that makes room for one from an address, and false where
// none does. Those that have ended or are silent go first, then those that never sent
// data, and last those that live; these two only at the address that has the most
// places, if it keeps as many as the newcomer's has then. For one that brings no data none
// goes that lives.
func (t *table) victim(now reliable.Time, from netip.Addr, brings bool) (*session, bool) {
	mine, most := 0, 0
	if h := t.hosts[from]; h != nil {
		mine = h.places
	}
	if no := &t.full; now < no.until && mine >= no.mine && (no.brings || !brings) {
		return nil, false
	}
	for _, s := range t.list {
		most = max(most, s.place.host.places)
	}
	var victim *session
	for _, s := range t.list {
		class, places := s.class(), s.place.host.places
		if s.ready() || class > classOver && (places < most || mine+1 >= most ||
			class == classLive && !brings) {
			continue
		}
		if victim == nil || s.yieldsBefore(victim) {
			victim = s
		}
	}
	if victim == nil {
		t.full = fullTable{until: now.Add(fullTime), mine: mine, brings: brings}
	}
	return victim, victim != nil
}

// without returns a list that lacks one of its elements.
func without[T comparable](list []T, one T) []T {
	if i := slices.Index(list, one); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
