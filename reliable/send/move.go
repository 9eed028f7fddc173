package send

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// hear notes a subscriber's frame and returns its row. It returns nil for a frame from an
// address that is not the subscriber's own: it is a stranger's, which would move the
// subscriber's position or draw its repairs. If the subscriber may be moving to that
// address, it is served as one without a row until the move is certain.
func (s *Sender) hear(now reliable.Time, from netip.AddrPort, f *frame.Frame) *member {
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
func (s *Sender) goesOn(now reliable.Time, m *member, f *frame.Frame) bool {
	told := peer.Told(f)
	if f.Echo == 0 || told <= m.said || told > s.sessionTime(now) || f.Flags&frame.Leaving != 0 {
		return false
	}
	return f.Kind == frame.Nack || f.Position >= m.Position && f.Position <= s.store.Next() &&
		(!m.reported || m.name == string(f.Name))
}
