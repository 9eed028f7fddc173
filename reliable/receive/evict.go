package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

// How sessions make room for others in a full table, and come back.

// makeRoom sees to a free place for a session from an address, and reports false where it
// gets none.
func (r *Receiver) makeRoom(from netip.Addr, brings bool) bool {
	if len(r.table.list) < r.table.limit {
		return true
	}
	victim, ok := r.table.victim(r.now, from, brings)
	switch {
	case !ok:
		return false
	case victim.class() == classOver:
		r.evict(victim)
	case victim.all(func(st *stream) bool { return st.phase == starting }):
		r.forget(victim)
	default: // its end is told first, and its place is free for who asks next
		victim.yield(r.now)
		return false
	}
	return true
}

// evict takes a session out of the table that has ended, or is silent, and remembers it
// if anything of it was told.
func (r *Receiver) evict(s *session) {
	r.remove(s)
	r.stats.Evicted++
	if s.all(func(st *stream) bool { return !st.begun() }) {
		delete(r.table.byID, s.id)
		return
	}
	if r.table.remember(r.now, s) {
		r.stats.Forgotten++
	}
}

// comeBack takes the session of a stream that left the table into it again, and reports
// false if the stream has ended, or there is no room.
func (r *Receiver) comeBack(st *stream) bool {
	s := st.session
	if st.over() {
		st.stats.Late++
		return false
	}
	if !r.makeRoom(s.home(), true) {
		r.stats.Refused++
		return false
	}
	r.table.recall(s)
	r.table.enter(s)
	return true
}

// forget removes a session, as if it had never been heard.
func (r *Receiver) forget(s *session) {
	r.remove(s)
	delete(r.table.byID, s.id)
}

// remove takes a session out of the table, and frees its memory.
func (r *Receiver) remove(s *session) {
	for _, st := range s.streams {
		r.unlink(st)
		st.endSeek()
		st.abandon()
		st.release()
		r.ready = without(r.ready, st)
		st.ready = false
		if r.last == st {
			r.last = nil
		}
	}
	r.topics.part(s)
	r.live = without(r.live, s)
	s.live = false
	r.table.remove(s)
}

// class is the order in which sessions make room.
type class uint8

const (
	classOver    class = iota // ended, or silent
	classNothing              // no data came yet
	classLive
)

func (s *session) class() class {
	switch {
	case s.all(func(st *stream) bool { return st.quiet() && !st.holds() }):
		return classOver
	case !s.credit.proven:
		return classNothing
	}
	return classLive
}

// yieldsBefore reports whether the session makes room before another.
func (s *session) yieldsBefore(t *session) bool {
	if a, b := s.class(), t.class(); a != b {
		return a < b
	}
	if a, b := s.place.host.places, t.place.host.places; a != b {
		return a > b
	}
	return s.heard < t.heard
}

// yield ends a live session for now, so that its place gets free.
func (s *session) yield(now reliable.Time) {
	for _, st := range s.streams {
		if !st.quiet() {
			st.yield()
		}
	}
	s.place.yields = now.Add(yieldTime)
	s.r.stats.Yielded++
}

// ready reports whether a stream has something to poll.
func (s *session) ready() bool {
	return !s.all(func(st *stream) bool { return !st.ready })
}

// unheard reports whether the session fell silent before it was known where to begin.
func (s *session) unheard() bool {
	return s.all(func(st *stream) bool { return st.phase == unheard })
}

// beganBefore reports whether a frame's session began before an instant, which is 0 for
// none. The frame must tell when it was made, and not when a message was accepted.
func beganBefore(now reliable.Time, f *frame.Frame, instant reliable.Time) bool {
	return instant != 0 && f.Time >= uint64(max(0, now.Sub(instant)))
}
