package send

import (
	"cmp"
	"slices"

	"crier/reliable"
	"crier/reliable/store"
)

// crawl bounds how slow a subscriber may be without being stalled: within the stall time
// it must pass one in so many of the frames that the ring holds.
const crawl = 1024

// A pacekeeper knows whose pace counts. Subscribers that are dead, suspended, or very
// slow hold up the others for the stall time, and are then evicted from the count, by
// name.
type pacekeeper struct {
	cfg      *Config
	audience *audience
	account  *account
	store    *store.Buffer
	window   *window
	events   *events

	// evicted counts evictions.
	evicted uint64
	scratch []uint64
	teams   teampace
}

// needed returns the lowest frame that a subscriber that counts has yet to pass.
func (k *pacekeeper) needed() uint64 {
	lowest, positions, p := k.teams.needed(), k.scratch[:0], &k.cfg.Flow.Pace
	for _, m := range k.audience.rows {
		if m.state != reliable.Counted {
			continue
		}
		if lowest = min(lowest, m.Position); p.Kind == reliable.PaceQuorum {
			positions = append(positions, m.Position)
		}
	}
	if len(positions) > p.Quorum {
		slices.SortFunc(positions, func(a, b uint64) int { return cmp.Compare(b, a) })
		lowest = positions[p.Quorum-1]
	}
	k.scratch = positions
	return lowest
}

// refloor updates the frames that must be kept, after a subscriber moved, came or left.
func (k *pacekeeper) refloor(now reliable.Time) {
	if k.cfg.Flow.Pace.IsZero() {
		return
	}
	k.store.Trim(k.needed())
	k.window.noteRoom(now)
}

// enter changes a subscriber's state, and adds an event.
func (k *pacekeeper) enter(m *progress, to reliable.MemberState) {
	from := m.state
	if from == to {
		return
	}
	m.state = to
	if from == reliable.Evicted || to == reliable.Evicted ||
		(from == reliable.Counted) != (to == reliable.Counted) {
		k.events.add(reliable.MemberEvent{Member: k.account.row(m),
			Partition: k.audience.channel, From: from, To: to})
	}
	if to == reliable.Evicted {
		k.evicted++
	}
}

// moved takes a subscriber's position, and reports whether the frames that are needed may
// have changed.
func (k *pacekeeper) moved(now reliable.Time, m *progress, position uint64) (changed bool) {
	position = min(position, k.store.Next())
	m.reported, m.spoke = true, true
	if position >= m.mark+max(1, k.store.Slots()/crawl) { // going back is no progress
		m.mark, m.movedAt = position, now
	}
	before := m.Position
	m.Position = position
	if k.cfg.Flow.Pace.IsZero() {
		return false
	}
	state := m.state
	switch held := position >= k.store.Whole(); {
	case !k.cfg.Flow.Pace.Counts(m.name):
		state = reliable.Watching
	case !held:
		state = reliable.Behind
	case m.state == reliable.Evicted && position < m.caughtUp:
	default:
		state = reliable.Counted
	}
	if m.state == reliable.Evicted && state == reliable.Behind {
		state = reliable.Evicted // it is known why
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

// counted returns the number of subscribers whose pace counts.
func (k *pacekeeper) counted() (n int) {
	for _, m := range k.audience.rows {
		if m.state == reliable.Counted {
			n++
		}
	}
	return n + k.countTeams()
}

// stalls reports whether a subscriber alone leaves no room for the message that found
// none.
func (k *pacekeeper) stalls(m *progress) bool {
	return m.state == reliable.Counted && !k.store.FitsBehind(m.Position, k.window.needs)
}

// evict takes those subscribers out of the count that have held up the others for the
// stall time.
func (k *pacekeeper) evict(now reliable.Time) (changed bool) {
	if !k.window.waits() || k.window.by != reliable.BySubscribers {
		return false
	}
	k.urgeTeam(now)
	for _, m := range k.audience.rows {
		if k.stalls(m) && now >= k.stallEnd(m) {
			m.caughtUp = k.store.Next()
			k.enter(m, reliable.Evicted)
			changed = true
		}
	}
	return changed
}

// stallEnd returns when a subscriber that makes no progress is evicted.
func (k *pacekeeper) stallEnd(m *progress) reliable.Time {
	return max(k.window.since, m.movedAt).Add(k.cfg.Flow.StallTimeout)
}

// stallDue returns when the next subscriber may be evicted.
func (k *pacekeeper) stallDue() reliable.Time {
	at := reliable.Never
	if k.window.waits() && k.window.by == reliable.BySubscribers {
		for _, m := range k.audience.rows {
			if k.stalls(m) {
				at = min(at, k.stallEnd(m))
			}
		}
	}
	if k.stallsTeam() {
		at = min(at, k.teamStallEnd())
	}
	return at
}

// owes reports whether a subscriber that counts has yet to take something, and still
// makes progress. Close waits for such a subscriber beyond the time for which it repairs
// for others.
func (k *pacekeeper) owes(now, closed reliable.Time) bool {
	for _, m := range k.audience.rows {
		if m.state == reliable.Counted && m.Position < k.store.Next() &&
			now < max(m.movedAt, closed).Add(k.cfg.Flow.StallTimeout) {
			return true
		}
	}
	return k.owesTeam(now, closed)
}

// reportEvery returns the number of frames after which a subscriber is to report its
// position: a sixteenth of the ring, or 0 if positions don't matter.
func (k *pacekeeper) reportEvery() uint64 {
	if k.cfg.Flow.Pace.IsZero() || k.cfg.Flow.Pace.Kind == reliable.PaceTeams {
		return 0
	}
	return max(1, k.store.Slots()/16)
}
