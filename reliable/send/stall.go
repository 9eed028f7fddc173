package send

import (
	"time"

	"crier/reliable"
)

// Subscribers that are dead, suspended, or crawl hold the others back for the
// stall time, and are then left out of the count, by name.

// maxMemberEvents bounds the events that wait to be polled.
const maxMemberEvents = 256

// crawl is how slowly a subscriber may be and not count as stalled: in the stall
// time it must pass one in so many of the frames that the ring holds.
const crawl = 1024

// enter changes a subscriber's state, and tells.
func (s *Sender) enter(m *member, to reliable.MemberState) {
	from := m.state
	if from == to {
		return
	}
	m.state = to
	if from == reliable.LeftOut || to == reliable.LeftOut || (from == reliable.Counted) != (to == reliable.Counted) {
		s.tell(reliable.MemberEvent{Member: s.member(m), From: from, To: to})
	}
	if to == reliable.LeftOut {
		s.stats.LeftOut++
	}
}

func (s *Sender) tell(ev reliable.MemberEvent) {
	if len(s.memberEvents) >= maxMemberEvents {
		s.stats.MemberEventsLost++
		return
	}
	s.memberEvents = append(s.memberEvents, ev)
}

// HasMemberEvents says whether PollMembers has something.
func (s *Sender) HasMemberEvents() bool { return len(s.memberEvents) > 0 }

// PollMembers fills in what became of subscribers and returns how many events.
func (s *Sender) PollMembers(events []reliable.MemberEvent) int {
	n := copy(events, s.memberEvents)
	s.memberEvents = s.memberEvents[:copy(s.memberEvents, s.memberEvents[n:])]
	return n
}

// moved takes where a subscriber is.
func (s *Sender) moved(now reliable.Time, m *member, position uint64) {
	position = min(position, s.store.Next())
	m.reported = true
	if position >= m.mark+max(1, s.store.Slots()/crawl) { // going back is no progress
		m.mark, m.movedAt = position, now
	}
	before := m.Position
	m.Position = position
	if s.cfg.Pace.Kind == reliable.PaceNone {
		return
	}
	state := m.state
	switch held := position >= s.store.Oldest(); {
	case !s.cfg.Pace.Counts(m.name):
		state = reliable.Watching
	case !held:
		state = reliable.Behind
	case m.state == reliable.LeftOut && position < m.caughtUp:
	default:
		state = reliable.Counted
	}
	if m.state == reliable.LeftOut && state == reliable.Behind {
		state = reliable.LeftOut // it is known why
	}
	if state == m.state && (state != reliable.Counted || position == before) {
		return
	}
	if m.state != reliable.Counted {
		m.mark, m.movedAt = position, now
	}
	s.enter(m, state)
	s.refloor(now)
}

// leave takes a subscriber's word that it goes.
func (s *Sender) leave(now reliable.Time, m *member, position uint64) {
	if s.members.remove(m) {
		m.Position = max(m.Position, min(position, s.store.Next()))
		s.depart(m, true)
		s.gone(m)
		s.refloor(now)
	}
}

// gone tells that a subscriber is no longer there whose pace counted, or would.
func (s *Sender) gone(m *member) {
	s.welcomes.forget(m.Addr)
	s.repairer.Forget(&m.Asker)
	if m.state == reliable.Counted || m.state == reliable.LeftOut {
		s.tell(reliable.MemberEvent{Member: s.member(m), From: m.state, To: reliable.Watching, Gone: true})
	}
}

// stalls says whether a subscriber alone leaves no room for the message that found
// none.
func (s *Sender) stalls(m *member) bool {
	return m.state == reliable.Counted && !s.store.FitsBehind(m.Position, s.keep.needs)
}

// leaveOut leaves those out of the count who have held the others back for the
// stall time.
func (s *Sender) leaveOut(now reliable.Time) {
	if !s.keep.waits() || s.keep.by != reliable.BySubscribers {
		return
	}
	changed := false
	for _, m := range s.members.rows {
		if s.stalls(m) && now >= s.stallEnd(m) {
			m.caughtUp = s.store.Next()
			s.enter(m, reliable.LeftOut)
			changed = true
		}
	}
	if changed {
		s.refloor(now)
	}
}

// stallEnd returns when a subscriber that doesn't move will have held the others
// back for long enough.
func (s *Sender) stallEnd(m *member) reliable.Time {
	return max(s.keep.since, m.movedAt).Add(s.cfg.StallTimeout)
}

// stallDue returns when to leave somebody out.
func (s *Sender) stallDue() reliable.Time {
	at := reliable.Never
	if s.keep.waits() && s.keep.by == reliable.BySubscribers {
		for _, m := range s.members.rows {
			if s.stalls(m) {
				at = min(at, s.stallEnd(m))
			}
		}
	}
	return at
}

// patience returns how long a subscriber may be unheard before it is forgotten.
func (s *Sender) patience(m *member) time.Duration {
	patience := m.patience
	if m.state == reliable.Counted {
		patience = max(patience, 2*s.cfg.StallTimeout) // one that stalls is left out first
	}
	return patience
}
