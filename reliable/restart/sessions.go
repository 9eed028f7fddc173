package restart

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

const (
	// maxSessions bounds the sessions of a Search, and maxNamed those that one address may
	// name.
	maxSessions = 256
	maxNamed    = 16
)

// sessions are the stream's sessions that were named, in the order in which they were.
type sessions struct{ list []*found }

// found is a session of the stream.
type found struct {
	id reliable.SessionID
	// by is the address that named it first.
	by netip.Addr
	// wall is the wall clock at its start, first its first offset, and prev the session
	// that it continues.
	wall  int64
	first uint64
	prev  reliable.SessionID
	// seq and offset are the end, as far as it is known.
	seq, offset uint64
	// source is where its publisher speaks from, if it was heard itself.
	source netip.AddrPort
	// live is the last word that it runs. dead says that it doesn't, whatever others say.
	live Witness
	dead bool
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
		one = &found{id: k.Session}
		s.list = append(s.list, one)
	}
	one.wall, one.first, one.prev = k.Title.Wall, k.Title.FirstOffset, k.Title.Prev.Session
	one.dead = true
	one.extend(k.Seq, k.Offset)
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
	one := &found{id: reliable.SessionID(id), by: by}
	s.list = append(s.list, one)
	return one
}

// newest returns the session that no other continues; of several the one that began last, by
// its wall clock, and then by its id. It returns nil if there is none.
func (s *sessions) newest() *found {
	if one := s.last(func(one *found) bool { return !s.continued(one) }); one != nil {
		return one
	}
	return s.last(func(*found) bool { return true }) // they continue each other
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

// continued reports whether another session names one as the session before it.
func (s *sessions) continued(one *found) bool {
	for _, other := range s.list {
		if other != one && other.prev == one.id {
			return true
		}
	}
	return false
}

// tell takes the start of a session. The first word counts.
func (f *found) tell(wall int64, prev *frame.Link) {
	if f.wall == 0 {
		f.wall = wall
	}
	if f.prev == 0 && prev != nil {
		f.prev = reliable.SessionID(prev.Session)
	}
}

// extend takes an end of the session. The highest counts.
func (f *found) extend(seq, offset uint64) {
	f.seq, f.offset = max(f.seq, seq), max(f.offset, offset)
}
