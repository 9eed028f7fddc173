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

// member is a publisher's row for one subscriber.
type member struct {
	nack.Asker
	name      string
	room      uint64
	heard     reliable.Time
	said      uint64         // when it said its last word, on this session's clock; 0 if unknown
	candidate peer.Candidate // another address
	patience  time.Duration  // how long it may be quiet
	rtt       nack.RTT

	// Its pace; see stall.go.
	state    reliable.MemberState
	reported bool   // position means something
	told     uint64 // when it said so, on this session's clock; 0 if unknown
	mark     uint64 // where it was at movedAt, when it last made progress
	movedAt  reliable.Time
	// caughtUp is where one that was left out counts again: what was sent by then. As soon as
	// its position is held would be too soon: one that crawls would hold the others again.
	caughtUp uint64

	askedAt reliable.Time // when it last asked for something that is held; 0: never
	askedTo uint64        // below which all that was lies
}

// members is a publisher's table of subscribers, from their STATUS and NACKs.
type members struct {
	max      int
	byID     map[uint64]*member
	rows     []*member // in the order of their first word
	overflow member    // stands for all that the table has no row for
	refused  uint64    // frames from subscribers without a row
	foreign  uint64    // frames of a subscriber from another address than its own
	away     []away    // the last maxAway that were left out and not heard any more
	aways    int
	departed departed
	rtt      time.Duration // of the group
	trips    []time.Duration
	tripDue  reliable.Time
}

func newMembers(max int) members {
	return members{max: max, byID: make(map[uint64]*member)}
}

// away is a subscriber that was left out of the count, and then forgotten since it
// was not heard. If it comes back, suspended as it was, it is still left out.
type away struct{ id, caughtUp uint64 }

// maxAway bounds those that are remembered.
const maxAway = 64

// hear notes a subscriber's word, which comes from its own address, and returns its row.
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
				m.state, m.caughtUp = reliable.LeftOut, a.caughtUp
			}
		}
		t.byID[f.Subscriber] = m
		t.rows = append(t.rows, m)
	}
	m.heard = now
	if f.Echo != 0 {
		m.said = max(m.said, peer.Told(f))
	}
	// It says its next word after the time that the group's size of now gives; a
	// group that shrinks must not forget those who don't know yet.
	m.patience = 5*reliable.StatusEvery(len(t.rows)) + time.Second
	return m
}

// sample takes a round trip of one subscriber's: the time since the publisher's
// time that it echoes, less how long it held it.
func (t *members) sample(m *member, sessionTime uint64, f *frame.Frame) {
	if f.Echo == 0 || f.Echo > sessionTime || uint64(f.Held) > sessionTime-f.Echo {
		return
	}
	m.rtt.Sample(time.Duration(sessionTime-f.Echo) - f.Held)
}

// sweep forgets subscribers that have missed several STATUS, and returns them.
func (t *members) sweep(now reliable.Time, patience func(*member) time.Duration) (gone []*member) {
	kept := t.rows[:0]
	for _, m := range t.rows {
		if now.Sub(m.heard) > patience(m) {
			delete(t.byID, m.ID)
			gone = append(gone, m)
			if m.state == reliable.LeftOut {
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

// leave remembers one that is left out and forgotten.
func (t *members) leave(one away) {
	t.away = slices.DeleteFunc(t.away, func(a away) bool { return a.id == one.id })
	if len(t.away) < maxAway {
		t.away = append(t.away, one)
		return
	}
	t.away[t.aways%maxAway] = one
	t.aways++
}

// remove forgets one subscriber, and reports false if it has no row.
func (t *members) remove(m *member) bool {
	i := slices.Index(t.rows, m)
	if i < 0 {
		return false
	}
	delete(t.byID, m.ID)
	t.rows = slices.Delete(t.rows, i, i+1)
	return true
}

// reported returns how many subscribers have said where they are.
func (t *members) reported() (n int) {
	for _, m := range t.rows {
		if m.reported {
			n++
		}
	}
	return n
}
