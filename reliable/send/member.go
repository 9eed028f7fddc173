package send

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// A member is a publisher's record of one subscriber.
type member struct {
	name  string
	room  uint64
	heard reliable.Time
	// said is when it sent its last frame, on this session's clock; 0 if unknown.
	said uint64
	// candidate is another address that speaks for it.
	candidate peer.Candidate
	// patience is how long it may be silent before it is forgotten.
	patience time.Duration
	rtt      nack.RTT
	// Today a session has one stream, and a member its progress in that.
	progress
}

// A progress is a subscriber's position in a stream, and its requests.
type progress struct {
	nack.Asker
	// state says whether its pace counts.
	state reliable.MemberState
	// reported says that it has reported its position; told is when, on this session's
	// clock, or 0 if unknown.
	reported bool
	told     uint64
	// mark is its position at movedAt, when it last made progress.
	mark    uint64
	movedAt reliable.Time
	// log is its word of its log, if it is a recorder.
	log logged
	// caughtUp is the position at which an evicted subscriber is readmitted: one past the
	// frames sent by its eviction. To readmit it as soon as its position is held would be
	// too soon: a slow one would hold up the others again.
	caughtUp uint64

	// askedAt is when it last asked for a frame that is held; 0 means never.
	askedAt reliable.Time
	// askedTo is one past the highest such frame.
	askedTo uint64
}

// members is a publisher's table of subscribers, from their STATUS and NACKs.
type members struct {
	max  int
	byID map[uint64]*member
	// rows is in the order of their first frame.
	rows []*member
	// overflow stands for all subscribers that the table has no row for.
	overflow member
	// refused counts frames from subscribers without a row.
	refused uint64
	// foreign counts frames of a subscriber from an address that is not its own.
	foreign uint64
	// away holds the last maxAway subscribers that were evicted and then fell silent.
	away     []away
	aways    int
	departed departed
	// rtt is the group's round trip.
	rtt     time.Duration
	trips   []time.Duration
	tripDue reliable.Time
}

func newMembers(max int) members {
	return members{max: max, byID: make(map[uint64]*member)}
}

// An away is a subscriber that was evicted, and then forgotten because it fell silent. If
// it comes back, from a suspension for example, it is still evicted.
type away struct{ id, caughtUp uint64 }

// maxAway bounds the subscribers in away.
const maxAway = 64

// hear notes a frame that comes from a subscriber's own address, and returns its row.
func (t *members) hear(now reliable.Time, from netip.AddrPort, f *frame.Frame) *member {
	m := t.byID[f.Subscriber]
	if m == nil {
		if len(t.rows) >= t.max {
			t.refused++
			return &t.overflow // no address: repairs for it go to the group
		}
		t.departed.back(f.Subscriber)
		m = &member{}
		m.ID, m.Addr = f.Subscriber, from
		for _, a := range t.away {
			if a.id == m.ID {
				m.state, m.caughtUp = reliable.Evicted, a.caughtUp
			}
		}
		t.byID[f.Subscriber] = m
		t.rows = append(t.rows, m)
	}
	m.heard = now
	if f.Echo != 0 {
		m.said = max(m.said, peer.Told(f))
	}
	// It reports next after the interval for the group's present size. If the group
	// shrinks, subscribers that don't know yet must not be forgotten.
	m.patience = 5*reliable.StatusEvery(len(t.rows)) + time.Second
	return m
}

// late reports whether a frame comes from a subscriber that has left: it was sent before
// the subscriber left, or says so once more.
func (t *members) late(f *frame.Frame) bool {
	return t.byID[f.Subscriber] == nil && (t.departed.overtaken(f) ||
		f.Kind == frame.Status && f.Flags&frame.Leaving != 0)
}

// sample takes a subscriber's round trip: the time since the publisher's time that it
// echoes, less how long it held that.
func (t *members) sample(m *member, sessionTime uint64, f *frame.Frame) {
	if f.Echo == 0 || f.Echo > sessionTime || uint64(f.Held) > sessionTime-f.Echo {
		return
	}
	m.rtt.Sample(time.Duration(sessionTime-f.Echo) - f.Held)
}

// sweep removes and returns the subscribers that have missed several STATUS.
func (t *members) sweep(now reliable.Time, patience func(*member) time.Duration) (gone []*member) {
	kept := t.rows[:0]
	for _, m := range t.rows {
		if now.Sub(m.heard) > patience(m) {
			delete(t.byID, m.ID)
			gone = append(gone, m)
			if m.state == reliable.Evicted {
				t.leave(away{m.ID, m.caughtUp})
			}
			continue
		}
		kept = append(kept, m)
	}
	clear(t.rows[len(kept):])
	t.rows = kept
	return gone
}

// leave remembers an evicted subscriber that is forgotten.
func (t *members) leave(one away) {
	t.away = slices.DeleteFunc(t.away, func(a away) bool { return a.id == one.id })
	if len(t.away) < maxAway {
		t.away = append(t.away, one)
		return
	}
	t.away[t.aways%maxAway] = one
	t.aways++
}

// remove deletes a subscriber's row, and reports false if it has none.
func (t *members) remove(m *member) bool {
	i := slices.Index(t.rows, m)
	if i < 0 {
		return false
	}
	delete(t.byID, m.ID)
	t.rows = slices.Delete(t.rows, i, i+1)
	return true
}

// reported returns the number of subscribers that have reported their positions.
func (t *members) reported() (n int) {
	for _, m := range t.rows {
		if m.reported {
			n++
		}
	}
	return n
}

const (
	// tripSpread bounds the group's round trip, in medians: the lower one of two, or in a
	// group of two the greater would bound itself. Back-off is in units of the group's
	// round trip, and RFC 5401 takes the greatest. But one subscriber that is far away,
	// or whose host is overloaded, must not slow down the recovery of all. A subscriber
	// that is further away than the bound asks a little too early, and alone.
	tripSpread = 4
	// tripEvery is the least time between two updates of it.
	tripEvery = 10 * time.Millisecond
)

// settle updates the group's round trip: the greatest, but at most four medians.
func (t *members) settle(now reliable.Time) {
	if now < t.tripDue {
		return
	}
	t.tripDue = now.Add(tripEvery)
	t.trips = t.trips[:0]
	for _, m := range t.rows {
		if m.rtt.Known() {
			t.trips = append(t.trips, m.rtt.Smoothed())
		}
	}
	n := len(t.trips)
	if n == 0 {
		t.rtt = 0
		return
	}
	slices.Sort(t.trips)
	t.rtt = min(t.trips[n-1], tripSpread*t.trips[(n-1)/2])
}
