package checker

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// address is where a subscriber hears a publisher, and answers it.
type address struct {
	candidate *world.Datagram // the last one from where the publisher isn't followed to, and
	of        *view           // its stream
	source    netip.AddrPort  // from where it is heard, until the session begins
	wrote     netip.AddrPort  // where the subscriber's last word went
}

// elsewhere reports whether a packet comes from an address at which the receiver doesn't
// follow the session, yet: then it is as if it hadn't come.
func (v *view) elsewhere(d *world.Datagram) bool {
	if !v.s.Moved() {
		return false
	}
	if st := v.begun(); st != nil {
		return st.Source != d.From
	}
	// It hasn't begun: it belongs to the first address heard, or to the first with data.
	v.forget()
	data := slices.ContainsFunc(v.siblings(),
		func(o *view) bool { return o != nil && o.start.hasData })
	return v.follower.heard && v.addr.source != d.From && (data || d.Frame.Kind != frame.Data)
}

// begun returns the row of the session's first stream that has begun, or nil.
func (v *view) begun() *receive.SessionStats {
	list := v.sub.Sessions()
	for i := range list {
		if list[i].ID == v.s.ID {
			return &list[i]
		}
	}
	return nil
}

// follow takes the packet by which the receiver was convinced that its publisher has
// moved. Of a session that hasn't begun, where its words go tells: one goes there at once.
func (v *view) follow() {
	d := v.addr.candidate
	if d == nil {
		return
	}
	source := v.addr.wrote
	if st := v.begun(); st != nil {
		source = st.Source
	}
	if source == d.From {
		of := v.addr.of
		v.addr.candidate, v.addr.of, v.addr.source = nil, nil, source
		of.hear(d)
	}
}

// judgeMoved judges the word that a publisher has moved, or that somebody else speaks for
// it.
func (v *view) judgeMoved(ev *reliable.Event) {
	switch {
	case v.app.phase == 0 || v.app.phase == reliable.SessionEnded:
		v.fail("%v comes after %q", ev.Kind, v.app.phase)
	case !v.s.Moved():
		v.fail("%v is told, and the publisher was at %v always", ev.Kind, v.s.Source)
	}
	v.c.tally.Events[ev.Kind]++
}
