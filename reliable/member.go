package reliable

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// member is a publisher's row for one subscriber.
type member struct {
	nack.Asker
	name     string
	position uint64
	room     uint64
	heard    Time
	patience time.Duration // how long it may be quiet
	rtt      nack.RTT
}

// members is a publisher's table of subscribers, from their STATUS and NACKs.
type members struct {
	max      int
	byID     map[uint64]*member
	rows     []*member     // in the order of their first word
	overflow member        // stands for all that the table has no row for
	refused  uint64        // frames from subscribers without a row
	rtt      time.Duration // of the group
	trips    []time.Duration
	tripDue  Time
}

func newMembers(max int) members {
	return members{max: max, byID: make(map[uint64]*member)}
}

// hear notes a subscriber's word and returns its row.
func (t *members) hear(now Time, from netip.AddrPort, f *frame.Frame) *member {
	m := t.byID[f.Subscriber]
	if m == nil {
		if len(t.rows) >= t.max {
			t.refused++
			return &t.overflow // no address: repairs for it go to the group
		}
		m = &member{}
		m.ID = f.Subscriber
		t.byID[f.Subscriber] = m
		t.rows = append(t.rows, m)
	}
	m.Addr, m.heard = from, now
	// It says its next word after the time that the group's size of now gives; a
	// group that shrinks must not forget those who don't know yet.
	m.patience = 5*statusEvery(len(t.rows)) + time.Second
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

// statusEvery returns how often each of n subscribers sends a STATUS.
func statusEvery(n int) time.Duration {
	return max(statusMin, time.Duration(n)*time.Second/statusPerSecond)
}

// sweep forgets subscribers that have missed several STATUS.
func (t *members) sweep(now Time) {
	kept := t.rows[:0]
	for _, m := range t.rows {
		if now.Sub(m.heard) > m.patience {
			delete(t.byID, m.ID)
			continue
		}
		kept = append(kept, m)
	}
	clear(t.rows[len(kept):])
	t.rows = kept
}

// Member is one subscriber as a publisher knows it.
type Member struct {
	ID       uint64
	Name     string
	Addr     netip.AddrPort
	Position uint64        // the sequence number that it delivers next
	Room     uint64        // bytes that it can still hold
	Heard    Time          // its last word
	RTT      time.Duration // 0 if unknown
	Asked    uint64        // frames that it asked for
	Gone     uint64        // of these, no longer held
	Refused  uint64        // of these, not served since too many were waiting
}

func (t *members) list() []Member {
	list := make([]Member, 0, len(t.rows))
	for _, m := range t.rows {
		row := Member{
			ID: m.ID, Name: m.name, Addr: m.Addr, Position: m.position, Room: m.room,
			Heard: m.heard, Asked: m.Asked, Gone: m.Gone, Refused: m.Refused,
		}
		if m.rtt.Known() {
			row.RTT = m.rtt.Smoothed()
		}
		list = append(list, row)
	}
	return list
}
