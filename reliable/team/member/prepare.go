package member

import "crier/reliable/frame"

// prepare has the stream followed for a tenure to come, and reports whether that is news.
func (s *seat) prepare(e *frame.GrantEntry, stamp uint64) bool {
	c, m := s.court, s.court.m
	if s.tenure != nil && s.tenure.orphan == 0 || m.leaving || stamp < s.stamp {
		return false
	}
	if s.tenure != nil {
		s.part()
	}
	s.stamp, s.asked = stamp, m.now
	more := e.From > s.from
	s.seq, s.from = e.Seq, e.From
	if !s.prepared || more {
		if !m.Take(m.now, c.id, s.channel, e.Seq, e.From) {
			return false
		}
	}
	if s.prepared {
		return false
	}
	s.prepared, s.ready, s.limbo = true, false, 0
	c.preparing++
	c.look()
	return true
}

// unprepare ends the preparation, but for the stream.
func (s *seat) unprepare() {
	if s.prepared && !s.ready {
		s.court.preparing--
	}
	if s.prepared && s.tenure == nil {
		s.court.m.Receiver.Leave(s.court.m.now, s.court.id, s.channel)
	}
	s.prepared, s.ready = false, false
}
