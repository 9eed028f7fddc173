package send

import (
	"crier/reliable"
	"crier/reliable/store"
)

// An account tells how far the subscribers of a stream are, and which of them the publisher
// has yet to serve at the end.
type account struct {
	cfg      *Config
	audience *audience
	departed *departed
	store    *store.Buffer
	packer   *packer
	// stopped is when repairs ended; Never before.
	stopped reliable.Time
}

// lacks reports whether a subscriber that counts, or was evicted, has yet to take frames
// that were sent.
func (a *account) lacks(m *progress) bool {
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
	for _, m := range a.audience.rows {
		if m.Position >= a.store.Sent() {
			n++
		}
	}
	for i := range a.departed.rows {
		if e, ok := a.departed.rows[i].end(a.audience.channel); ok && e.position >= a.store.Sent() {
			n++
		}
	}
	return n >= a.cfg.Flow.Pace.Quorum
}

// asks reports whether repairs were cut short for a subscriber: they ended before it had
// been silent for as long as a closed session lingers.
func (a *account) asks(m *progress) bool {
	return m.askedTo > max(m.Position, a.store.Oldest()) &&
		a.stopped != reliable.Never && a.stopped < m.askedAt.Add(a.cfg.Repair.Linger)
}

// row returns a subscriber's public record.
func (a *account) row(m *progress) reliable.Member {
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
