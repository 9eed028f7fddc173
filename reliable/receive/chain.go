package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// The order of the sessions of one stream: one that continues another is delivered when that
// is over. It waits with what comes meanwhile in its window.

// heldTime is for how long a session waits for one whose publisher goes on to be heard, though
// that has ended by the word of the one that continues it.
const heldTime = 30 * time.Second

// leastHeld is how many frames those that a session waits for must come on by within heldTime,
// while its own publisher is heard: else anybody could keep it waiting by a session that he makes
// up.
const leastHeld = 1024

// holds reports whether a session waits for another.
func (s *session) holds() bool { return s.after != nil || s.awaits != 0 }

// told reports whether anything of a session was delivered.
func (s *session) told() bool {
	return !s.all(func(st *stream) bool { return st.stats.Delivered+st.stats.Lost == 0 })
}

// lineUp finds a session's place among those of its stream, once its title is known.
func (r *Receiver) lineUp(now reliable.Time, s *session) {
	if !s.title.known || r.cfg.Tape != nil { // tapes are in no order
		return
	}
	t := s.title.told
	if !s.told() {
		r.holdBack(now, s, t)
	}
	if s.source.IsValid() && r.finder.r == nil {
		return
	}
	for _, one := range r.table.list {
		if one == s || !one.title.known || one.told() {
			continue
		}
		switch o := one.title.told; {
		case uint64(o.Prev.Session) == s.id:
			r.hold(now, one, s)
		case !s.source.IsValid() && comesAfter(o, t) && r.table.byID[uint64(o.Prev.Session)] == nil &&
			one.awaits == 0 && (one.after == nil || comesAfter(t, one.after.title.told)):
			r.hold(now, one, s)
		}
	}
}

// holdBack has a session wait for the one before it.
func (r *Receiver) holdBack(now reliable.Time, s *session, t *reliable.Title) {
	prev := uint64(t.Prev.Session)
	if prev != 0 && prev != s.id {
		switch p := r.table.byID[prev]; {
		case p != nil:
			r.hold(now, s, p)
			return
		case len(r.cfg.Logs.Ask) > 0 && r.wantsPast() && r.reachesBack(t):
			if !r.finder.seeks(prev) && !r.finder.open(&quest{session: prev,
				channel: t.Prev.Channel, what: frame.FindOldest, due: now}) {
				return
			}
			s.awaits = prev
			r.wait(now, s)
			return
		}
	}
	var before *session
	for _, one := range r.table.list {
		if one != s && !one.source.IsValid() && one.title.known && comesAfter(t, one.title.told) &&
			(before == nil || comesAfter(one.title.told, before.title.told)) {
			before = one
		}
	}
	if before != nil {
		r.hold(now, s, before)
	}
}

// comesAfter reports whether a session is one of the same stream as another, and began later.
func comesAfter(t, other *reliable.Title) bool {
	return t != nil && other != nil && t.Publisher == other.Publisher && t.Topic == other.Topic &&
		t.Key == other.Key && t.Wall > other.Wall
}

// hold has a session wait for another that isn't over.
func (r *Receiver) hold(now reliable.Time, s, before *session) {
	if before.place.away || before.settled() {
		return
	}
	for one := before; one != nil; one = one.after {
		if one == s {
			return // they name each other
		}
	}
	s.after, s.awaits = before, 0
	r.wait(now, s)
}

// wait takes a session out of those that are polled.
func (r *Receiver) wait(now reliable.Time, s *session) {
	for _, one := range r.held {
		if one == s {
			return
		}
	}
	s.since = now
	s.heldAt, _ = s.before()
	r.held = append(r.held, s)
	for _, st := range s.streams {
		if st.ready {
			r.ready, st.ready = without(r.ready, st), false
		}
	}
}

// settled reports whether all that can be told of a session was told, for now.
func (s *session) settled() bool {
	return s.all(func(st *stream) bool {
		return st.over() || st.phase == silent && len(st.marks) == 0 && st.win.count == 0 &&
			st.cursor.frame == nil && !st.asked.pending()
	})
}

// reached reports whether a session was delivered up to where a link says that it ends.
func (s *session) reached(l *reliable.Link) bool {
	return uint64(l.Session) == s.id && s.all(func(st *stream) bool {
		return st.cursor.known && st.cursor.offset >= l.Offset && st.phase != starting
	})
}

// before returns how far the sessions have come that one waits for, and whether there is something
// to poll of them.
func (s *session) before() (frames uint64, ready bool) {
	for one := s.after; one != nil; one = one.after {
		frames += one.own.win.next
		ready = ready || one.ready()
	}
	return frames, ready
}

// stuck reports whether a session whose publisher is heard waits for others that hardly come on.
func (s *session) stuck(now reliable.Time) bool {
	if s.after == nil || !s.source.IsValid() || now.Sub(s.since) < heldTime {
		return false
	}
	frames, ready := s.before()
	if !ready && frames-min(frames, s.heldAt) < leastHeld {
		return true
	}
	if !s.after.source.IsValid() {
		s.since, s.heldAt = now, frames
	}
	return false
}

// goOn has those sessions polled that have waited for the one before them, and reports
// whether a stream has something to poll.
func (r *Receiver) goOn() bool {
	kept := r.held[:0]
	for _, s := range r.held {
		if p := s.after; p != nil && (p.settled() || p.reached(&s.title.told.Prev) ||
			s.stuck(r.now) || p.source.IsValid() && p.own.phase == live && r.now.Sub(s.since) >= heldTime) {
			s.after = nil
		}
		if s.holds() {
			kept = append(kept, s)
			continue
		}
		for _, st := range s.streams {
			st.wake()
		}
	}
	clear(r.held[len(kept):])
	r.held = kept
	return len(r.ready) > 0
}

// unlink has nobody wait for a session that leaves the table.
func (r *Receiver) unlink(s *session) {
	for _, one := range r.held {
		if one.after == s {
			one.after = nil
		}
	}
	if s.holds() {
		s.after, s.awaits = nil, 0
		r.held = without(r.held, s)
	}
}

// Awaits reports whether more may be told: sessions go on or wait for others, those of before
// are looked for, or a publisher is being started again. It is true as well while other survivors
// may need this one.
func (r *Receiver) Awaits(now reliable.Time) bool {
	if len(r.held) > 0 || r.finder.busy(now) || r.evidence.restarts(now) {
		return true
	}
	for _, s := range r.table.list {
		if !s.settled() || !s.all(func(st *stream) bool {
			return st.aftermath == nil || !st.aftermath.lingers(now)
		}) {
			return true
		}
	}
	return false
}
