package send

import "crier/reliable"

// What a publisher owes in the end: to whom, and how far they had come.

// lacks says whether a subscriber's pace counts, or did until it was left out, and it
// has yet to take something that was sent.
func (s *Sender) lacks(m *member) bool {
	return (m.state == reliable.Counted || m.state == reliable.LeftOut) && m.Position < s.store.Sent()
}

// quorum says whether as many have taken all that was sent as are to have it, where
// that many are enough.
func (s *Sender) quorum() bool {
	if s.cfg.Pace.Kind != reliable.PaceQuorum {
		return false
	}
	n := 0
	for _, m := range s.members.rows {
		if m.Position >= s.store.Sent() {
			n++
		}
	}
	for i := range s.members.departed.rows {
		if s.members.departed.rows[i].Position >= s.store.Sent() {
			n++
		}
	}
	return n >= s.cfg.Pace.Quorum
}

// lacking returns how many subscribers have yet to take something, or went before they
// had.
func (s *Sender) lacking() (n uint64) {
	if s.quorum() {
		return 0
	}
	for _, m := range s.members.rows {
		if s.lacks(m) {
			n++
		}
	}
	for i := range s.members.departed.rows {
		if s.members.departed.rows[i].Lacks {
			n++
		}
	}
	return n + s.members.departed.lacking
}

// Owed returns how many frames were asked for, are held, and wait to be repeated. It
// costs as much as there are.
func (s *Sender) Owed() (n uint64) {
	return s.repairer.Owed()
}

// Stop says that nothing is repaired from now on.
func (s *Sender) Stop(now reliable.Time) { s.stopped = min(s.stopped, now) }

// asks says whether repairs were cut short for a subscriber: they ended before it had
// asked for nothing for as long as a closed session lingers.
func (s *Sender) asks(m *member) bool {
	return m.askedTo > max(m.Position, s.store.Oldest()) &&
		s.stopped != reliable.Never && s.stopped < m.askedAt.Add(s.cfg.Linger)
}

// asking returns for how many subscribers repairs were cut short, as far as the table has
// rows for them: of others it isn't known how far they are.
func (s *Sender) asking() (n uint64) {
	for _, m := range s.members.rows {
		if s.asks(m) {
			n++
		}
	}
	return n
}
