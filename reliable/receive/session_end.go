package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// How a session falls silent, resumes and ends.

// bye takes the publisher's word that no more will come.
func (s *session) bye(now reliable.Time, f *frame.Frame) {
	if s.phase == starting {
		if !s.fromStart {
			s.drop() // it was over before this subscriber could hear anything
		}
		return // where it began is still to be learnt; BYE is repeated
	}
	if !s.believes(now, f.NextSeq, f.NextOffset) {
		return // it ends there once that can be
	}
	if s.phase == silent || s.phase == live {
		s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: reliable.SessionEnded, cause: reliable.CauseEnded})
		s.phase = left
		s.statusDue = min(s.statusDue, now.Add(s.r.rand.Duration(reliable.StatusMin/5)))
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
func (s *session) fallSilent(now reliable.Time) {
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
		s.lose(s.win.next, s.win.high, reliable.CauseEnded)
		return
	}
	s.lose(s.win.next, s.win.high, reliable.CauseSilent)
	s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: reliable.SessionSilent, cause: reliable.CauseSilent})
	s.phase = silent
	s.statusDue = reliable.Never
	s.wake()
}

// resume takes up a silent session where it was left.
func (s *session) resume(now reliable.Time) {
	s.phase = live
	s.stats.Resumed++
	s.place(mark{seq: s.win.high, kind: reliable.SessionResumed})
	s.statusDue = now.Add(s.r.rand.Duration(reliable.StatusMin / 5))
	s.wake()
}

const (
	// farewells is how often a subscriber that closes tells each publisher that waits
	// for it: nobody answers, and one that misses the word waits for the stall time.
	// Others are told once.
	farewells = 3
	// farewellTime is how long after the end of a session its publisher, if it is
	// still heard, may not know that this subscriber is done.
	farewellTime = time.Second
)

// nextLeft returns the session whose publisher a closed Receiver tells next that it
// leaves: all of them once, then all again. It returns nil when all is said.
func (r *Receiver) nextLeft() *session {
	for ; r.farewells > 0; r.farewells-- {
		for r.farewell < len(r.list) {
			r.farewell++
			if s := r.list[r.farewell-1]; s.leaveDue != reliable.Never {
				if s.every == 0 {
					s.leaveDue = reliable.Never
				}
				return s
			}
		}
		r.farewell = 0
	}
	return nil
}

// leaveAgain tells the publisher of a session that has ended here once more that this
// subscriber is done, since it goes on to say BYE; but not each time.
func (s *session) leaveAgain(now reliable.Time) {
	every := reliable.StatusEvery(s.req.GroupSize())
	if s.every != 0 { // it waits
		every /= 5
	}
	if s.leaveDue == reliable.Never && now >= s.statusLast.Add(every) {
		s.leaveDue = now
	}
}

// close ends the session here, though it goes on at the publisher.
func (s *session) close() {
	if s.phase != ended || s.every != 0 && s.r.now.Sub(s.heard) < farewellTime {
		s.leaveDue = s.r.now
	}
	if s.phase == ended || s.phase == starting {
		s.drop()
		return
	}
	s.lose(s.win.next, s.win.high, reliable.CauseClosed)
	if s.phase == live {
		s.place(mark{seq: s.win.high, offset: s.stats.NextOffset, kind: reliable.SessionEnded, cause: reliable.CauseClosed})
	}
	s.wake()
}

// silence returns how long the publisher may be quiet.
func (s *session) silence() time.Duration {
	return max(silenceIntervals*s.interval, s.r.cfg.Silence)
}

// silentAt returns when nothing has been heard of the publisher for so long that it is
// silent. One that seems to be at another address by then has as long again as the old one
// must be quiet: it is about to be believed.
func (s *session) silentAt() reliable.Time {
	at := s.heard.Add(s.silence())
	if s.candidate.Words > 0 {
		at = max(at, min(s.candidate.Since, at).Add(peer.Intervals*s.interval))
	}
	return at
}
