package reliable

import "slices"

// past remembers sessions that left a Receiver's table to make room, so that
// nothing of them is delivered twice if they are heard again: those that were
// heard last, of which something was told. What it remembers of one is what is
// left of it, without what it held.
type past struct {
	list []*session // the one that left first comes first
}

// add remembers a session, and returns the one that is forgotten for it, which
// may be itself, or nil.
func (p *past) add(s *session, most int) (forgotten *session) {
	if !s.stats.Begun {
		return s
	}
	s.away = true
	p.list = append(p.list, s)
	if len(p.list) <= most {
		return nil
	}
	forgotten = p.list[0]
	p.list = slices.Delete(p.list, 0, 1)
	return forgotten
}

// take forgets a session that is in the table again.
func (p *past) take(s *session) {
	s.away = false
	if i := slices.Index(p.list, s); i >= 0 {
		p.list = slices.Delete(p.list, i, i+1)
	}
}
