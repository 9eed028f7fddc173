package send

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// closing is the end of a session: BYE is repeated, and requests are still served.
type closing struct {
	on bool
	// at is when Close was called.
	at reliable.Time
	// asked is when the last NACK came.
	asked reliable.Time
}

// Close ends the session: the open frames are sent, BYE is repeated, and repairs go on
// until Finished. From now on, Publish fails.
func (s *Sender) Close(now reliable.Time) {
	if s.closing.on {
		return
	}
	s.closing = closing{on: true, at: now, asked: now}
	for _, st := range s.streams {
		st.close(now)
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
	end := s.drainEnd()
	for _, st := range s.streams {
		if !st.finished(now, end) {
			return false
		}
	}
	return true
}

// Stop says that nothing is repaired from now on.
func (s *Sender) Stop(now reliable.Time) {
	for _, st := range s.streams {
		st.account.stopped = min(st.account.stopped, now)
	}
}

// close ends the stream.
func (st *Stream) close(now reliable.Time) {
	st.closed = true
	st.byes.start(now)
	if st.window.gathering {
		st.gather(now)
	}
}

// finished reports whether a closed stream has nothing left to do. Its session stops
// repairing at end.
func (st *Stream) finished(now, end reliable.Time) bool {
	if st.byes.said == reliable.Never || st.Pending() {
		return false
	}
	closed := st.session.closing.at
	return st.account.allLeft(st.session.clock.wire(closed)) ||
		now >= end && !st.pace.owes(now, closed)
}

// mayAsk reports whether a subscriber may yet ask for frames, though it asks for none
// now: it hasn't heard the end, or has no room for all frames that it has not delivered.
// If only NACKs counted, a subscriber that is a second behind would lose the rest.
func (st *Stream) mayAsk(status *frame.Frame) bool {
	if status.Echo < st.session.clock.wire(st.session.closing.at) {
		return true
	}
	lacks := st.store.Next() - min(st.store.Next(), status.Position)
	return status.Room/uint64(max(st.store.Stride(), reliable.MinHeld)) < lacks
}
