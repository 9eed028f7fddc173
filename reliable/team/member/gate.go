package member

import (
	"crier/reliable"
	"crier/reliable/receive"
)

// gate makes a Member the Gate of its Receiver.
type gate struct{ m *Member }

const endless = ^uint64(0)

// Pass returns what becomes of messages.
func (g gate) Pass(session uint64, channel uint32, offset uint64) (receive.Verdict,
	*reliable.Grant, uint64) {
	c := g.m.court(session)
	if c == nil {
		return receive.Wait, nil, endless
	}
	s := c.seat(channel)
	if s == nil || len(g.m.waits) > 0 && g.m.holdsBack(session, channel) {
		return receive.Wait, nil, endless
	}
	if s.desk != nil {
		return s.desk.pass(s, offset)
	}
	return s.pass(offset)
}

// pass returns what becomes of messages of a partition, where work is shared so.
func (s *seat) pass(offset uint64) (receive.Verdict, *reliable.Grant, uint64) {
	t := s.tenure
	if t == nil {
		if offset < s.from {
			return receive.Skip, nil, s.from
		}
		return receive.Wait, nil, endless
	}
	m := s.court.m
	limit := endless
	switch {
	case t.orphan == orphanDelivered:
		if limit = t.limit(m); offset >= limit {
			return receive.Skip, nil, endless // that was named
		}
	case offset < t.next():
		return receive.Skip, nil, t.next()
	case t.orphan == orphanReported:
		return receive.Skip, nil, endless
	case t.giving, m.lease() >= t.until, len(t.ahead) >= maxAhead:
		return receive.Wait, nil, endless
	default:
		if limit = t.limit(m); offset >= limit {
			return receive.Wait, nil, endless
		}
	}
	for _, g := range t.spans {
		switch {
		case offset >= g.To:
		case offset < g.From:
			return receive.Skip, nil, g.From
		default:
			return receive.Deliver, g, min(g.To, limit)
		}
	}
	return receive.Skip, nil, endless
}

// limit returns the offset below which messages may be handed out: if the lease runs out, the
// publisher marks no more, unless its session is over by then.
func (t *tenure) limit(m *Member) uint64 {
	if t.ends {
		return endless
	}
	return t.confirmed + min(uint64(m.cfg.Window), endless-t.confirmed)
}
