package member

import (
	"bytes"
	"slices"

	"crier/reliable"
)

// What is in hand when the publisher falls silent.

// keep keeps an event that wasn't handed out as the lease had run out.
func (s *seat) keep(ev *reliable.Event) {
	t := s.tenure
	if t == nil {
		t = s.past
	}
	n := len(ev.Payload) + len(ev.Properties)
	if t == nil || t.epoch != ev.Grant.Epoch || t.giving || t.orphan != 0 ||
		s.tenure == nil && s.limbo == 0 || s.court.m.cfg.Orphans == reliable.OrphansReport ||
		len(s.kept) >= maxKept || s.keptBytes+n > maxKeptBytes {
		return
	}
	one := *ev
	one.Payload, one.Properties = bytes.Clone(ev.Payload), slices.Clone(ev.Properties)
	s.kept, s.keptBytes = append(s.kept, one), s.keptBytes+n
}

// orphaned has orphans looked after when what was polled is handed out.
func (s *seat) orphaned() {
	if m := s.court.m; !s.awaits {
		s.awaits = true
		m.turns = append(m.turns, turn{s.court, s.channel, 0})
	}
}

// orphans has what is in hand of the last tenure delivered, or reported: its publisher is silent.
func (s *seat) orphans() {
	c, m, t := s.court, s.court.m, s.past
	s.awaits = false
	if s.desk != nil {
		s.desk.orphans(s)
		return
	}
	if s.limbo == 0 || t == nil || s.tenure != nil {
		return
	}
	s.limbo, s.tenure = 0, t
	spans := make([]*reliable.Grant, len(t.spans))
	for i, g := range t.spans {
		one := *g
		one.Orphan = true
		spans[i] = &one
	}
	t.spans = spans
	p, _ := m.Place(c.id, s.channel)
	from, to := t.next(), p.Next // what was polled is kept, as far as there is room
	if m.cfg.Orphans == reliable.OrphansReport {
		t.orphan, to = orphanReported, p.Newest
	} else {
		t.orphan = orphanDelivered
		for i := range s.kept {
			ev := &s.kept[i]
			if ev.Kind == reliable.Message && ev.Offset != from ||
				ev.Kind == reliable.Loss && ev.Lost.From != from {
				continue
			}
			for k, g := range t.spans {
				if from < g.To {
					ev.Grant = t.spans[k]
					break
				}
			}
			if from++; ev.Kind == reliable.Loss {
				from = ev.Lost.To
			}
			m.told = append(m.told, reliable.Run{Event: *ev})
		}
	}
	s.kept, s.keptBytes = nil, 0
	s.nameLost(from, to, p.Seq)
	if t.orphan == orphanDelivered {
		s.nameLost(max(from, to, t.limit(m)), p.Newest, p.Seq)
	}
	m.Wake(c.id, s.channel)
}

// nameLost names messages lost that are in hand, or known, and that nobody may be handed.
func (s *seat) nameLost(from, to, seq uint64) {
	if from >= to {
		return
	}
	m, t := s.court.m, s.tenure
	ev := m.announce(s.court, s.channel, reliable.Loss)
	ev.Grant, ev.Seq, ev.Cause = t.spans[len(t.spans)-1], seq, reliable.CauseSilent
	ev.Lost.From, ev.Lost.To = from, to
	m.stats.OrphansReported += to - from
}
