package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// An aim is where a stream of a session is to begin that was there before this subscriber, by
// its configuration.
type aim struct {
	// What to ask holders for; 0: nothing.
	what  frame.What
	value uint64
	// Where a consumer was; nil: nowhere.
	at *reliable.Position
	// It isn't wanted, or begins with what comes next.
	latest bool
	// It isn't known yet: its title is, or another session's.
	unknown bool
}

// position returns the consumer's position in a session, or nil.
func (r *Receiver) position(session uint64, channel uint32) *reliable.Position {
	for i := range r.cfg.Positions {
		if p := &r.cfg.Positions[i]; uint64(p.Session) == session && p.Partition == channel {
			return p
		}
	}
	return nil
}

// aimAt returns the aim of a stream, by its title, which is nil if it isn't known.
func (r *Receiver) aimAt(session uint64, channel uint32, t *reliable.Title) aim {
	if len(r.cfg.Positions) > 0 {
		if p := r.position(session, channel); p != nil {
			return aim{what: frame.FindOffset, value: p.Offset, at: p}
		}
		if t == nil {
			return aim{unknown: true}
		}
		if a, ok := r.aimBehind(t); ok {
			return a
		}
	}
	if n, ok := r.cfg.Start.Offset(); ok {
		return aim{what: frame.FindOffset, value: n}
	}
	if wall, ok := r.cfg.Start.Wall(); ok {
		return aim{what: frame.FindTime, value: uint64(max(wall, 0))}
	}
	if r.cfg.Start == reliable.Oldest {
		return aim{what: frame.FindOldest}
	}
	return aim{latest: true}
}

// aimBehind returns the aim of a stream that the consumer has a position in, but in another session
// or another partition: it is wanted from its oldest message on, if its session came no earlier. It
// returns false if there is no such position.
func (r *Receiver) aimBehind(t *reliable.Title) (aim, bool) {
	known, later := false, true
	for i := range r.cfg.Positions {
		p := &r.cfg.Positions[i]
		if p.Publisher != t.Publisher || p.Topic != t.Topic {
			continue
		}
		known = true
		if t.Prev.Session == p.Session {
			return aim{what: frame.FindOldest}, true
		}
		if s := r.table.byID[uint64(p.Session)]; s != nil && s.title.known {
			later = later && t.Wall >= s.title.told.Wall
		} else if r.finder.seeks(uint64(p.Session), p.Partition) {
			return aim{unknown: true}, true
		}
	}
	switch {
	case !known:
		return aim{}, false
	case later:
		return aim{what: frame.FindOldest}, true
	}
	return aim{latest: true}, true
}

// reachesBack reports whether messages from before a session are wanted.
func (r *Receiver) reachesBack(t *reliable.Title) bool {
	if p := r.position(uint64(t.Prev.Session), t.Prev.Channel); p != nil {
		return true
	}
	if n, ok := r.cfg.Start.Offset(); ok {
		return n < t.FirstOffset
	}
	if wall, ok := r.cfg.Start.Wall(); ok {
		return wall < t.Wall
	}
	return r.cfg.Start == reliable.Oldest
}
