package send

import (
	"crier/reliable"
)

// closing is the end of a session: BYE is repeated, and requests are still served.
type closing struct {
	on bool
	// at is when Close was called.
	at reliable.Time
	// asked is when the last NACK came, or the last STATUS of a subscriber that may yet ask;
	// at first it is when Close was called.
	asked reliable.Time
}

// Close ends the session: the open frames are sent, BYE is repeated, and repairs go on
// until Finished. From now on, Publish fails.
func (s *Sender) Close(now reliable.Time) {
	if s.closing.on {
		return
	}
	s.closing = closing{on: true, at: now, asked: now}
	s.gather.end()
	for _, st := range s.streams {
		st.close(now)
		s.schedule.touch(st)
	}
	if a := s.teams.arbiter; a != nil {
		a.Close(s.teams.lease(now))
	}
}

// drainEnd returns when a closed session stops repairing.
func (s *Sender) drainEnd() reliable.Time {
	ended := s.closing.at
	for _, st := range s.streams {
		ended = max(ended, st.byes.said)
	}
	return min(max(ended, s.closing.asked).Add(s.cfg.Repair.Linger),
		ended.Add(max(drainMax, s.cfg.Repair.Linger)))
}

// Finished reports whether a closed session has nothing left to do.
func (s *Sender) Finished(now reliable.Time) bool {
	if !s.closing.on {
		return false
	}
	for _, st := range s.streams {
		if !st.ended() {
			return false
		}
	}
	if s.teams.tells(now, s.cfg.Repair.Linger) {
		return false
	}
	if s.allLeft() {
		return true
	}
	end := s.drainEnd()
	for _, st := range s.streams {
		if !st.finished(now, end) {
			return false
		}
	}
	return true
}

// allLeft reports whether all subscribers of a session that keeps a pace have heard its end,
// and left with all that was sent in the streams that they follow: nobody will ask for
// anything.
func (s *Sender) allLeft() bool {
	t := &s.members
	if s.cfg.Flow.Pace.IsZero() || len(t.rows) > 0 || t.refused > 0 {
		return false
	}
	for _, st := range s.streams {
		if st.pace.teams.slowest != "" && st.pace.teams.floor < st.store.Next() {
			return false
		}
	}
	n, closed := 0, s.clock.wire(s.closing.at)
	for i := range t.departed.rows {
		r := &t.departed.rows[i]
		if r.said < closed { // it went before the end
			continue
		}
		if n++; !r.Left {
			return false
		}
		for _, e := range r.ends {
			if e.position < s.streams[e.channel].store.Next() {
				return false
			}
		}
	}
	return n > 0
}

// Stop says that nothing is repaired from now on.
func (s *Sender) Stop(now reliable.Time) {
	for _, st := range s.streams {
		st.account.stopped = min(st.account.stopped, now)
		st.store.Hurry()
		s.schedule.touch(st)
	}
}
