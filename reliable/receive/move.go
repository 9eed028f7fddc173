package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// rivals are those who speak for a session from elsewhere than its publisher.
type rivals struct {
	// One whose numbers and time go on where the publisher's left off.
	candidate peer.Candidate
	// Who spoke last, whatever it said, and since when.
	other   netip.AddrPort
	otherAt reliable.Time
	// How often there were several, and when that was last told; 0: never.
	contests uint64
	told     reliable.Time
}

// elsewhere takes a frame of the session that comes from elsewhere than its publisher,
// and reports whether the publisher has moved there.
func (s *session) elsewhere(now reliable.Time, from netip.AddrPort, st *stream,
	f *frame.Frame) bool {
	if st == nil && s.source.IsValid() || st != nil && st.over() {
		return false
	}
	if !s.source.IsValid() {
		return s.adopts(now, from, st, f)
	}
	quiet := peer.Intervals * s.interval
	switch {
	case s.rivals.other != from:
		s.rivals.other, s.rivals.otherAt = from, now
	case s.heard.Sub(s.rivals.otherAt) >= s.interval: // both speak, whatever they say
		s.rivals.otherAt = now
		s.contest(now, from)
	}
	if !s.goesOn(now, st, f) {
		return false
	}
	moved, contested := s.rivals.candidate.Take(now, from, f.Time, s.heard, quiet)
	switch {
	case moved:
		s.moveTo(now, from)
	case contested:
		s.contest(now, from)
	}
	return moved
}

// moveTo takes another address for the session's.
func (s *session) moveTo(now reliable.Time, from netip.AddrPort) {
	s.source, s.control, s.spoken = from, netip.AddrPort{}, false
	s.rivals.other, s.rivals.candidate = netip.AddrPort{}, peer.Candidate{}
	s.r.table.rehost(s)
	s.moves++
	s.reports.by(now) // from there on it knows who listens
	s.announceChange(reliable.SessionMoved, from)
}

// goesOn says whether a frame's numbers and time go on where those of the session's
// publisher left off.
func (s *session) goesOn(now reliable.Time, st *stream, f *frame.Frame) bool {
	if f.Kind != frame.Heartbeat && f.Kind != frame.Bye {
		return false // others have no number that is told anew each time
	}
	if e := &s.echo; e.known && (f.Time <= e.told ||
		f.Time > e.told+uint64(2*max(0, now.Sub(e.at))+peer.Ahead)) {
		return false
	}
	return !st.placed && s.all(func(st *stream) bool { return !st.placed }) ||
		st.placed && f.NextSeq >= st.win.high && f.NextOffset >= st.stats.NextOffset &&
			st.extent.believes(now, f.NextSeq, f.NextOffset)
}

// outspoken takes a frame of a session whose first speaker has sent no data, where it is
// data from elsewhere: then the session belongs to the sender of the data, since a stranger
// can make up a HEARTBEAT at no cost, and must not take a session with it. Where the data
// goes on from the known numbers, the session moves there at once, or its messages would
// be told twice. It reports whether it is another session: nothing was told of this one yet,
// or the data has contradicted it for a while. Data that was merely on its way does so for
// less.
func (s *session) outspoken(now reliable.Time, from netip.AddrPort, st *stream,
	f *frame.Frame) bool {
	if f.Feed != s.feed || s.credit.proven || !s.source.IsValid() || f.Kind != frame.Data ||
		from == s.source || from == s.control || s.place.away || st != nil && st.over() ||
		s.topic != nil && !s.topic.wants(f.Channel) {
		return false
	}
	if starts := int(s.phases[starting]) == len(s.streams); starts || st == nil {
		return starts
	}
	told, begun := st.extent.told, st.phase != starting
	switch {
	case begun && f.Seq >= st.win.next && !(st.phase == left && f.Seq >= st.win.high) &&
		(f.Seq < told.seq || f.EndOffset() >= told.offset) &&
		st.extent.believes(now, f.Seq, f.EndOffset()):
		s.afresh(now, from)
	case s.credit.refuted == 0:
		s.credit.refuted = now
	case now.Sub(s.credit.refuted) < peer.Intervals*reliable.HeartbeatData:
	case begun:
		return true
	default: // it contradicts nothing that was told of the other streams
		s.afresh(now, from)
	}
	return false
}

// afresh moves the session to another address, from which time and name are taken anew.
func (s *session) afresh(now reliable.Time, from netip.AddrPort) {
	s.moveTo(now, from)
	s.echo, s.newest, s.title.known, s.transit = echo{}, 0, false, transit{}
	s.common = nil
	for _, st := range s.streams {
		st.first.known, st.title.known = false, false
	}
}

// contest notes that somebody else speaks for the session, and tells it now and then.
func (s *session) contest(now reliable.Time, from netip.AddrPort) {
	v := &s.rivals
	v.contests++
	if v.told == 0 || now.Sub(v.told) >= s.silence() {
		v.told = now
		s.announceChange(reliable.SessionContested, from)
	}
}
