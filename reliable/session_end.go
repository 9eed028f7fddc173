package reliable

import "time"

// How a session falls silent, resumes and ends.

// bye takes the publisher's word that no more will come.
func (s *session) bye(now Time) {
	if s.phase == starting {
		if !s.fromStart {
			s.drop() // it was over before this subscriber could hear anything
		}
		return // where it began is still to be learnt; BYE is repeated
	}
	if s.phase == silent || s.phase == live {
		s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: SessionEnded, cause: CauseEnded})
		s.phase = left
		s.statusDue = min(s.statusDue, now.Add(s.r.rand.Duration(statusMin/5)))
		s.wake()
	}
}

// place puts a change of state into the stream.
func (s *session) place(m mark) {
	if n := len(s.marks); n >= maxMarks {
		// An application that takes nothing while its publisher comes and goes
		// learns of the latest change only.
		s.marks[n-1] = m
		return
	}
	s.marks = append(s.marks, m)
}

// markAt reports whether a change of state comes before frame seq.
func (s *session) markAt(seq uint64) bool { return len(s.marks) > 0 && s.marks[0].seq <= seq }

// fallSilent reports what is known to be missing and says that the publisher is
// gone, for now.
func (s *session) fallSilent(now Time) {
	switch s.phase {
	case starting:
		switch e := s.early; {
		case s.placed:
			s.begin(now, s.win.next, 0, false)
		case e != nil:
			s.begin(now, e.oldestSeq, e.oldestOffset, true)
		default:
			s.drop()
			s.unheard = true
			return
		}
	case left:
		s.lose(s.win.next, s.win.high, CauseEnded)
		return
	}
	s.lose(s.win.next, s.win.high, CauseSilent)
	s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: SessionSilent, cause: CauseSilent})
	s.phase = silent
	s.statusDue = Never
	s.wake()
}

// resume takes up a silent session where it was left.
func (s *session) resume(now Time) {
	s.phase = live
	s.stats.Resumed++
	s.place(mark{seq: s.win.high, kind: SessionResumed})
	s.statusDue = now.Add(s.r.rand.Duration(statusMin / 5))
	s.wake()
}

// close ends the session here, though it goes on at the publisher.
func (s *session) close() {
	if s.phase == ended || s.phase == starting {
		s.drop()
		return
	}
	s.leaving = s.every != 0
	s.lose(s.win.next, s.win.high, CauseClosed)
	if s.phase == live {
		s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: SessionEnded, cause: CauseClosed})
	}
	s.wake()
}

// silence returns how long the publisher may be quiet.
func (s *session) silence() time.Duration {
	return max(silenceIntervals*s.interval, s.r.cfg.Silence)
}
