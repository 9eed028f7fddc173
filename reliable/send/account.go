package send

import (
	"crier/reliable"
	"crier/reliable/store"
)

// An account tells how far subscribers are, and which of them the publisher has yet to
// serve at the end.
type account struct {
	cfg    *Config
	table  *members
	store  *store.Buffer
	packer *packer
	// stopped is when repairs ended; Never before.
	stopped reliable.Time
}

// lacks reports whether a subscriber that counts, or was evicted, has yet to take frames
// that were sent.
func (a *account) lacks(m *member) bool {
	return (m.state == reliable.Counted || m.state == reliable.Evicted) &&
		m.Position < a.store.Sent()
}

// quorum reports whether a quorum, if that is what counts, has taken everything that was
// sent.
func (a *account) quorum() bool {
	if a.cfg.Flow.Pace.Kind != reliable.PaceQuorum {
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
	return n >= a.cfg.Flow.Pace.Quorum
}

// lacking returns the number of subscribers that have yet to take something, or departed
// before they had.
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

// asks reports whether repairs were cut short for a subscriber: they ended before it had
// been silent for as long as a closed session lingers.
func (a *account) asks(m *member) bool {
	return m.askedTo > max(m.Position, a.store.Oldest()) &&
		a.stopped != reliable.Never && a.stopped < m.askedAt.Add(a.cfg.Repair.Linger)
}

// asking returns the number of subscribers for which repairs were cut short. Those
// without a row in the table are not counted: their positions are unknown.
func (a *account) asking() (n uint64) {
	for _, m := range a.table.rows {
		if a.asks(m) {
			n++
		}
	}
	return n
}

// row returns a subscriber's public record.
func (a *account) row(m *member) reliable.Member {
	row := reliable.Member{
		ID: m.ID, Name: m.name, Addr: m.Addr,
		Reported: m.reported, Position: m.Position, Room: m.room,
		Heard: m.heard, Asked: m.Asked, Again: m.Again, Gone: m.Gone, Refused: m.Refused,
		Repaired: m.Repaired, State: m.state, Lacks: a.lacks(m), Asks: a.asks(m),
	}
	if m.rtt.Known() {
		row.RTT = m.rtt.Smoothed()
	}
	if m.reported {
		row.Lag = a.packer.nextOffset - min(a.packer.nextOffset, a.store.Near(m.Position))
		row.Offset = a.packer.nextOffset - row.Lag
	}
	if row.Recorder = m.log.recorder; row.Recorder {
		row.Written, row.Synced = a.store.Near(m.log.written), a.store.Near(m.log.synced)
	}
	return row
}

// rows returns the known subscribers, in the order of their first frame.
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

// depart remembers a subscriber that left, or is no longer heard.
func (a *account) depart(m *member, left bool) {
	row := a.row(m)
	row.Left, row.Departed, row.Asks = left, true, false
	a.table.departed.add(departedMember{row, m.said})
}

// gone returns the last 1,024 subscribers that left or are no longer heard, in that
// order.
func (a *account) gone() (list []reliable.Member) {
	enough := a.quorum()
	for _, r := range a.table.departed.rows {
		r.Lacks = r.Lacks && !enough
		list = append(list, r.Member)
	}
	return list
}

// allLeft reports whether all subscribers of a stream that keeps a pace have heard its
// end, and left with all that was sent: nobody will ask for anything. The session was
// closed at closed, on its own clock.
func (a *account) allLeft(closed uint64) bool {
	if a.cfg.Flow.Pace.IsZero() || len(a.table.rows) > 0 || a.table.refused > 0 {
		return false
	}
	n := 0
	for i := range a.table.departed.rows {
		switch r := &a.table.departed.rows[i]; {
		case r.said < closed: // it went before the end
		case !r.Left || r.Position < a.store.Next():
			return false
		default:
			n++
		}
	}
	return n > 0
}
