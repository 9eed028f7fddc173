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
	if f.Session != s.cfg.Session && !(f.Kind == frame.Find && f.Session == 0) || st == nil {
		return
	}
	s.tick(now)
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
		s.regroup(now)
		st.handleNack(now, from, m, f)
	case frame.Status:
		if s.stats.Statuses++; late {
			return
		}
		s.sample(now, m, f)
		s.handleStatus(now, from, st, m, f)
		s.regroup(now)
	}
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
	if f.Flags&frame.Leaving != 0 {
		s.leave(now, st, m, f.Position)
		return
	}
	// One that another has overtaken says where it was, not where it is. Those without
	// a row are in many places, and count for nobody.
	if told := peer.Told(f); m != &s.members.overflow && (f.Echo == 0 || told >= m.told) {
		m.told = max(m.told, told)
		m.log = logged{f.Recorder && s.believes(from), min(f.Written, st.store.Next()),
			min(f.Synced, st.store.Next())}
		if st.pace.moved(now, m, f.Position) {
			st.pace.refloor(now)
		}
	}
	st.window.gather(now)
	if s.closing.on && st.mayAsk(f) {
		s.closing.asked = now
	}
	if f.Flags&frame.WantSession != 0 {
		s.welcomes.add(from)
	}
}

// believes reports whether the word of an address about a recorder's log counts.
func (s *Sender) believes(from netip.AddrPort) bool {
	return len(s.cfg.Recorders) == 0 || slices.Contains(s.cfg.Recorders, from.Addr().Unmap())
}

// handleNack takes a subscriber's request.
func (st *Stream) handleNack(now reliable.Time, from netip.AddrPort, m *member, f *frame.Frame) {
	for _, r := range f.Ranges {
		if r.To > st.store.Next() {
			st.tally.unknown++ // nothing that far was ever sent
		}
	}
	s := st.session
	place := repair.Known
	if m == &s.members.overflow {
		if place = repair.Rowless; s.members.byID[f.Subscriber] != nil {
			place = repair.Moving
		}
	}
	// Of a batch that is out, the first datagrams may have been missed already. They
	// are pinned, and no repair goes out before Sent.
	if to := st.repairer.Ask(now, &m.Asker, place, from, f, st.sending()); to > 0 {
		m.askedAt, m.askedTo = now, max(m.askedTo, to)
	}
	s.offload.asked(now, f.Ranges)
}

// sample takes the round trip that a NACK or STATUS gives. A round trip that began before
// this process was suspended is ignored.
func (s *Sender) sample(now reliable.Time, m *member, f *frame.Frame) {
	if f.Echo >= s.clock.wire(s.clock.woke) {
		s.members.sample(m, s.clock.wire(now), f)
	}
}

// regroup passes the group's size and round trip to the streams' repairers.
func (s *Sender) regroup(now reliable.Time) {
	s.members.settle(now)
	for _, st := range s.streams {
		st.repairer.SetGroup(len(s.members.rows), s.members.rtt)
	}
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
	}
	if m == nil || m.Addr == from {
		return s.members.hear(now, from, f)
	}
	if !st.goesOn(now, m, f) {
		s.members.foreign++
		return nil
	}
	quiet := peer.Intervals * reliable.StatusEvery(len(s.members.rows))
	moved, contested := m.candidate.Take(now, from, peer.Told(f), m.heard, quiet)
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

// goesOn reports whether a frame continues a subscriber's numbers and time.
func (st *Stream) goesOn(now reliable.Time, m *member, f *frame.Frame) bool {
	told := peer.Told(f)
	if f.Echo == 0 || told <= m.said || told > st.session.clock.wire(now) ||
		f.Flags&frame.Leaving != 0 {
		return false
	}
	return f.Kind == frame.Nack || f.Position >= m.Position && f.Position <= st.store.Next() &&
		(!m.reported || m.name == string(f.Name))
}
