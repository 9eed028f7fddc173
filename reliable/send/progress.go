package send

import (
	"slices"

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
	t.progresses++
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
	t.progresses--
}

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
