package send

import (
	"crier/reliable"
)

// HasMemberEvents reports whether PollMembers has events.
func (s *Sender) HasMemberEvents() bool { return len(s.pace.events) > 0 }

// PollMembers fills events with changes of subscribers and returns their number.
func (s *Sender) PollMembers(events []reliable.MemberEvent) int {
	n := copy(events, s.pace.events)
	s.pace.events = s.pace.events[:copy(s.pace.events, s.pace.events[n:])]
	return n
}

// leave handles a subscriber's word that it leaves.
func (s *Sender) leave(now reliable.Time, m *member, position uint64) {
	if s.members.remove(m) {
		m.Position = max(m.Position, min(position, s.store.Next()))
		s.account.depart(m, true)
		s.gone(m)
		s.refloor(now)
	}
}

// gone drops everything that waits for a subscriber that has left, and adds an event if
// its pace counted, or would.
func (s *Sender) gone(m *member) {
	s.welcomes.forget(m.Addr)
	s.repairer.Forget(&m.Asker)
	if m.state == reliable.Counted || m.state == reliable.Evicted {
		s.pace.tell(reliable.MemberEvent{Member: s.account.row(m), From: m.state,
			To: reliable.Watching, Gone: true})
	}
}

// Members returns the known subscribers, in the order of their first frame.
func (s *Sender) Members() []reliable.Member { return s.account.rows() }

// Departed returns the last 1,024 subscribers that left or are no longer heard, in that
// order.
func (s *Sender) Departed() []reliable.Member { return s.account.gone() }

// Owed returns the number of frames that were asked for, are held, and wait to be
// repeated. Its cost is proportional to that number.
func (s *Sender) Owed() (n uint64) {
	return s.repairer.Owed()
}

// Stop says that nothing is repaired from now on.
func (s *Sender) Stop(now reliable.Time) { s.account.stopped = min(s.account.stopped, now) }
