package team

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

const (
	// maxRows and maxListed bound the rows and members in one TEAM, and maxLong the members where
	// a name is long, so that it fits into a datagram.
	maxRows, maxListed, maxLong = 28, 12, 3
	longName                    = 40
)

// A watch is a CLAIM of a tool, which is answered by TEAM, in parts.
type watch struct {
	to                  netip.AddrPort
	subscriber, request uint64
	team                string
	part, parts         uint32
	// each is the number of members in a part.
	each int
	// forgot says that the team was forgotten for it.
	forgot bool
}

// watch takes a CLAIM that watches, or asks to forget the team: if that has no members, it is.
func (a *Arbiter) watch(lease reliable.Time, from netip.AddrPort, t *team, f *frame.Frame) {
	forgot := f.Claim.Forget && t != nil && len(t.members) == 0
	if forgot {
		t.dismiss(lease)
		a.sweep(lease)
		t = nil
	}
	if len(a.watches) >= maxAnswers {
		a.stats.Unanswered++
		return
	}
	w := watch{to: from, subscriber: f.Subscriber, request: f.Request, team: string(f.Claim.Team),
		parts: 1, each: maxListed, forgot: forgot}
	if t != nil {
		w.each, w.parts = t.parts()
	}
	a.watches = append(a.watches, w)
}

// Unanswered counts a CLAIM that isn't answered.
func (a *Arbiter) Unanswered() { a.stats.Unanswered++ }

// parts returns the number of members in one TEAM, and that of all TEAMs about the team.
func (t *team) parts() (each int, parts uint32) {
	each = maxListed
	for _, m := range t.members {
		if len(m.name) > longName {
			each = maxLong
		}
	}
	members, rows := (len(t.members)+each-1)/each, 0
	if rows = t.arbiter.streams.Partitions(); t.share != frame.ByPartition && t.work != nil {
		rows = len(t.work.channels)
	}
	return each, uint32(max(members, (rows+maxRows-1)/maxRows, 1))
}

// Answers returns the number of TEAMs that answer a CLAIM that watches: each has a datagram.
func (a *Arbiter) Answers(f *frame.Frame) int {
	if t := a.team(f.Claim.Team); t != nil {
		_, parts := t.parts()
		return int(parts)
	}
	return 1
}

// dismiss has a team end as soon as no member holds anything.
func (t *team) dismiss(lease reliable.Time) {
	t.forgotten = true
	t.arbiter.movesAll()
	for _, m := range t.members {
		m.eligible = false
	}
	t.changed(lease, 0)
	t.settle(lease)
}

// nextTeam returns the next TEAM.
func (a *Arbiter) nextTeam(lease reliable.Time) (to netip.AddrPort, f *frame.Frame, ok bool) {
	if len(a.watches) == 0 {
		return to, nil, false
	}
	w := a.watches[0]
	b := &frame.TeamBody{Team: []byte(w.team), Part: w.part, Parts: w.parts}
	if t := a.team(b.Team); w.forgot {
		b.Parts = 1
	} else if a.cfg.Off {
		b.Refused, b.Parts = frame.NoTeams, 1
	} else if t == nil || t.forgotten {
		b.Refused, b.Parts = frame.NoTeam, 1
	} else {
		t.describe(lease, b, int(w.part), w.each)
	}
	if w.part++; w.part < b.Parts {
		a.watches[0] = w
	} else {
		a.watches = a.watches[:copy(a.watches, a.watches[1:])]
	}
	a.frame = frame.Frame{Kind: frame.Team, Session: a.session.ID, Subscriber: w.subscriber,
		Request: w.request, Team: b}
	return w.to, &a.frame, true
}

// describe fills a part of the answer about a team.
func (t *team) describe(lease reliable.Time, b *frame.TeamBody, part, each int) {
	b.Share, b.Lease = t.share, t.term()
	b.Redelivered = t.redelivered
	if t.work != nil {
		b.GivenUp, b.Redelivered = t.work.givenUp, t.work.redelivered
	}
	for i := part * each; i < min((part+1)*each, len(t.members)); i++ {
		m := t.members[i]
		b.Members = append(b.Members, frame.TeamMember{Name: []byte(m.name), Subscriber: m.id,
			Address: m.addr, Index: uint32(i), Weight: m.weight, Room: m.room,
			Outstanding: uint32(m.outstanding), Done: m.done, Age: max(0, lease.Sub(m.heard))})
	}
	partitions := t.arbiter.streams.Partitions()
	for channel := part * maxRows; channel < min((part+1)*maxRows, partitions); channel++ {
		b.Rows = append(b.Rows, t.row(uint32(channel)))
	}
}

// row describes a partition.
func (t *team) row(channel uint32) frame.TeamRow {
	_, newest := t.arbiter.streams.Next(channel)
	one := frame.TeamRow{Channel: channel, Newest: newest, Attempt: 1}
	if t.work != nil {
		one.Epoch = t.work.epoch
		one.Done = t.work.channels[channel].floor(t.work)
		return one
	}
	r := &t.rows[channel]
	one.Epoch, one.Done, one.State = r.epoch, r.done, r.state
	if r.done < r.marked {
		one.Attempt = r.attempt
	}
	for i, m := range t.members {
		if r.owner == m {
			one.Owner = uint32(i + 1)
		}
	}
	return one
}
