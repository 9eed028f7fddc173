package testnet

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
)

// Processes whose host gets another address.

// moved is the address of a host after so many changes.
func moved(a netip.AddrPort) netip.AddrPort {
	b := a.Addr().As4()
	b[1] += 2
	return netip.AddrPortFrom(netip.AddrFrom4(b), a.Port())
}

// maxMoves is how often a host may change its address.
const maxMoves = 120

// Move gives the publisher's host another address: the session goes on from there, and
// what is sent to the old one is lost.
func (p *Publisher) Move() {
	if p.state != running || len(p.session.sources) >= maxMoves {
		return
	}
	p.addr = moved(p.addr)
	p.session.sources = append(p.session.sources, p.session.Source)
	p.session.Source = p.addr
	p.w.trace("%v moves to %v", p, p.addr)
}

// Move gives the subscriber's host another address.
func (s *Subscriber) Move() {
	if s.state != running || s.moves >= maxMoves {
		return
	}
	s.moves++
	s.addr = moved(s.addr)
	s.w.trace("%v moves to %v", s, s.addr)
}

// wasAt says whether the session's frames come from an address, or did.
func (s *Session) wasAt(a netip.AddrPort) bool {
	return a == s.Source || slices.Contains(s.sources, a)
}

// elsewhere says whether a packet comes from an address at which the receiver doesn't
// follow the session, yet: then it is as if it hadn't come.
func (v *view) elsewhere(p *packet) bool {
	if len(v.s.sources) == 0 {
		return false
	}
	if st := v.stats(); st.ID != 0 {
		return st.Source != p.from
	}
	// It hasn't begun: it is whose who spoke first, or of several the first with data.
	v.forget()
	return v.any && v.source != p.from && (v.hasData || p.frame.Kind != frame.Data)
}

// follow takes the packet by which the receiver was convinced that its publisher has
// moved. Of a session that hasn't begun, where its words go tells: one goes there at once.
func (v *view) follow() {
	p := v.candidate
	if p == nil {
		return
	}
	source := v.wrote
	if st := v.stats(); st.ID != 0 {
		source = st.Source
	}
	if source == p.from {
		v.candidate, v.source = nil, source
		v.heard(p)
	}
}

// movedEvent judges the word that a publisher has moved, or that somebody else speaks for
// it.
func (v *view) movedEvent(ev *reliable.Event) {
	switch {
	case v.phase == 0 || v.phase == reliable.SessionEnded:
		v.fail("%v comes after %q", ev.Kind, v.phase)
	case len(v.s.sources) == 0:
		v.fail("%v is told, and the publisher was at %v always", ev.Kind, v.s.Source)
	}
	v.c.tally.Events[ev.Kind]++
}
