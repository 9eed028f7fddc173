package receive

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// The places in a Receiver's table, and who makes room when it is full. Whoever can send
// to the group can make up sessions, but not addresses: so places are shared by address.

// host is an address that sessions come from.
type host struct {
	addr   netip.Addr
	places int // in the table
	past   int // among those that left it and are remembered
}

// noRoom is a newcomer that got no place, after a look at all of them: until a time, others
// that have no better claim get none, either, at no such cost.
type noRoom struct {
	until  reliable.Time
	mine   int  // places that its address has
	brings bool // it brought data
}

// noRoomTime is how long that holds: so a flood of new sessions has the table looked through
// a thousand times a second at the most.
const noRoomTime = time.Millisecond

// yieldTime is for how long a session that gave up its place leaves it to others.
const yieldTime = time.Second

// hostOf returns an address's row.
func (r *Receiver) hostOf(a netip.Addr) *host {
	h := r.hosts[a]
	if h == nil {
		h = &host{addr: a}
		r.hosts[a] = h
	}
	return h
}

// leaves takes the row of an address away where nothing refers to it any more.
func (r *Receiver) leaves(h *host) {
	if h.places == 0 && h.past == 0 {
		delete(r.hosts, h.addr)
	}
}

// enter gives a session a place in the table.
func (r *Receiver) enter(s *session) {
	s.host = r.hostOf(s.source.Addr())
	s.host.places++
	r.list = append(r.list, s)
}

// rehost notes that a session is at another address.
func (r *Receiver) rehost(s *session) {
	from := s.host
	s.host = r.hostOf(s.source.Addr())
	if s.away { // one after the other: it may be another port of the same address
		from.past--
		s.host.past++
	} else {
		from.places--
		s.host.places++
	}
	r.leaves(from)
}

// makeRoom sees to a free place for a session from an address, and reports false where it
// gets none. Those that have ended or are silent go first, then those that never sent
// data, and last those that live; these two only at the address that holds the most
// places, if it keeps as many as the newcomer's has then. For one that brings no data none
// goes that lives.
func (r *Receiver) makeRoom(from netip.Addr, brings bool) bool {
	if len(r.list) < r.cfg.MaxSessions {
		return true
	}
	mine, most := 0, 0
	if h := r.hosts[from]; h != nil {
		mine = h.places
	}
	if no := &r.noRoom; r.now < no.until && mine >= no.mine && (no.brings || !brings) {
		return false
	}
	for _, s := range r.list {
		most = max(most, s.host.places)
	}
	var victim *session
	for _, s := range r.list {
		class := s.class()
		if s.ready || class > classOver && (s.host.places < most || mine+1 >= most || class == classLive && !brings) {
			continue
		}
		if victim == nil || s.yieldsBefore(victim) {
			victim = s
		}
	}
	switch {
	case victim == nil:
		r.noRoom = noRoom{until: r.now.Add(noRoomTime), mine: mine, brings: brings}
		return false
	case victim.class() == classOver:
		r.evict(victim)
	case victim.phase == starting:
		r.forget(victim)
	default: // its end is told first, and its place is free for who asks next
		victim.yield(r.now)
		return false
	}
	return true
}

// The order in which sessions make room.
const (
	classOver    = iota // ended, or silent
	classNothing        // no data came yet
	classLive
)

func (s *session) class() int {
	switch {
	case s.phase == ended || s.phase == silent:
		return classOver
	case !s.proven:
		return classNothing
	}
	return classLive
}

// yieldsBefore says which of two sessions makes room first.
func (s *session) yieldsBefore(t *session) bool {
	if a, b := s.class(), t.class(); a != b {
		return a < b
	}
	if a, b := s.host.places, t.host.places; a != b {
		return a > b
	}
	return s.heard < t.heard
}

// yield ends a live session for now, so that its place gets free.
func (s *session) yield(now reliable.Time) {
	s.lose(s.win.next, s.win.high, reliable.CauseMemory)
	s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: reliable.SessionSilent, cause: reliable.CauseMemory})
	s.phase, s.statusDue = silent, reliable.Never
	s.yields = now.Add(yieldTime)
	s.r.stats.Yielded++
	s.wake()
}

// evict takes a session out of the table that has ended, or is silent, and remembers it
// if anything of it was told.
func (r *Receiver) evict(s *session) {
	r.remove(s)
	r.stats.Evicted++
	if s.stats.Delivered+s.stats.Lost == 0 {
		delete(r.byID, s.id)
		return
	}
	s.away = true
	s.host = r.hostOf(s.source.Addr())
	s.host.past++
	r.past = append(r.past, s)
	if len(r.past) <= pastSessions*r.cfg.MaxSessions {
		return
	}
	// Of one that is forgotten remains that there was one: a session that is heard then,
	// and began before, may be it.
	victim := r.past[0]
	for _, p := range r.past {
		if p.host.past > victim.host.past {
			victim = p
		}
	}
	r.recall(victim)
	delete(r.byID, victim.id)
	r.forgotten = r.now
	r.stats.Forgotten++
}

// pastSessions is how many times as many sessions as the table has places are remembered.
const pastSessions = 4

// recall takes a session out of those that left the table.
func (r *Receiver) recall(s *session) {
	s.away = false
	if i := slices.Index(r.past, s); i >= 0 {
		r.past = slices.Delete(r.past, i, i+1)
	}
	s.host.past--
	r.leaves(s.host)
}

// comeBack takes a session that left the table into it again, and reports false
// if it has ended, or there is no room.
func (r *Receiver) comeBack(s *session) bool {
	if s.phase == ended {
		s.stats.Late++
		return false
	}
	if !r.makeRoom(s.source.Addr(), true) {
		r.stats.Refused++
		return false
	}
	r.recall(s)
	r.enter(s)
	return true
}

// forget removes a session, as if it had never been heard.
func (r *Receiver) forget(s *session) {
	r.remove(s)
	delete(r.byID, s.id)
}

// remove takes a session out of the table.
func (r *Receiver) remove(s *session) {
	s.release()
	r.list = without(r.list, s)
	r.live = without(r.live, s)
	r.ready = without(r.ready, s)
	s.live, s.ready = false, false
	if r.last == s {
		r.last = nil
	}
	s.host.places--
	r.leaves(s.host)
}

func without(list []*session, s *session) []*session {
	if i := slices.Index(list, s); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// judgeAge takes the time of a session that was heard while others were forgotten: if it
// began before the last of that, it may be one of them, and it is joined at its newest.
func (s *session) judgeAge(now reliable.Time, f *frame.Frame) {
	if s.phase == starting && beganBefore(now, f, s.horizon) {
		s.fromStart, s.start = false, reliable.Latest
	}
}

// beganBefore says whether a frame's session began before an instant, which is 0 for none.
// The frame must tell when it was made, and not when a message was accepted.
func beganBefore(now reliable.Time, f *frame.Frame, instant reliable.Time) bool {
	return instant != 0 && f.Time >= uint64(max(0, now.Sub(instant)))
}
