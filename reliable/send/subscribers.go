package send

import (
	"crier/reliable"
)

// HasMemberEvents says whether PollMembers has something.
func (s *Sender) HasMemberEvents() bool { return len(s.pace.events) > 0 }

// PollMembers fills in what became of subscribers and returns how many events.
func (s *Sender) PollMembers(events []reliable.MemberEvent) int {
	n := copy(events, s.pace.events)
	s.pace.events = s.pace.events[:copy(s.pace.events, s.pace.events[n:])]
	return n
}

// leave takes a subscriber's word that it goes.
func (s *Sender) leave(now reliable.Time, m *member, position uint64) {
	if s.members.remove(m) {
		m.Position = max(m.Position, min(position, s.store.Next()))
		s.account.depart(m, true)
		s.gone(m)
		s.refloor(now)
	}
}

// gone tells that a subscriber is no longer there whose pace counted, or would.
func (s *Sender) gone(m *member) {
	s.welcomes.forget(m.Addr)
	s.repairer.Forget(&m.Asker)
	if m.state == reliable.Counted || m.state == reliable.LeftOut {
		s.pace.tell(reliable.MemberEvent{Member: s.account.row(m), From: m.state,
			To: reliable.Watching, Gone: true})
	}
}

// Members returns the subscribers that are known, in the order of their first word.
func (s *Sender) Members() []reliable.Member { return s.account.rows() }

// Departed returns the subscribers that left or were not heard any more, the last
// 1,024, the first that went first.
func (s *Sender) Departed() []reliable.Member { return s.account.gone() }

// Owed returns how many frames were asked for, are held, and wait to be repeated. It
// costs as much as there are.
func (s *Sender) Owed() (n uint64) {
	return s.repairer.Owed()
}

// Stop says that nothing is repaired from now on.
func (s *Sender) Stop(now reliable.Time) { s.account.stopped = min(s.account.stopped, now) }
