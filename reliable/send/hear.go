package send

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
	"crier/reliable/repair"
)

// Handle takes a decoded frame that came from a subscriber. It ignores frames of other
// sessions and channels, and kinds that no subscriber sends.
func (s *Sender) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	st := s.Stream(f.Channel)
	switch {
	case f.Kind == frame.Find && f.Channel == frame.EveryChannel && st == nil &&
		(f.Session == 0 || f.Session == s.cfg.Session):
		for _, st := range s.streams {
			s.handleFind(now, from, st, f)
			s.schedule.touch(st)
		}
		return
	case st == nil || f.Session != s.cfg.Session && !(f.Session == 0 && asks(f)):
		return
	}
	s.tick(now)
	if f.Kind == frame.Claim {
		s.handleClaim(now, from, f)
		return
	}
	defer s.schedule.touch(st)
	if f.Kind == frame.Find {
		s.handleFind(now, from, st, f)
		return
	}
	if f.Kind != frame.Nack && f.Kind != frame.Status {
		return
	}
	var m *member
	late := s.members.late(f)
	if !late {
		if m = s.hear(now, from, st, f); m == nil {
			return
		}
	}
	switch f.Kind {
	case frame.Nack:
		if s.stats.Nacks++; late {
			return
		}
		s.closing.asked = now
		s.sample(now, m, f)
		p := st.place(now, m)
		s.members.settle(now)
		st.regroup()
		st.handleNack(now, from, p, f)
	case frame.Status:
		if s.stats.Statuses++; late {
			return
		}
		s.sample(now, m, f)
		s.handleStatus(now, from, st, m, f)
		s.members.settle(now)
		st.regroup()
	}
}

// asks reports whether a frame may ask a publisher whose session its sender doesn't know.
func asks(f *frame.Frame) bool {
	return f.Kind == frame.Find || f.Kind == frame.Claim && f.Claim != nil && f.Claim.Share == frame.Watch
}

// handleStatus takes a subscriber's report on itself.
func (s *Sender) handleStatus(
	now reliable.Time, from netip.AddrPort, st *Stream, m *member, f *frame.Frame,
) {
	if m.name != string(f.Name) {
		m.name = string(f.Name)
	}
	m.room = f.Room
	if f.Flags&frame.Contested != 0 {
		s.stats.Rivals++
	}
	at := frame.Progress{Position: f.Position, Written: f.Written, Synced: f.Synced}
	st.handlePlace(now, from, m, f, at)
	for _, at := range f.Positions {
		if st := s.Stream(at.Channel); st != nil {
			st.handlePlace(now, from, m, f, at)
			st.regroup()
			s.schedule.touch(st)
		}
	}
	if f.Flags&frame.Leaving != 0 {
		s.leave(now, m)
		return
	}
	if f.Flags&frame.WantSession != 0 {
		s.welcome(now, from, f)
	}
	s.gather.look(now)
}

// handlePlace takes a subscriber's report on its place in the stream.
func (st *Stream) handlePlace(
	now reliable.Time, from netip.AddrPort, m *member, f *frame.Frame, at frame.Progress,
) {
	s := st.session
	p := st.place(now, m)
	if f.Flags&frame.Leaving != 0 && p == &st.audience.overflow {
		return
	} else if f.Flags&frame.Leaving != 0 {
		p.Position = max(p.Position, min(at.Position, st.store.Next()))
		return
	}
	// One that another has overtaken says where it was, not where it is. Those without
	// a row are in many places, and count for nobody.
	if told := peer.Told(f); p != &st.audience.overflow && (f.Echo == 0 || told >= p.told) {
		p.told = max(p.told, told)
		p.log = logged{f.Recorder && s.believes(from), min(at.Written, st.store.Next()),
			min(at.Synced, st.store.Next())}
		if st.pace.moved(now, p, at.Position) {
			st.pace.refloor(now)
		}
	}
	if s.closing.on && st.mayAsk(f, at.Position) && !s.teams.idle(st, f.Subscriber) {
		s.closing.asked = now
	}
}

// believes reports whether the word of an address about a recorder's log counts.
func (s *Sender) believes(from netip.AddrPort) bool {
	return len(s.cfg.Recorders) == 0 || slices.Contains(s.cfg.Recorders, from.Addr().Unmap())
}

// handleNack takes a subscriber's request.
func (st *Stream) handleNack(now reliable.Time, from netip.AddrPort, m *progress, f *frame.Frame) {
	for _, r := range f.Ranges {
		if r.To > st.store.Next() {
			st.tally.unknown++ // nothing that far was ever sent
		}
	}
	s := st.session
	place := repair.Known
	if m == &st.audience.overflow {
		if place = repair.Rowless; s.members.byID[f.Subscriber] != nil {
			place = repair.Moving
		}
	}
	// Of a batch that is out, the first datagrams may have been missed already. They
	// are pinned, and no repair goes out before Sent.
	if to := st.repairer.Ask(now, &m.Asker, place, from, f, st.sending()); to > 0 {
		m.askedAt, m.askedTo = now, max(m.askedTo, to)
	}
	s.offload.asked(now, st.channel, f.Ranges)
}

// sample takes the round trip that a NACK or STATUS gives. A round trip that began before
// this process was suspended is ignored.
func (s *Sender) sample(now reliable.Time, m *member, f *frame.Frame) {
	if f.Echo >= s.clock.wire(s.clock.woke) {
		s.members.sample(m, s.clock.wire(now), f)
	}
}

// regroup passes the group's size and round trip to the stream's repairer.
func (st *Stream) regroup() {
	st.repairer.SetGroup(len(st.audience.rows), st.session.members.rtt)
}

// hear notes a subscriber's frame and returns its row. It returns nil for a frame from an
// address that is not the subscriber's own: it is a stranger's, which would move the
// subscriber's position or draw its repairs. If the subscriber may be moving to that
// address, it is served as one without a row until the move is certain.
func (s *Sender) hear(
	now reliable.Time, from netip.AddrPort, st *Stream, f *frame.Frame,
) *member {
	m := s.members.byID[f.Subscriber]
	if m == nil {
		s.offload.begin(now) // the way to this one is another
		s.makeRow(now, from.Addr())
	}
	feed := feedOf(f)
	if m != nil && m.addr != from && m.own(from, feed) {
		m.move(from, feed) // it asks by another way for now
	}
	if m == nil || m.addr == from {
		return s.members.hear(now, from, f)
	}
	if !st.goesOn(now, m, f) {
		s.members.foreign++
		return nil
	}
	if !m.feeds[feed].IsValid() { // the first word by that way
		m.move(from, feed)
		return s.members.hear(now, from, f)
	}
	quiet := peer.Intervals * reliable.StatusEvery(len(s.members.rows))
	moved, contested := m.candidate.Take(now, from, peer.Told(f), m.heard, quiet)
	switch {
	case moved:
		s.stats.Moved++
		m.move(from, feed)
		return s.members.hear(now, from, f)
	case contested:
		s.stats.Contested++
		s.members.foreign++
	}
	return &s.members.overflow
}

// feedOf returns the feed that a frame came by.
func feedOf(f *frame.Frame) int { return min(max(f.Feed, 0), maxFeeds-1) }

// goesOn reports whether a frame continues a subscriber's numbers and time.
func (st *Stream) goesOn(now reliable.Time, m *member, f *frame.Frame) bool {
	told := peer.Told(f)
	if f.Echo == 0 || told <= m.said || told > st.session.clock.wire(now) ||
		f.Flags&frame.Leaving != 0 {
		return false
	}
	if f.Kind == frame.Nack {
		return true
	}
	position, reported := uint64(0), false
	if m.streams != nil && m.streams[st.channel] != nil {
		position, reported = m.streams[st.channel].Position, m.streams[st.channel].reported
	}
	return f.Position >= position && f.Position <= st.store.Next() &&
		(!reported || m.name == string(f.Name))
}
