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
	if !r.wantsPast() || f.Channel != r.cfg.Channel || f.Flags&frame.Live != 0 ||
		d.Replay != 0 && !r.cfg.Logs.Replays || r.table.forgotten != 0 ||
		!r.finder.takes(now, f) {
		return nil
	}
	t := titleIn(f)
	a := r.aimAt(f.Session, f.Channel, t)
	switch {
	case a.latest, a.unknown, a.at == nil && a.what == frame.FindOffset && f.NextOffset <= a.value:
		return nil
	case r.revived() >= maxRevived || !r.makeRoom(from.Addr(), false):
		r.stats.Refused++
		return nil
	}
	s := newSession(r, now, f.Session, netip.AddrPort{}, join{horizon: r.table.forgotten})
	s.opener, s.heard = from.Addr(), now-min(now, reliable.Time(max(d.Heard, 0)))
	if t != nil {
		s.title = title{known: true, told: t}
		s.tapeTitle()
	}
	if f.GroupIndex < len(r.cfg.Groups) {
		s.group = r.cfg.Groups[f.GroupIndex]
	}
	r.table.enter(s)
	for _, h := range r.cfg.Holders {
		r.Admit(s.id, h)
	}
	st := &s.own
	st.status.due = reliable.Never
	r.finder.answered(s.id)
	r.lineUp(now, s)
	st.look(now, a)
	return st
}

// takes reports whether a session of before is taken up now: at the start, where it was looked
// for, and where it was still going on when this subscriber joined.
func (d *finder) takes(now reliable.Time, f *frame.Frame) bool {
	return now < d.past || d.seeks(f.Session) ||
		f.Digest.Heard < now.Sub(d.r.cfg.Joined)
}

// revived returns the number of sessions whose publisher wasn't heard here.
func (r *Receiver) revived() (n int) {
	for _, s := range r.table.list {
		if !s.source.IsValid() {
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
	for _, s := range r.held {
		if s.awaits == q.session && r.table.byID[q.session] == nil {
			s.awaits = 0
		}
	}
	for _, s := range r.table.list {
		for _, st := range s.streams {
			if st.seek != nil && st.seek.what == 0 {
				st.aim(now)
			}
		}
	}
	if !q.answered && len(r.cfg.Logs.Ask) > 0 && !r.finder.seeks(0) {
		// Others were put off until it was known whether this one is there.
		r.finder.open(&quest{channel: r.cfg.Channel, what: frame.FindStreams, due: now})
	}
}

// adopts takes a frame of a session that has no publisher yet from where one may be, and
// reports whether that is its publisher: its numbers go on, or nothing was told of it yet.
func (s *session) adopts(now reliable.Time, from netip.AddrPort, st *stream,
	f *frame.Frame) bool {
	if st.phase != starting && !s.goesOn(now, st, f) {
		return false
	}
	s.source = from
	s.r.table.rehost(s)
	return true
}
