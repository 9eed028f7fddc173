package send

import (
	"cmp"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/store"
)

// maxMemberEvents bounds the events that wait to be polled.
const maxMemberEvents = 256

// crawl is how slowly a subscriber may be and not count as stalled: in the stall
// time it must pass one in so many of the frames that the ring holds.
const crawl = 1024

// pacekeeper knows whose pace counts. Subscribers that are dead, suspended, or crawl hold
// the others back for the stall time, and are then left out of the count, by name.
type pacekeeper struct {
	cfg     *Config
	table   *members
	account *account
	store   *store.Buffer
	window  *window

	events  []reliable.MemberEvent // that wait to be polled
	lost    uint64                 // events that found no room
	leftOut uint64                 // times that a subscriber was left out
	scratch []uint64
}

// needed returns the lowest frame that a subscriber that counts has yet to pass.
func (k *pacekeeper) needed() uint64 {
	hold, positions, p := store.None, k.scratch[:0], &k.cfg.Pace
	for _, m := range k.table.rows {
		if m.state != reliable.Counted {
			continue
		}
		if hold = min(hold, m.Position); p.Kind == reliable.PaceQuorum {
			positions = append(positions, m.Position)
		}
	}
	if len(positions) > p.Quorum {
		slices.SortFunc(positions, func(a, b uint64) int { return cmp.Compare(b, a) })
		hold = positions[p.Quorum-1]
	}
	k.scratch = positions
	return hold
}

// enter changes a subscriber's state, and tells.
func (k *pacekeeper) enter(m *member, to reliable.MemberState) {
	from := m.state
	if from == to {
		return
	}
	m.state = to
	if from == reliable.LeftOut || to == reliable.LeftOut ||
		(from == reliable.Counted) != (to == reliable.Counted) {
		k.tell(reliable.MemberEvent{Member: k.account.row(m), From: from, To: to})
	}
	if to == reliable.LeftOut {
		k.leftOut++
	}
}

func (k *pacekeeper) tell(ev reliable.MemberEvent) {
	if len(k.events) >= maxMemberEvents {
		k.lost++
		return
	}
	k.events = append(k.events, ev)
}

// moved takes where a subscriber is, and reports whether what is needed may have changed.
func (k *pacekeeper) moved(now reliable.Time, m *member, position uint64) (changed bool) {
	position = min(position, k.store.Next())
	m.reported = true
	if position >= m.mark+max(1, k.store.Slots()/crawl) { // going back is no progress
		m.mark, m.movedAt = position, now
	}
	before := m.Position
	m.Position = position
	if k.cfg.Pace.IsZero() {
		return false
	}
	state := m.state
	switch held := position >= k.store.Oldest(); {
	case !k.cfg.Pace.Counts(m.name):
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
		return false
	}
	if m.state != reliable.Counted {
		m.mark, m.movedAt = position, now
	}
	k.enter(m, state)
	return true
}

// stalls says whether a subscriber alone leaves no room for the message that found
// none.
func (k *pacekeeper) stalls(m *member) bool {
	return m.state == reliable.Counted && !k.store.FitsBehind(m.Position, k.window.needs)
}

// leaveOut leaves those out of the count who have held the others back for the
// stall time.
func (k *pacekeeper) leaveOut(now reliable.Time) (changed bool) {
	if !k.window.waits() || k.window.by != reliable.BySubscribers {
		return false
	}
	for _, m := range k.table.rows {
		if k.stalls(m) && now >= k.stallEnd(m) {
			m.caughtUp = k.store.Next()
			k.enter(m, reliable.LeftOut)
			changed = true
		}
	}
	return changed
}

// stallEnd returns when a subscriber that doesn't move will have held the others
// back for long enough.
func (k *pacekeeper) stallEnd(m *member) reliable.Time {
	return max(k.window.since, m.movedAt).Add(k.cfg.StallTimeout)
}

// stallDue returns when to leave somebody out.
func (k *pacekeeper) stallDue() reliable.Time {
	at := reliable.Never
	if k.window.waits() && k.window.by == reliable.BySubscribers {
		for _, m := range k.table.rows {
			if k.stalls(m) {
				at = min(at, k.stallEnd(m))
			}
		}
	}
	return at
}

// patience returns how long a subscriber may be unheard before it is forgotten.
func (k *pacekeeper) patience(m *member) time.Duration {
	patience := m.patience
	if m.state == reliable.Counted {
		patience = max(patience, 2*k.cfg.StallTimeout) // one that stalls is left out first
	}
	return patience
}

// owes says whether a subscriber that counts has yet to take something, and is
// still at it.
// Close waits for such a one beyond the time that it repairs for others.
func (k *pacekeeper) owes(now, closed reliable.Time) bool {
	for _, m := range k.table.rows {
		if m.state == reliable.Counted && m.Position < k.store.Next() &&
			now < max(m.movedAt, closed).Add(k.cfg.StallTimeout) {
			return true
		}
	}
	return false
}
