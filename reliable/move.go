package reliable

import (
	"net/netip"
	"time"

	"crier/reliable/frame"
)

// How a peer moves to another address. One rule holds at both ends: the old address
// has been quiet for some intervals, and the numbers and the time of the new one go
// on exactly. A second candidate makes it contested, and moves nobody.

const (
	// moveIntervals is for how many intervals the old address must have been quiet: a
	// publisher's of HEARTBEATs, a subscriber's of STATUS.
	moveIntervals = 3
	// moveAhead is how far a publisher's time may lie ahead of what it should be by now,
	// for clocks that drift and frames that were late before. What was heard last may have
	// been later than that, as all is that waited for a suspended process: so it may be
	// further ahead by the time since then, and the quiet one is found in the end.
	moveAhead = time.Second
)

// candidate is another address that speaks for a peer, and goes on where it left off.
type candidate struct {
	from  netip.AddrPort
	since Time   // its first word that nothing of the old address came after
	heard Time   // its last one
	told  uint64 // the publisher's time in that
	words int    // since then
	rival Time   // when a second one spoke; 0: never
}

// take notes a word from elsewhere that goes on where the peer left off, which was
// heard last at a time itself, and must be quiet for so long. It reports whether the
// peer has moved there, and whether somebody else speaks for it, too.
func (c *candidate) take(
	now Time, from netip.AddrPort, told uint64, heard Time, quiet time.Duration,
) (moved, contested bool) {
	interval := quiet / moveIntervals
	switch {
	case c.words == 0 || c.from != from && now.Sub(c.heard) >= quiet:
		*c = candidate{from: from, since: now, rival: c.rival}
	case c.from != from:
		c.rival = now
		return false, true
	case told <= c.told:
		return false, c.contested(now, quiet)
	case heard.Sub(c.since) >= interval: // not merely what was on its way
		c.since, c.words, contested = now, 0, true
	}
	c.heard, c.told = now, told
	c.words++
	contested = contested || c.contested(now, quiet)
	if contested || c.words < 2 || now.Sub(c.since) < interval || now.Sub(heard) < quiet {
		return false, contested
	}
	*c = candidate{}
	return true, false
}

// contested says whether two have spoken for the peer lately.
func (c *candidate) contested(now Time, quiet time.Duration) bool {
	return c.rival != 0 && now.Sub(c.rival) < quiet
}

// elsewhere takes a frame of the session that comes from elsewhere than its publisher,
// and reports whether the publisher has moved there.
func (s *session) elsewhere(now Time, from netip.AddrPort, f *frame.Frame) bool {
	if s.phase == ended {
		return false
	}
	quiet := moveIntervals * s.interval
	switch {
	case f.Kind == frame.Gone || f.Kind == frame.Confirm:
		return false
	case s.other != from:
		s.other, s.otherAt = from, now
	case s.heard.Sub(s.otherAt) >= s.interval: // both speak, whatever they say
		s.otherAt = now
		s.contest(now, from)
	}
	if !s.goesOn(now, f) {
		return false
	}
	moved, contested := s.candidate.take(now, from, f.Time, s.heard, quiet)
	switch {
	case moved:
		s.moveTo(now, from)
	case contested:
		s.contest(now, from)
	}
	return moved
}

// moveTo takes another address for the session's.
func (s *session) moveTo(now Time, from netip.AddrPort) {
	s.source, s.control, s.spoken = from, netip.AddrPort{}, false
	s.other, s.candidate = netip.AddrPort{}, candidate{}
	s.r.rehost(s)
	s.stats.Source = from
	s.stats.Moved++
	s.statusDue = min(s.statusDue, now) // from there on it knows who listens
	s.announceChange(SessionMoved, from)
}

// goesOn says whether a frame's numbers and time go on where those of the session's
// publisher left off.
func (s *session) goesOn(now Time, f *frame.Frame) bool {
	if f.Kind != frame.Heartbeat && f.Kind != frame.Bye {
		return false // others have no number that is told anew each time
	}
	if s.timed && (f.Time <= s.echo || f.Time > s.echo+uint64(2*max(0, now.Sub(s.echoAt))+moveAhead)) {
		return false
	}
	return !s.placed || f.NextSeq >= s.win.high && f.NextOffset >= s.stats.NextOffset && s.believes(now, f.NextSeq, f.NextOffset)
}

// outspoken takes a frame of a session whose first speaker has sent no data, where it is
// data from elsewhere: then the session is that one's. Where the data goes on from what
// was told, the session moves there at once, or what was told of it would be told twice.
// It reports whether it is another session: nothing was told of this one yet, or the data
// has contradicted it for a while. Data that was merely on its way does so for less.
func (s *session) outspoken(now Time, from netip.AddrPort, f *frame.Frame) bool {
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
		return now.Sub(s.refutedAt) >= moveIntervals*heartbeatData
	}
	return false
}

// contest notes that somebody else speaks for the session, and tells it now and then.
func (s *session) contest(now Time, from netip.AddrPort) {
	s.stats.Contested++
	if s.contestTold == 0 || now.Sub(s.contestTold) >= s.silence() {
		s.contestTold = now
		s.announceChange(SessionContested, from)
	}
}

// announceChange places an event that changes nothing in the stream.
func (s *session) announceChange(kind EventKind, from netip.AddrPort) {
	if s.phase == starting || s.phase == left || len(s.marks) >= maxMarks/2 {
		return
	}
	s.place(mark{seq: s.win.high, kind: kind, from: from})
	s.wake()
}

// hear notes a subscriber's word and returns its row; nil for one that comes from
// elsewhere than all that its subscriber said before: it is a stranger's, who would
// move another's position or draw its repairs. Unless it has moved there; while that
// isn't sure, it is served as one without a row.
func (s *Sender) hear(now Time, from netip.AddrPort, f *frame.Frame) *member {
	m := s.members.byID[f.Subscriber]
	if m == nil {
		s.offload.begin(now) // the way to this one is another
	}
	if m == nil || m.Addr == from {
		return s.members.hear(now, from, f)
	}
	if !s.goesOn(now, m, f) {
		s.members.foreign++
		return nil
	}
	quiet := moveIntervals * statusEvery(len(s.members.rows))
	moved, contested := m.candidate.take(now, from, toldAt(f), m.heard, quiet)
	switch {
	case moved:
		s.stats.Moved++
		m.Addr = from
		return s.members.hear(now, from, f)
	case contested:
		s.stats.Contested++
		s.members.foreign++
	}
	return &s.members.overflow
}

// goesOn says whether a subscriber's numbers and time go on where it left off.
func (s *Sender) goesOn(now Time, m *member, f *frame.Frame) bool {
	told := toldAt(f)
	if f.Echo == 0 || told <= m.said || told > s.sessionTime(now) || f.Flags&frame.Leaving != 0 {
		return false
	}
	return f.Kind == frame.Nack || f.Position >= m.Position && f.Position <= s.next && (!m.reported || m.name == string(f.Name))
}

// toldAt returns when a subscriber spoke, on the session's clock, less the way there.
func toldAt(f *frame.Frame) uint64 { return f.Echo + uint64(f.Held) }
