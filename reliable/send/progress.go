package send

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
)

// A progress is a subscriber's position in a stream, and its requests.
type progress struct {
	*member
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

// An audience holds the subscribers of one stream: those that have named its channel.
type audience struct {
	channel uint32
	// rows is in the order in which they first named it.
	rows []*progress
	// overflow stands for all subscribers without a row.
	overflow progress
	// away holds the last maxAway subscribers that were evicted and then fell silent.
	away  []away
	aways int
}

// An away is a subscriber that was evicted, and then forgotten because it fell silent. If
// it comes back, from a suspension for example, it is still evicted.
type away struct{ id, caughtUp uint64 }

// maxAway bounds the subscribers in away.
const maxAway = 64

// of returns the progress of one of the table's subscribers, who names the stream.
func (a *audience) of(t *members, m *member, channels int) *progress {
	if m == &t.overflow {
		return &a.overflow
	}
	if m.streams == nil {
		m.streams = make([]*progress, channels)
	}
	p := m.streams[a.channel]
	if p != nil {
		return p
	}
	if t.progresses >= t.most {
		t.refused++
		return &a.overflow
	}
	t.count(m, 1)
	p = &progress{member: m}
	p.ID, p.Addr = m.id, m.addr
	for _, one := range a.away {
		if one.id == p.ID {
			p.state, p.caughtUp = reliable.Evicted, one.caughtUp
		}
	}
	m.streams[a.channel] = p
	a.rows = append(a.rows, p)
	return p
}

// remove forgets a subscriber that has left or is no longer heard.
func (a *audience) remove(t *members, p *progress) {
	a.rows = slices.DeleteFunc(a.rows, func(o *progress) bool { return o == p })
	p.streams[a.channel] = nil
	t.count(p.member, -1)
}

// count notes that a subscriber has so many more progresses.
func (t *members) count(m *member, n int) {
	t.progresses += n
	m.named += n
	m.host.progresses += n
}

// fullTime is for how long a host that got no further progress gets none, at no such cost.
const fullTime = time.Millisecond

// place returns a subscriber's progress in the stream, which it names. At the bound, one of the
// host that has most progresses makes room, if that keeps as many as the subscriber's has then.
// Whoever can send to the publisher can make up subscribers, but not addresses.
func (st *Stream) place(now reliable.Time, m *member) *progress {
	s := st.session
	t := &s.members
	if m != &t.overflow && t.progresses >= t.most &&
		(m.streams == nil || m.streams[st.channel] == nil) {
		if p := t.victim(now, m.host); p != nil {
			from := s.streams[p.channel()]
			from.gone(p, false)
			from.pace.refloor(now)
			from.regroup()
			s.schedule.touch(from)
		}
	}
	return st.audience.of(t, m, len(s.streams))
}

// victim returns the progress that makes room for one of a host, or nil: the last of the
// subscriber that has most, at the host that has most.
func (t *members) victim(now reliable.Time, to *host) *progress {
	if now < t.full.until && to.progresses >= t.full.mine {
		return nil
	}
	var most *member
	for _, m := range t.rows {
		if m.named > 0 && (most == nil || m.host.progresses > most.host.progresses ||
			m.host == most.host && m.named >= most.named) {
			most = m
		}
	}
	if most == nil || to.progresses+1 >= most.host.progresses {
		t.full.until, t.full.mine = now.Add(fullTime), to.progresses
		return nil
	}
	i := len(most.streams) - 1
	for most.streams[i] == nil {
		i--
	}
	return most.streams[i]
}

// makeRow makes room in a full table for a subscriber at an address that is new: the last one at
// the address that has most rows goes, if that keeps as many as the newcomer's has then.
func (s *Sender) makeRow(now reliable.Time, at netip.Addr) {
	t := &s.members
	if len(t.rows) < t.max {
		return
	}
	mine := 0
	if h := t.hosts[at]; h != nil {
		mine = h.members
	}
	if now < t.crowded.until && mine >= t.crowded.mine {
		return
	}
	most := t.rows[0]
	for _, m := range t.rows[1:] {
		if m.host.members > most.host.members || m.host == most.host {
			most = m
		}
	}
	if mine+1 >= most.host.members {
		t.crowded.until, t.crowded.mine = now.Add(fullTime), mine
		return
	}
	t.remove(most)
	s.gone(most, false)
	s.refloor(now)
}

// channel returns the channel of the stream that the progress is in.
func (p *progress) channel() int { return slices.Index(p.streams, p) }

// leave remembers an evicted subscriber that is forgotten.
func (a *audience) leave(p *progress) {
	one := away{p.ID, p.caughtUp}
	a.away = slices.DeleteFunc(a.away, func(o away) bool { return o.id == one.id })
	if len(a.away) < maxAway {
		a.away = append(a.away, one)
		return
	}
	a.away[a.aways%maxAway] = one
	a.aways++
}
