package send

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// Close ends the session: what is open is sent, BYE is repeated, and repairs go
// on until Finished. Publish fails from now on.
func (s *Sender) Close(now reliable.Time) {
	if s.closing {
		return
	}
	s.closing, s.closed, s.lastNack = true, now, now
	s.byeDue, s.byeWait = now, heartbeatFirst
	if s.keep.gathering {
		s.gather(now)
	}
}

// mayAsk reports whether a subscriber may yet ask for something, though it asks
// for nothing now: it hasn't heard the end, or it has no room for all that it has
// not delivered.
func (s *Sender) mayAsk(status *frame.Frame) bool {
	if status.Echo < s.sessionTime(s.closed) {
		return true
	}
	lacks := s.store.Next() - min(s.store.Next(), status.Position)
	return status.Room/uint64(max(s.store.Stride(), reliable.MinHeld)) < lacks
}

// drainEnd returns when a closed session stops repairing.
func (s *Sender) drainEnd() reliable.Time {
	ended := max(s.closed, s.saidBye)
	return min(max(ended, s.lastNack).Add(s.cfg.Linger), ended.Add(max(drainMax, s.cfg.Linger)))
}

// Finished reports whether a closed session has nothing left to do.
func (s *Sender) Finished(now reliable.Time) bool {
	return s.closing && s.saidBye != reliable.Never && now >= s.drainEnd() && !s.Pending() && !s.pace.owes(now, s.closed)
}
