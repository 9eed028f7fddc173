package receive

import (
	"net/netip"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// A speech is a DIGEST of what is held here, on its way to the other survivors: part by part.
type speech struct {
	frame  frame.Frame
	body   frame.DigestBody
	ranges []nack.Range
	more   bool
}

// prepare makes a DIGEST what is said next.
func (p *speech) prepare(now reliable.Time, st *stream) {
	f := &p.frame
	p.body = *f.Digest
	p.ranges = append(p.ranges[:0], f.Ranges...)
	f.Digest, f.Ranges, p.more = &p.body, p.ranges, true
	st.sign(now, f)
}

// speak returns a part of a DIGEST for the group that is due, and false if there is none.
func (st *stream) speak(now reliable.Time) (b reliable.Batch, ok bool) {
	var p *speech
	if a := st.aftermath; a != nil {
		p = a.speaks(now)
	} else if w := st.witness; w != nil {
		if p = w.speaks(now); p != nil {
			w.pay(now)
		}
	}
	if p == nil {
		return b, false
	}
	r := st.r
	b, p.more = r.out.part(st.session.homeGroup(), &p.frame, r.cfg.Datagram)
	r.stats.Sent++
	st.stats.DigestsSent++
	return b, true
}

// speaks returns the DIGEST that is due, or nil.
func (a *aftermath) speaks(now reliable.Time) *speech {
	p := &a.speech
	if p.more {
		return p
	}
	if a.stale && now >= a.q.Deadline() {
		a.update(now)
	}
	if !a.q.Digest(now, &p.frame) {
		return nil
	}
	p.prepare(now, a.st)
	return p
}

// homeGroup returns the session's group, or else the first. The zero value means that as well.
func (s *session) homeGroup() netip.AddrPort {
	if groups := s.r.cfg.Groups; !s.group.IsValid() && len(groups) > 0 {
		return groups[0]
	}
	return s.group
}
