package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

// Sessions of before: those that holders have, and whose publishers aren't heard.

// revive follows a session that is over, by a holder's DIGEST, and returns its stream, or nil if
// it isn't wanted.
func (r *Receiver) revive(now reliable.Time, from netip.AddrPort, f *frame.Frame) *stream {
	d := f.Digest
	t := titleIn(f)
	of, follows := r.topics.ofDigest(f, t)
	if !r.wantsPast() || !follows || f.Flags&frame.Live != 0 ||
		d.Replay != 0 && !r.cfg.Logs.Replays || r.table.forgotten != 0 ||
		!r.finder.takes(now, of, f) {
		return nil
	}
	a := r.aimAt(f.Session, f.Channel, t)
	switch {
	case a.latest, a.unknown, a.at == nil && a.what == frame.FindOffset && f.NextOffset <= a.value:
		return nil
	}
	heard := now - min(now, reliable.Time(max(d.Heard, 0)))
	group := r.topics.group(f.GroupIndex)
	if of != nil && of.Name != "" { // an answer comes by no group
		group = of.home()
	}
	st := r.take(now, f.Session, f.Channel, from.Addr(), heard, group, of)
	if st == nil {
		return nil
	}
	if t != nil {
		st.entitle(t)
	}
	for _, h := range r.cfg.Holders {
		st.asked.admit(now, h)
	}
	r.finder.answered(st)
	r.lineUp(now, st)
	st.look(now, a)
	return st
}

// take begins to follow a channel of a session whose publisher isn't heard, by the word of somebody
// at an address, and returns nil where there is no room. The session may be followed already.
func (r *Receiver) take(now reliable.Time, session uint64, channel uint32, opener netip.Addr,
	heard reliable.Time, group netip.AddrPort, of *followed) *stream {
	s := r.table.byID[session]
	if s != nil {
		if s.place.away || !r.table.admits(s) {
			r.stats.Refused++
			return nil
		}
		return s.add(now, channel)
	}
	if r.revived(of) >= maxRevived || !r.makeRoom(opener, false) {
		r.stats.Refused++
		return nil
	}
	s = newSession(r, now, session, channel, netip.AddrPort{}, join{horizon: r.table.forgotten})
	s.opener, s.heard, s.group = opener, heard, group
	s.reports.due = reliable.Never
	s.follow(of)
	r.table.enter(s)
	return &s.own
}

// takes reports whether a session of before is taken up now: at the start, where it was looked
// for, and where it was still going on when its topic began to be followed.
func (d *finder) takes(now reliable.Time, of *followed, f *frame.Frame) bool {
	joined := d.r.joined(of)
	return now < joined.Add(pastTime) || d.seeks(f.Session, f.Channel) ||
		f.Digest.Heard < now.Sub(joined)
}

// joined returns since when a topic is followed; nil: whatever is heard.
func (r *Receiver) joined(of *followed) reliable.Time {
	if of != nil {
		return of.joined
	}
	return r.cfg.Joined
}

// revived returns the number of sessions whose publisher wasn't heard here: those of a topic, or
// all.
func (r *Receiver) revived(of *followed) (n int) {
	for _, s := range r.table.list {
		if !s.source.IsValid() && (of == nil || s.topic == of) {
			n++
		}
	}
	return n
}

// titleIn returns a copy of the title in a DIGEST, or nil if the holder doesn't know it.
func titleIn(f *frame.Frame) *reliable.Title {
	d := f.Digest
	if d.Wall == 0 {
		return nil
	}
	return reliable.TitleOf(f)
}

// lookedFor takes the end of a search for sessions of before.
func (r *Receiver) lookedFor(now reliable.Time, q *quest) {
	if q.session == 0 {
		return
	}
	for _, st := range r.held {
		if st.awaits == q.session && st.title.told.Prev.Channel == q.channel &&
			r.streamBefore(st.title.told) == nil {
			st.awaits = 0
		}
	}
	for _, s := range r.table.list {
		for _, st := range s.streams {
			if st.seek != nil && st.seek.what == 0 {
				st.aim(now)
			}
		}
	}
	if !q.answered && r.cfg.Logs.Ask && !r.finder.searches(q.of) {
		// Others were put off until it was known whether this one is there.
		r.finder.open(&quest{of: q.of, channel: q.of.asksFor(), what: frame.FindStreams, due: now})
	}
}

// adopts takes a frame of a session that has no publisher yet from where one may be, and
// reports whether that is its publisher: its numbers go on, or nothing was told of it yet.
func (s *session) adopts(now reliable.Time, from netip.AddrPort, st *stream,
	f *frame.Frame) bool {
	starts := s.all(func(st *stream) bool { return st.phase == starting })
	if !starts && (st == nil || !s.goesOn(now, st, f)) {
		return false
	}
	s.source = from
	s.r.table.rehost(s)
	if s.r.beganHere(now, f, s.topic) { // its holders may have no more than some of it
		s.join.fromStart = true
		for _, st := range s.streams {
			if st.phase == starting && (st.seek == nil || st.seek.at == nil) {
				st.join.fromStart = true
				st.endSeek()
				st.status.want(now)
			}
		}
	}
	return true
}
