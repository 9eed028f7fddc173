package checker

import (
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// elsewhere says whether a packet comes from an address at which the receiver doesn't
// follow the session, yet: then it is as if it hadn't come.
func (v *view) elsewhere(p *world.Datagram) bool {
	if !v.s.Moved() {
		return false
	}
	if st := v.stats(); st.ID != 0 {
		return st.Source != p.From
	}
	// It hasn't begun: it belongs to the first address heard, or to the first with data.
	v.forget()
	return v.any && v.source != p.From && (v.hasData || p.Frame.Kind != frame.Data)
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
	if source == p.From {
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
	case !v.s.Moved():
		v.fail("%v is told, and the publisher was at %v always", ev.Kind, v.s.Source)
	}
	v.c.tally.Events[ev.Kind]++
}
