package restart

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
)

const (
	// maxSessions bounds the sessions of a Search, and maxNamed those that one address may
	// name, and the words about what one continues.
	maxSessions = 256
	maxNamed    = 16
)

// sessions are the stream's sessions that were named, in the order in which they were.
type sessions struct {
	list     []*found
	channels int
}

// found is a session of the stream.
type found struct {
	id reliable.SessionID
	// by is the address that named it first.
	by netip.Addr
	// wall is the wall clock at its start.
	wall int64
	// prev are the sessions that it continues, by different words: at most one of each address.
	prev []link
	// ends are those of its channels.
	ends []end
	// source is where its publisher speaks from, if it was heard itself.
	source netip.AddrPort
	// live is the last word that it runs. dead says that it doesn't, whatever others say.
	live Witness
	dead bool
}

// end is where a session ends in a channel, as far as it is known, and first its first offset
// there.
type end struct {
	seq, offset, first uint64
	// known says that anybody knows of the channel, own that the own log does, and told that a
	// holder told of it.
	known, own, told bool
}

// link is the word of an address, which is invalid for the own log, that a session continues
// another one.
type link struct {
	by      netip.Addr
	session reliable.SessionID
}

// byID returns a session, or nil.
func (s *sessions) byID(id uint64) *found {
	for _, one := range s.list {
		if one.id == reliable.SessionID(id) {
			return one
		}
	}
	return nil
}

// know adds a session of the own log.
func (s *sessions) know(k Known) {
	one := s.byID(uint64(k.Session))
	if one == nil {
		one = &found{id: k.Session, ends: make([]end, s.channels)}
		s.list = append(s.list, one)
	}
	one.wall, one.dead = k.Title.Wall, true
	end := &one.ends[k.Channel]
	end.first, end.own = k.Title.FirstOffset, true
	if prev := k.Title.Prev.Session; prev != 0 {
		one.prev = []link{{session: prev}}
	}
	one.extend(k.Channel, k.Seq, k.Offset)
}

// open returns a session that an address names, or nil if it names too many.
func (s *sessions) open(id uint64, by netip.Addr) *found {
	if one := s.byID(id); one != nil {
		return one
	}
	named := 0
	for _, one := range s.list {
		if one.by == by {
			named++
		}
	}
	if id == 0 || named >= maxNamed || len(s.list) >= maxSessions {
		return nil
	}
	one := &found{id: reliable.SessionID(id), by: by, ends: make([]end, s.channels)}
	s.list = append(s.list, one)
	return one
}

// newest returns the session that no other continues; of several the one that began last, by
// its wall clock, and then by its id. Where the own log has sessions of the stream, it is the
// newest of them, or one that continues it: a session that nothing joins to them may be made
// up. It returns nil if there is none.
func (s *sessions) newest() *found {
	own := s.last(func(one *found) bool { return one.dead && !s.continued(one, true) })
	if own == nil {
		own = s.last(func(one *found) bool { return one.dead })
	}
	joined := func(*found) bool { return true }
	if own != nil {
		after := s.after(own)
		joined = func(one *found) bool { return slices.Contains(after, one) }
	}
	if one := s.last(func(one *found) bool {
		return joined(one) && !s.continued(one, false)
	}); one != nil {
		return one
	}
	return s.last(joined) // they continue each other
}

func (s *sessions) last(may func(*found) bool) (newest *found) {
	for _, one := range s.list {
		if may(one) && (newest == nil || one.wall > newest.wall ||
			one.wall == newest.wall && one.id > newest.id) {
			newest = one
		}
	}
	return newest
}

// continued reports whether another session, or another one of the own log, names one as the
// session before it.
func (s *sessions) continued(one *found, own bool) bool {
	for _, other := range s.list {
		if other != one && (other.dead || !own) && other.continues(one.id) {
			return true
		}
	}
	return false
}

// chain returns a session and those before it, by any word.
func (s *sessions) chain(one *found) []*found {
	list := []*found{one}
	for i := 0; i < len(list); i++ {
		for _, l := range list[i].prev {
			if p := s.byID(uint64(l.session)); p != nil && !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// after returns a session and those that continue it, by any word.
func (s *sessions) after(one *found) []*found {
	list := []*found{one}
	for i := 0; i < len(list); i++ {
		for _, other := range s.list {
			if other.continues(list[i].id) && !slices.Contains(list, other) {
				list = append(list, other)
			}
		}
	}
	return list
}

// continues reports whether any word says that a session continues another one.
func (f *found) continues(id reliable.SessionID) bool {
	return slices.ContainsFunc(f.prev, func(l link) bool { return l.session == id })
}

// tell takes the word of an address about the start of a session. The latest start counts, and
// of what it continues the first word of each address.
func (f *found) tell(by netip.Addr, wall int64, prev *frame.Link) {
	if !f.dead {
		f.wall = max(f.wall, wall)
	}
	if prev == nil || len(f.prev) >= maxNamed || f.continues(reliable.SessionID(prev.Session)) ||
		slices.ContainsFunc(f.prev, func(l link) bool { return l.by == by }) {
		return
	}
	f.prev = append(f.prev, link{by, reliable.SessionID(prev.Session)})
}

// extend takes an end of the session in a channel. The highest counts.
func (f *found) extend(channel uint32, seq, offset uint64) {
	end := &f.ends[channel]
	end.seq, end.offset, end.known = max(end.seq, seq), max(end.offset, offset), true
}
