package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// elsewhere takes a frame of the session that comes from elsewhere than its publisher,
// and reports whether the publisher has moved there.
func (s *session) elsewhere(now reliable.Time, from netip.AddrPort, f *frame.Frame) bool {
	if s.phase == ended {
		return false
	}
	quiet := peer.Intervals * s.interval
	switch {
	case s.other != from:
		s.other, s.otherAt = from, now
	case s.heard.Sub(s.otherAt) >= s.interval: // both speak, whatever they say
		s.otherAt = now
		s.contest(now, from)
	}
	if !s.goesOn(now, f) {
		return false
	}
	moved, contested := s.candidate.Take(now, from, f.Time, s.heard, quiet)
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
	s.other, s.candidate = netip.AddrPort{}, peer.Candidate{}
	s.r.rehost(s)
	s.stats.Source = from
	s.stats.Moved++
	s.statusDue = min(s.statusDue, now) // from there on it knows who listens
	s.announceChange(reliable.SessionMoved, from)
}

// goesOn says whether a frame's numbers and time go on where those of the session's
// publisher left off.
func (s *session) goesOn(now reliable.Time, f *frame.Frame) bool {
	if f.Kind != frame.Heartbeat && f.Kind != frame.Bye {
		return false // others have no number that is told anew each time
	}
	if s.timed && (f.Time <= s.echo || f.Time > s.echo+uint64(2*max(0, now.Sub(s.echoAt))+peer.Ahead)) {
		return false
	}
	return !s.placed || f.NextSeq >= s.win.high && f.NextOffset >= s.stats.NextOffset && s.believes(now, f.NextSeq, f.NextOffset)
}

// outspoken takes a frame of a session whose first speaker has sent no data, where it is
// data from elsewhere: then the session belongs to the sender of the data, since a stranger can
// make up a HEARTBEAT at no cost, and must not take a session with it. Where the data goes on from what
// was told, the session moves there at once, or what was told of it would be told twice.
// It reports whether it is another session: nothing was told of this one yet, or the data
// has contradicted it for a while. Data that was merely on its way does so for less.
func (s *session) outspoken(now reliable.Time, from netip.AddrPort, f *frame.Frame) bool {
	if s.proven || f.Kind != frame.Data || from == s.source || from == s.control ||
		s.away || s.phase == ended {
		return false
	}
	switch {
	case s.phase == starting:
		return true
	case f.Seq >= s.win.next && !(s.phase == left && f.Seq >= s.win.high) &&
		(f.Seq < s.told.seq || f.EndOffset() >= s.told.offset) && s.believes(now, f.Seq, f.EndOffset()):
		s.moveTo(now, from)
		// Time and name are taken from there anew.
		s.timed, s.echo, s.newest, s.known, s.transit = false, 0, 0, false, transit{}
	case !s.refuted:
		s.refuted, s.refutedAt = true, now
	default:
		return now.Sub(s.refutedAt) >= peer.Intervals*reliable.HeartbeatData
	}
	return false
}

// contest notes that somebody else speaks for the session, and tells it now and then.
func (s *session) contest(now reliable.Time, from netip.AddrPort) {
	s.stats.Contested++
	if s.contestTold == 0 || now.Sub(s.contestTold) >= s.silence() {
		s.contestTold = now
		s.announceChange(reliable.SessionContested, from)
	}
}

// announceChange places an event that changes nothing in the stream.
func (s *session) announceChange(kind reliable.EventKind, from netip.AddrPort) {
	if s.phase == starting || s.phase == left || len(s.marks) >= maxMarks/2 {
		return
	}
	s.place(mark{seq: s.win.high, kind: kind, from: from})
	s.wake()
}
