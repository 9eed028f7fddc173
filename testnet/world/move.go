package world

import (
	"net/netip"
	"slices"
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
// datagrams to the old one are lost.
func (p *Publisher) Move() {
	if p.state != running || len(p.session.sources) >= maxMoves {
		return
	}
	p.addr = moved(p.addr)
	for _, s := range p.streams {
		s.sources = append(s.sources, s.Source)
		s.Source = p.addr
	}
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

// WasAt reports whether the session's frames come from an address, or did.
func (s *Session) WasAt(a netip.AddrPort) bool {
	a, _ = feedOf(a)
	return a == s.Source || slices.Contains(s.sources, a)
}

// Moved reports whether the publisher's host has changed its address.
func (s *Session) Moved() bool { return len(s.sources) > 0 }
