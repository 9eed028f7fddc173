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
	id   uint64
	addr netip.AddrPort
	// host is the address at which it was first heard.
	host *host
	// named is the number of its progresses.
	named int
	// feeds are the addresses from which it is heard on each feed, as far as they are known.
	feeds [maxFeeds]netip.AddrPort
	name  string
	room  uint64
	// heard is when it was last heard.
	heard reliable.Time
	// said is when it sent its last frame, on this session's clock; 0 if unknown.
	said uint64
	// candidate is another address that speaks for it.
	candidate peer.Candidate
	// patience is how long it may be silent before it is forgotten.
	patience time.Duration
	rtt      nack.RTT
	// spoke says that it has reported a position.
	spoke bool
	// streams has its progress by channel, nil in those that it has not named.
	streams []*progress
}

// own reports whether a subscriber is heard from an address on a feed.
func (m *member) own(from netip.AddrPort, feed int) bool { return m.feeds[feed] == from }

// move gives the subscriber another address on a feed. What it asks for goes there.
func (m *member) move(to netip.AddrPort, feed int) {
	m.addr, m.feeds[feed] = to, to
	for _, p := range m.streams {
		if p != nil {
			p.Addr = to
		}
	}
}

// A host is an address that subscribers are at.
type host struct {
	addr netip.Addr
	// members is the number of its subscribers, and progresses that of theirs in all streams.
	members, progresses int
}

// members is a publisher's table of subscribers, from their STATUS and NACKs.
type members struct {
	max  int
	byID map[uint64]*member
	// rows is in the order of their first frame.
	rows []*member
	// overflow stands for all subscribers that the table has no row for.
	overflow member
	// progresses is the number of the rows' progresses, in all streams, and most bounds it.
	progresses, most int
	hosts            map[netip.Addr]*host
	// full says until when a host with as many progresses as mine gets no more: so that the
	// table is looked through at most a thousand times a second in vain.
	full struct {
		until reliable.Time
		mine  int
	}
	// crowded says the same of rows: a host with as many as mine gets no more.
	crowded struct {
		until reliable.Time
		mine  int
	}
	// refused counts frames from subscribers without a row.
	refused uint64
	// foreign counts frames of a subscriber from an address that is not its own.
	foreign  uint64
	departed departed
	// rtt is the group's round trip.
	rtt     time.Duration
	trips   []time.Duration
	tripDue reliable.Time
}

// perMember bounds the progresses of all subscribers, in those that MaxMembers have in one
// stream each.
const perMember = 16

func newMembers(max int) members {
	return members{max: max, most: perMember * max, byID: make(map[uint64]*member),
		hosts: make(map[netip.Addr]*host)}
}

// hear notes a frame that comes from a subscriber's own address, and returns its row.
func (t *members) hear(now reliable.Time, from netip.AddrPort, f *frame.Frame) *member {
	m := t.byID[f.Subscriber]
	if m == nil {
		if len(t.rows) >= t.max {
			t.refused++
			return &t.overflow // no address: repairs for it go to the group
		}
		t.departed.back(f.Subscriber)
		m = &member{id: f.Subscriber, host: t.host(from.Addr())}
		m.move(from, feedOf(f))
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

// host returns the row of an address, which has one more subscriber.
func (t *members) host(a netip.Addr) *host {
	h := t.hosts[a]
	if h == nil {
		h = &host{addr: a}
		t.hosts[a] = h
	}
	h.members++
	return h
}

// leave takes a subscriber away from its host.
func (t *members) leave(h *host) {
	if h.members--; h.members == 0 {
		delete(t.hosts, h.addr)
	}
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
			delete(t.byID, m.id)
			t.leave(m.host)
			gone = append(gone, m)
			continue
		}
		kept = append(kept, m)
	}
	clear(t.rows[len(kept):])
	t.rows = kept
	return gone
}

// remove deletes a subscriber's row, and reports false if it has none.
func (t *members) remove(m *member) bool {
	i := slices.Index(t.rows, m)
	if i < 0 {
		return false
	}
	delete(t.byID, m.id)
	t.leave(m.host)
	t.rows = slices.Delete(t.rows, i, i+1)
	return true
}

// reported returns the number of subscribers that have reported a position.
func (t *members) reported() (n int) {
	for _, m := range t.rows {
		if m.spoke {
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
