package team

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// floor returns the offset of a channel below which the team has done all, and a frame in which
// that message starts, or an earlier one.
func (t *team) floor(channel uint32) (seq, offset uint64) {
	if t.work != nil {
		c := &t.work.channels[channel]
		offset = c.floor(t.work)
		return t.arbiter.streams.Locate(channel, offset), offset
	}
	r := &t.rows[channel]
	return r.seq, r.done
}

// Floor returns the offset of a channel below which all teams have done all, and false if there
// is no team.
func (a *Arbiter) Floor(channel uint32) (offset uint64, ok bool) {
	offset = ^uint64(0)
	for _, t := range a.teams {
		if t.counts && !t.forgotten {
			_, done := t.floor(channel)
			offset, ok = min(offset, done), true
		}
	}
	return offset, ok
}

// Stalled says that a team has held up the publisher of a channel for too long. A member that has
// made no progress for that time gives back what it holds, if there is another one.
func (a *Arbiter) Stalled(lease reliable.Time, channel uint32, name string) {
	t := a.team([]byte(name))
	if t == nil || t.share != frame.ByPartition {
		return // there is the time for a message
	}
	m := t.rows[channel].owner
	if m == nil || m.deaf != 0 || len(t.members) < 2 {
		return
	}
	a.stats.Stalled++
	m.deaf = lease.Add(deafTime)
	t.changed(lease, 0)
	t.settle(lease)
	a.sweep(lease)
}

// Has reports whether a subscriber is a member of a team, and has shown that it hears GRANTs.
func (a *Arbiter) Has(subscriber uint64) bool {
	for _, t := range a.teams {
		if m := t.byID[subscriber]; m != nil && m.joined {
			return true
		}
	}
	return false
}

// Part returns the team that a subscriber is a member of, and the number of messages that it has
// yet to do: of the partitions that it holds, or those that it was granted by message. One that
// left lately has nothing to do.
func (a *Arbiter) Part(subscriber uint64) (team string, left uint64, ok bool) {
	for _, t := range a.teams {
		m := t.byID[subscriber]
		if m == nil || !m.joined {
			for _, one := range t.left {
				if one.id == subscriber {
					team, ok = t.name, true
				}
			}
			continue
		}
		left = uint64(m.outstanding)
		for channel := range t.rows {
			if r := &t.rows[channel]; r.owner == m {
				_, newest := a.streams.Next(uint32(channel))
				left += newest - min(newest, r.done)
			}
		}
		return t.name, left, true
	}
	return team, 0, ok
}

// Teams returns the number of teams that had a member which has shown that it hears GRANTs, or were
// restored. Others count for nothing.
func (a *Arbiter) Teams() (n int) {
	for _, t := range a.teams {
		if t.counts {
			n++
		}
	}
	return n
}

// Floors calls a function for each team with the frame in which its floor in a channel starts, or
// an earlier one, and a number that grows with what is done there.
func (a *Arbiter) Floors(channel uint32, each func(team string, seq, done uint64)) {
	for _, t := range a.teams {
		if t.counts && !t.forgotten {
			seq, done := t.floor(channel)
			if t.work != nil {
				done = t.work.ended
			}
			each(t.name, seq, done)
		}
	}
}

// Patience returns how long a team may be without anything that it has done, though it works: the
// time for a message, where work is shared so, and that until another member has what a dead one
// had.
func (a *Arbiter) Patience(name string) time.Duration {
	t := a.team([]byte(name))
	if t == nil || len(t.members) == 0 {
		return 0
	}
	d := t.term() + t.term()/2
	if t.work != nil {
		d = max(d, a.cfg.WorkTime)
	}
	return d
}

// A State is what is known of a team.
type State struct {
	Team  string
	Share frame.Share
	// Lease is for how long its members hold what they are granted.
	Lease time.Duration
	// Members and Spare are the numbers of its members, and of those that hold nothing.
	Members, Spare int
	// Empty is since when there has been no member, by the lease clock; Never while there is one.
	Empty reliable.Time
	// Done is the number of messages below which all is done, summed over all partitions, and Lag
	// that of the messages behind those.
	Done, Lag uint64
	// Outstanding is the number of messages that members work on, where work is shared by message.
	Outstanding int
	// GivenUp counts messages that were granted as often as they may be, and Redelivered those
	// that were granted with an attempt above 1, each time.
	GivenUp, Redelivered uint64
}

// States returns what is known of the teams, in the order of their first CLAIM.
func (a *Arbiter) States() []State {
	list := make([]State, 0, len(a.teams))
	for _, t := range a.teams {
		if !t.counts {
			continue
		}
		s := State{Team: t.name, Share: t.share, Lease: t.term(), Members: len(t.members),
			Empty: t.empty, Redelivered: t.redelivered}
		for _, m := range t.members {
			s.Outstanding += m.outstanding
			if m.owns == 0 && m.outstanding == 0 {
				s.Spare++
			}
		}
		for channel := range uint32(a.streams.Partitions()) {
			_, newest := a.streams.Next(channel)
			_, done := t.floor(channel)
			s.Done += min(newest, done)
			s.Lag += newest - min(newest, done)
		}
		if t.work != nil {
			s.GivenUp, s.Redelivered = t.work.givenUp, t.work.redelivered
		}
		list = append(list, s)
	}
	return list
}

// Forget has a team forgotten, as soon as its members hold nothing any more. It reports false if
// there is no such team.
func (a *Arbiter) Forget(lease reliable.Time, name string) bool {
	t := a.team([]byte(name))
	if t == nil {
		return false
	}
	t.dismiss(lease)
	a.sweep(lease)
	return true
}

// Positions returns how far the teams are, for a publisher that starts again. Those of teams that
// were restored, and that nobody has claimed for since, are among them.
func (a *Arbiter) Positions() (list []reliable.TeamPosition) {
	for _, t := range a.teams {
		if t.forgotten || !t.counts {
			continue
		}
		for channel := range uint32(a.streams.Partitions()) {
			p := reliable.TeamPosition{Team: t.name, Share: t.share, Topic: a.session.Topic,
				Publisher: a.session.Publisher, Session: reliable.SessionID(a.session.ID),
				Partition: channel}
			p.Seq, p.Offset = t.floor(channel)
			if t.work != nil {
				c := &t.work.channels[channel]
				p.Epoch, p.Attempt, p.Granted = t.work.epoch, 1, max(c.passed, c.marked)
				if p.Offset < c.marked {
					p.Attempt = c.first
				}
				p.Beyond = t.work.beyond(channel)
			} else {
				r := &t.rows[channel]
				p.Epoch, p.Attempt, p.Granted = r.epoch, r.attempt, r.marked
				if r.owner != nil {
					_, p.Granted = a.streams.Next(channel)
				}
				p.Beyond = flat(r.beyond)
			}
			list = append(list, p)
		}
	}
	return list
}

func flat(list []nack.Range) (flat []uint64) {
	for _, r := range list {
		flat = append(flat, r.From, r.To)
	}
	return flat
}

// Restore makes the teams known that an earlier session of this publisher had. It must come before
// the first CLAIM. Offsets that the session has go on where they were: it continues that one.
// All others begin with the first message of the session.
func (a *Arbiter) Restore(lease reliable.Time, list []reliable.TeamPosition) {
	for i := range list {
		p := &list[i]
		if p.Team == "" || p.Share != frame.ByPartition && p.Share != frame.ByMessage ||
			int64(p.Partition) >= int64(a.streams.Partitions()) {
			continue
		}
		t := a.team([]byte(p.Team))
		if t == nil {
			if len(a.teams) >= a.cfg.MaxTeams {
				a.stats.Refused++
				continue
			}
			t = a.newTeam(lease, p.Team, p.Share, true)
			t.settled, t.open = 0, 0 // from the first member on
			t.count()
		}
		if t.share == p.Share {
			t.restore(p)
		}
	}
	for _, t := range a.teams {
		if t.back > 0 {
			a.tell(t, reliable.TeamEvent{Kind: reliable.ClockBack, Epoch: t.back})
		}
	}
	a.sweep(lease)
}

// restore takes a partition's position.
func (t *team) restore(p *reliable.TeamPosition) {
	a := t.arbiter
	a.moves(p.Partition)
	if p.Epoch >= a.firstEpoch() {
		t.back = max(t.back, p.Epoch)
	}
	oldSeq, old := a.streams.Oldest(p.Partition)
	_, next := a.streams.Next(p.Partition)
	if t.work != nil {
		t.work.restore(p, old, next)
		return
	}
	r := &t.rows[p.Partition]
	r.epoch = p.Epoch
	if r.seq, r.done = oldSeq, old; p.Offset > old && p.Offset <= next {
		r.done = p.Offset
		r.seq = a.streams.Locate(p.Partition, r.done)
	}
	if r.beyond = restored(p.Beyond, r.done, next, maxBeyond); len(r.beyond) > 0 &&
		r.beyond[0].From == r.done {
		r.done, r.beyond = r.beyond[0].To, r.beyond[1:]
		r.seq = a.streams.Locate(p.Partition, r.done)
	}
	if r.marked = next; r.marked > r.done { // all of that may have been handed out since
		r.attempt = min(max(p.Attempt, 1), maxAttempts) + 1
	}
}

// restored returns what was done from an offset on, up to next, in so many ranges at most.
func restored(beyond []uint64, at, next uint64, most int) (list []nack.Range) {
	for i := 0; i+1 < len(beyond) && len(list) < most; i += 2 {
		one := nack.Range{From: beyond[i], To: beyond[i+1]}.Clip(at, next)
		if n := len(list); one.Len() > 0 && (n == 0 || one.From > list[n-1].To) {
			list = append(list, one)
		}
	}
	return list
}

// firstEpoch returns the first epoch of the session.
func (a *Arbiter) firstEpoch() uint64 {
	return max(1, uint64(max(a.session.Wall, 0))/uint64(time.Millisecond))
}
