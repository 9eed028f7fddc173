package send

import (
	"time"

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
	// said is when the first BYE was sent; Never before.
	said reliable.Time
	// due is when the next BYE is due, and wait the time from then to the one after it.
	due  reliable.Time
	wait time.Duration
}

// Close ends the session: the open frame is sent, BYE is repeated, and repairs go on
// until Finished. From now on, Publish fails.
func (s *Sender) Close(now reliable.Time) {
	if s.closing.on {
		return
	}
	s.closed = true
	s.closing.on, s.closing.at, s.closing.asked = true, now, now
	s.closing.due, s.closing.wait = now, heartbeatFirst
	if s.window.gathering {
		s.gather(now)
	}
}

// mayAsk reports whether a subscriber may yet ask for frames, though it asks for none
// now: it hasn't heard the end, or has no room for all frames that it has not delivered.
// If only NACKs counted, a subscriber that is a second behind would lose the rest.
func (s *Sender) mayAsk(status *frame.Frame) bool {
	if status.Echo < s.sessionTime(s.closing.at) {
		return true
	}
	lacks := s.store.Next() - min(s.store.Next(), status.Position)
	return status.Room/uint64(max(s.store.Stride(), reliable.MinHeld)) < lacks
}

// drainEnd returns when a closed session stops repairing.
func (s *Sender) drainEnd() reliable.Time {
	ended := max(s.closing.at, s.closing.said)
	return min(max(ended, s.closing.asked).Add(s.cfg.Repair.Linger),
		ended.Add(max(drainMax, s.cfg.Repair.Linger)))
}

// Finished reports whether a closed session has nothing left to do.
func (s *Sender) Finished(now reliable.Time) bool {
	if !s.closing.on || s.closing.said == reliable.Never || s.Pending() {
		return false
	}
	return s.allLeft() || now >= s.drainEnd() && !s.pace.owes(now, s.closing.at)
}

// allLeft reports whether all subscribers of a session that keeps a pace have heard its end,
// and left with all that was sent: nobody will ask for anything.
func (s *Sender) allLeft() bool {
	if s.cfg.Flow.Pace.IsZero() || len(s.members.rows) > 0 || s.members.refused > 0 {
		return false
	}
	n := 0
	for i := range s.members.departed.rows {
		switch r := &s.members.departed.rows[i]; {
		case r.said < s.sessionTime(s.closing.at): // it went before the end
		case !r.Left || r.Position < s.store.Next():
			return false
		default:
			n++
		}
	}
	return n > 0
}
