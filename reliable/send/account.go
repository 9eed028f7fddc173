package send

import (
	"crier/reliable"
	"crier/reliable/store"
)

// account tells how far subscribers are, and what the publisher owes them in the end.
type account struct {
	cfg     *Config
	table   *members
	store   *store.Buffer
	packer  *packer
	stopped reliable.Time // when repairs ended; Never before
}

// lacks says whether a subscriber's pace counts, or did until it was left out, and it
// has yet to take something that was sent.
func (a *account) lacks(m *member) bool {
	return (m.state == reliable.Counted || m.state == reliable.LeftOut) &&
		m.Position < a.store.Sent()
}

// quorum says whether as many have taken all that was sent as are to have it, where
// that many are enough.
func (a *account) quorum() bool {
	if a.cfg.Pace.Kind != reliable.PaceQuorum {
		return false
	}
	n := 0
	for _, m := range a.table.rows {
		if m.Position >= a.store.Sent() {
			n++
		}
	}
	for i := range a.table.departed.rows {
		if a.table.departed.rows[i].Position >= a.store.Sent() {
			n++
		}
	}
	return n >= a.cfg.Pace.Quorum
}

// lacking returns how many subscribers have yet to take something, or went before they
// had.
func (a *account) lacking() (n uint64) {
	if a.quorum() {
		return 0
	}
	for _, m := range a.table.rows {
		if a.lacks(m) {
			n++
		}
	}
	for i := range a.table.departed.rows {
		if a.table.departed.rows[i].Lacks {
			n++
		}
	}
	return n + a.table.departed.lacking
}

// asks says whether repairs were cut short for a subscriber: they ended before it had
// asked for nothing for as long as a closed session lingers.
func (a *account) asks(m *member) bool {
	return m.askedTo > max(m.Position, a.store.Oldest()) &&
		a.stopped != reliable.Never && a.stopped < m.askedAt.Add(a.cfg.Linger)
}

// asking returns for how many subscribers repairs were cut short, as far as the table has
// rows for them: of others it isn't known how far they are.
func (a *account) asking() (n uint64) {
	for _, m := range a.table.rows {
		if a.asks(m) {
			n++
		}
	}
	return n
}

// row returns what is known of a subscriber.
func (a *account) row(m *member) reliable.Member {
	row := reliable.Member{
		ID: m.ID, Name: m.name, Addr: m.Addr, Position: m.Position, Room: m.room,
		Heard: m.heard, Asked: m.Asked, Gone: m.Gone, Refused: m.Refused, Repaired: m.Repaired,
		State: m.state,
		Lacks: a.lacks(m), Asks: a.asks(m),
	}
	if m.rtt.Known() {
		row.RTT = m.rtt.Smoothed()
	}
	if m.reported {
		row.Lag = a.packer.nextOffset - min(a.packer.nextOffset, a.store.Near(m.Position))
		row.Offset = a.packer.nextOffset - row.Lag
	}
	return row
}

// rows returns the subscribers that are known, in the order of their first
// word.
func (a *account) rows() []reliable.Member {
	enough := a.quorum()
	list := make([]reliable.Member, 0, len(a.table.rows))
	for _, m := range a.table.rows {
		row := a.row(m)
		row.Lacks = row.Lacks && !enough
		list = append(list, row)
	}
	return list
}

// depart remembers a subscriber that is no longer there: it left, or isn't heard.
func (a *account) depart(m *member, left bool) {
	row := a.row(m)
	row.Left, row.Departed, row.Asks = left, true, false
	a.table.departed.add(departedMember{row, m.said})
}

// gone returns the subscribers that left or were not heard any more, the last
// 1,024, the first that went first.
func (a *account) gone() (list []reliable.Member) {
	enough := a.quorum()
	for _, r := range a.table.departed.rows {
		r.Lacks = r.Lacks && !enough
		list = append(list, r.Member)
	}
	return list
}
