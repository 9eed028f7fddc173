package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// The order of the sessions of one stream: that of one that continues another is delivered when the
// other's is over. It waits with what comes meanwhile in its window.

// heldTime is for how long a stream waits for one whose publisher goes on to be heard, though
// that has ended by the word of the one that continues it.
const heldTime = 30 * time.Second

// leastHeld is how many frames those that a stream waits for must come on by within heldTime,
// while its own publisher is heard: else anybody could keep it waiting by a session that he makes
// up.
const leastHeld = 1024

// holds reports whether a stream waits for another.
func (st *stream) holds() bool { return st.after != nil || st.awaits != 0 }

// begun reports whether anything of a stream was delivered.
func (st *stream) begun() bool { return st.stats.Delivered+st.stats.Lost != 0 }

// lineUp finds a stream's place among those of other sessions that it is one with, once its title
// is known.
func (r *Receiver) lineUp(now reliable.Time, st *stream) {
	if !st.title.known || r.cfg.Tape != nil || r.cfg.Gate != nil { // they are in no order
		return
	}
	s, t := st.session, st.title.told
	if !st.begun() {
		r.holdBack(now, st, t)
	}
	if s.source.IsValid() && r.finder.r == nil {
		return
	}
	for _, other := range r.table.list {
		one := other.stream(st.channel)
		if other == s || one == nil || !one.title.known || one.begun() {
			continue
		}
		switch o := one.title.told; {
		case uint64(o.Prev.Session) == s.id:
			r.hold(now, one, st)
		case !s.source.IsValid() && comesAfter(o, t) && r.streamBefore(o) == nil &&
			one.awaits == 0 && (one.after == nil || comesAfter(t, one.after.title.told)):
			r.hold(now, one, st)
		}
	}
}

// streamBefore returns the stream that one continues by its title, or nil if it isn't known.
func (r *Receiver) streamBefore(t *reliable.Title) *stream {
	if p := r.table.byID[uint64(t.Prev.Session)]; p != nil {
		return p.stream(t.Prev.Channel)
	}
	return nil
}

// holdBack has a stream wait for the one before it.
func (r *Receiver) holdBack(now reliable.Time, st *stream, t *reliable.Title) {
	prev := uint64(t.Prev.Session)
	if prev != 0 && prev != st.session.id {
		switch p := r.streamBefore(t); {
		case p != nil:
			r.hold(now, st, p)
			return
		case r.asksForPast() && r.reachesBack(t):
			if !r.finder.seeks(prev, t.Prev.Channel) {
				r.finder.open(&quest{of: st.session.asks(), session: prev,
					channel: t.Prev.Channel, what: frame.FindOldest, due: now})
			}
			st.awaits = prev
			r.wait(now, st)
			return
		}
	}
	var before *stream
	for _, other := range r.table.list {
		one := other.stream(st.channel)
		if other != st.session && one != nil && !other.source.IsValid() && one.title.known &&
			comesAfter(t, one.title.told) &&
			(before == nil || comesAfter(one.title.told, before.title.told)) {
			before = one
		}
	}
	if before != nil {
		r.hold(now, st, before)
	}
}

// comesAfter reports whether a session is one of the same stream as another, and began later.
func comesAfter(t, other *reliable.Title) bool {
	return t != nil && other != nil && t.Publisher == other.Publisher && t.Topic == other.Topic &&
		t.Key == other.Key && t.Wall > other.Wall
}

// hold has a stream wait for another that isn't over.
func (r *Receiver) hold(now reliable.Time, st, before *stream) {
	if before.session.place.away || before.settled() {
		return
	}
	for one := before; one != nil; one = one.after {
		if one == st {
			return // they name each other
		}
	}
	st.after, st.awaits = before, 0
	r.wait(now, st)
}

// wait takes a stream out of those that are polled.
func (r *Receiver) wait(now reliable.Time, st *stream) {
	for _, one := range r.held {
		if one == st {
			return
		}
	}
	st.since = now
	st.heldAt, _ = st.before()
	r.held = append(r.held, st)
	if st.ready {
		r.ready, st.ready = without(r.ready, st), false
	}
}

// settled reports whether all that can be told of a stream was told, for now.
func (st *stream) settled() bool {
	return st.over() || st.phase == silent && len(st.marks) == 0 && st.win.count == 0 &&
		st.cursor.frame == nil && !st.asked.pending()
}

// reached reports whether a stream was delivered up to where a link says that it ends.
func (st *stream) reached(l *reliable.Link) bool {
	return uint64(l.Session) == st.session.id && st.cursor.known &&
		st.cursor.offset >= l.Offset && st.phase != starting
}

// before returns how far the streams have come that one waits for, and whether there is something
// to poll of them.
func (st *stream) before() (frames uint64, ready bool) {
	for one := st.after; one != nil; one = one.after {
		frames += one.win.next
		ready = ready || one.ready
	}
	return frames, ready
}

// stuck reports whether a stream whose publisher is heard waits for others that hardly come on.
func (st *stream) stuck(now reliable.Time) bool {
	if st.after == nil || !st.session.source.IsValid() || now.Sub(st.since) < heldTime {
		return false
	}
	frames, ready := st.before()
	if !ready && frames-min(frames, st.heldAt) < leastHeld {
		return true
	}
	if !st.after.session.source.IsValid() {
		st.since, st.heldAt = now, frames
	}
	return false
}

// goOn has those streams polled that have waited for the one before them, and reports
// whether a stream has something to poll.
func (r *Receiver) goOn() bool {
	kept := r.held[:0]
	for _, st := range r.held {
		if p := st.after; p != nil && (p.settled() || p.reached(&st.title.told.Prev) ||
			st.stuck(r.now) || p.session.source.IsValid() && p.phase == live &&
			r.now.Sub(st.since) >= heldTime) {
			st.after = nil
		}
		if st.holds() {
			kept = append(kept, st)
			continue
		}
		st.wake()
	}
	clear(r.held[len(kept):])
	r.held = kept
	return len(r.ready) > 0
}

// unlink has nobody wait for a stream that is forgotten.
func (r *Receiver) unlink(st *stream) {
	for _, one := range r.held {
		if one.after == st {
			one.after = nil
		}
	}
	if st.holds() {
		st.after, st.awaits = nil, 0
		r.held = without(r.held, st)
	}
}

// Awaits reports whether more may be told: sessions go on or wait for others, those of before
// are looked for, or a publisher is being started again. It is true as well while other survivors
// may need this one, and while a publisher is heard of which a partition that is wanted wasn't.
func (r *Receiver) Awaits(now reliable.Time) bool {
	if len(r.held) > 0 || r.finder.busy(now) || r.evidence.restarts(now) {
		return true
	}
	for _, s := range r.table.list {
		if s.lacks(now) || !s.all(func(st *stream) bool {
			return st.settled() && (st.aftermath == nil || !st.aftermath.lingers(now))
		}) {
			return true
		}
	}
	return false
}
