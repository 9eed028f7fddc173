package team

import (
	"net/netip"
	"slices"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// Claim takes a CLAIM of this session, which came from an address. What it names of the frame it
// copies.
func (a *Arbiter) Claim(lease reliable.Time, from netip.AddrPort, f *frame.Frame) {
	c := f.Claim
	if c == nil || len(c.Team) == 0 {
		return
	}
	if a.stats.Claims++; !a.begun {
		a.begun, a.base = true, lease.Add(-1<<dareBits)
	}
	t := a.team(c.Team)
	if c.Share == frame.Watch {
		a.watch(lease, from, t, f)
		return
	}
	leaves := f.Flags&frame.Leaving != 0
	var m *member
	if t != nil {
		m = t.byID[f.Subscriber]
	}
	if m == nil {
		if leaves { // it has left already, or was refused
			t.late(f)
			a.refuse(from, f, 0)
			return
		}
		if t, m = a.join(lease, from, t, f); m == nil {
			return
		}
	} else if !a.own(lease, from, m, f) {
		return
	} else if f.Request <= m.request {
		a.stats.Old++
		return
	}
	if t.forgotten {
		m.request = f.Request
		a.refuse(from, f, frame.NoTeam)
		return
	}
	t.woke(lease)
	t.claim(lease, m, f)
	if leaves {
		t.leave(lease, m)
	}
	t.settle(lease)
	a.sweep(lease)
}

// join makes a member, and a team if there is none, of a subscriber that claims for the first time.
// It returns nil if that is refused.
func (a *Arbiter) join(
	lease reliable.Time, from netip.AddrPort, t *team, f *frame.Frame,
) (*team, *member) {
	c := f.Claim
	if t == nil && len(a.teams) >= a.cfg.MaxTeams {
		a.discard(func(one *team) bool { return true })
	} else if t != nil && t.share != c.Share &&
		a.discard(func(one *team) bool { return one == t }) {
		t = nil
	}
	code := frame.Refusal(0)
	switch {
	case a.cfg.Off:
		code = frame.NoTeams
	case c.Share > frame.ByMessage:
		code = frame.OtherShare
	case t == nil && len(a.teams) >= a.cfg.MaxTeams:
		code = frame.TooMany
	case t == nil:
	case t.forgotten:
		code = frame.NoTeam
	case t.share != c.Share:
		code = frame.OtherShare
	case t.named(f.Name) != nil:
		code = frame.NameTaken
	case len(t.members) >= a.cfg.MaxMembers,
		t.share == frame.ByPartition && len(t.members) >= maxOwners:
		code = frame.TooMany
	}
	if code == 0 && t != nil {
		for _, one := range t.left {
			if one.id == f.Subscriber && f.Request <= one.request {
				a.stats.Old++
				return nil, nil
			}
		}
	}
	if code != 0 {
		t.late(f)
		if len(a.events) < maxEvents/2 { // anybody may claim for ever
			a.events = append(a.events, reliable.TeamEvent{Kind: reliable.TeamRefused,
				Team: string(c.Team), Share: c.Share, Member: string(f.Name), Refused: code})
		}
		a.refuse(from, f, code)
		return nil, nil
	}
	if t == nil {
		t = a.newTeam(lease, string(c.Team), c.Share, c.Oldest)
	} else if len(t.members) == 0 {
		t.settled = lease.Add(max(a.cfg.Settle, 0))
	}
	if c.Oldest && !t.oldest && lease < t.open {
		t.start(true)
		for _, m := range t.members { // that follow the channels from a later place on
			clear(m.told)
			a.push(m)
		}
	}
	m := &member{team: t, id: f.Subscriber, name: string(f.Name), addr: from,
		host: string(c.Host), pid: c.PID, repeat: reliable.Never}
	t.members = append(t.members, m)
	t.byID[m.id] = m
	t.empty = reliable.Never
	return t, m
}

// discard drops one team that counts for nothing and has no members, of those that may go: all that
// is left of it is where it began.
func (a *Arbiter) discard(may func(*team) bool) bool {
	for i, t := range a.teams {
		if !t.counts && len(t.members) == 0 && may(t) {
			a.teams = slices.Delete(a.teams, i, i+1)
			return true
		}
	}
	return false
}

// late takes the word of one that is no member any more, and isn't to be one: what it did counts.
func (t *team) late(f *frame.Frame) {
	if t == nil || t.work == nil {
		return
	}
	for i := range t.left {
		one := &t.left[i]
		if one.id != f.Subscriber || f.Request <= one.request {
			continue
		}
		one.request = f.Request
		t.work.finished(nil, f.Claim.Entries)
	}
}

// named returns the member of a name, or nil.
func (t *team) named(name []byte) *member {
	for _, m := range t.members {
		if m.name == string(name) {
			return m
		}
	}
	return nil
}

// own reports whether a CLAIM comes from its member. If another address has the newest GRANT, and
// the member's own has been quiet, the member has moved there.
func (a *Arbiter) own(
	lease reliable.Time, from netip.AddrPort, m *member, f *frame.Frame,
) bool {
	if m.addr == from {
		return true
	}
	a.stats.Foreign++
	if f.Request <= m.request || f.Flags&frame.Leaving != 0 || !a.young(lease, m, f) {
		return false
	}
	quiet := peer.Intervals * m.team.term() / 4
	moved, _ := m.candidate.Take(lease, from, f.Request, m.heard, quiet)
	if moved {
		a.stats.Moved++
		m.addr, m.proven = from, false
	}
	return moved
}

// young reports whether the newest GRANT that the sender of a CLAIM has is younger than a lease.
func (a *Arbiter) young(lease reliable.Time, m *member, f *frame.Frame) bool {
	now, granted := a.stamp(lease), f.Claim.Granted
	return granted != 0 && granted <= now && now-granted < uint64(m.team.term()) &&
		(m.proven || granted == a.dare(m, granted>>dareBits))
}

// claim takes a member's CLAIM: how far it is, and whether it holds what it does for longer.
func (t *team) claim(lease reliable.Time, m *member, f *frame.Frame) {
	a, c := t.arbiter, f.Claim
	if c.Granted == 0 && m.granted != 0 { // it began anew, and doesn't know what it held
		t.disown(lease, m)
	}
	m.request, m.heard = f.Request, lease
	m.gone = max(m.gone, beyond(lease, t.term()))
	m.room, m.span = min(c.Room, maxRoom), c.Window
	if weight := min(max(c.Weight, 1), maxWeight); weight != m.weight {
		m.weight = weight
		if m.eligible {
			t.changed(lease, a.cfg.Debounce)
		}
	}
	m.shows(lease, c.Granted)
	fresh := a.young(lease, m, f)
	if fresh {
		m.extended, m.lease = f.Request, t.term()
		m.until = max(m.until, beyond(lease, m.lease))
		if m.proven = true; !m.eligible && !m.leaving {
			t.admit(m)
			if t.work != nil && m.passed == nil {
				n := len(t.work.channels)
				m.passed, m.told = make([]uint64, n), make([]uint64, n)
			}
			t.changed(lease, a.cfg.Debounce)
			if t.work != nil && m.room == 0 {
				a.push(m)
			}
		}
	} else {
		a.stats.Stale++
		m.empty = true
	}
	a.queue(m)
	m.granted = max(m.granted, c.Granted)
	if t.work != nil {
		t.work.claim(lease, m, c.Entries)
		t.work.confirm(m, c.Granted)
	} else {
		for i := range c.Entries {
			t.take(lease, m, &c.Entries[i])
		}
	}
	if !fresh {
		return
	}
	for channel := range t.rows {
		r := &t.rows[channel]
		if r.owner == m && (r.state != frame.GiveBack || lease < r.asked.Add(a.cfg.FinishWait)) {
			r.extended, r.until = m.extended, max(r.until, m.until)
		}
		if r.owner == m && r.span > 0 { // a smaller one counts once it was answered, if at all
			if r.span = max(r.span, m.span); m.span == 0 {
				r.span = 0
			}
		}
	}
}

// disown ends all that a member holds, without its word.
func (t *team) disown(lease reliable.Time, m *member) {
	m.granted, m.eligible = 0, false
	if t.work != nil {
		t.work.release(m)
	}
	for channel := range t.rows {
		if r := &t.rows[channel]; r.owner == m {
			t.abandon(uint32(channel), r)
		}
	}
	t.changed(lease, 0)
}

// take takes a member's word of a partition.
func (t *team) take(lease reliable.Time, m *member, e *frame.ClaimEntry) {
	if e.Channel >= uint32(len(t.rows)) {
		return
	}
	r := &t.rows[e.Channel]
	if e.State == frame.Ready {
		r.ready = r.ready || r.target == m && r.owner != m
		return
	}
	if e.Epoch != r.epoch || r.last != m.id || r.owner != nil && r.owner != m {
		return // it was released, or granted to another one
	}
	next := t.advanceTo(e.Channel, r, e)
	handed := min(max(e.Received, r.done), next)
	if r.owner == nil {
		if handed > r.marked && (e.State == frame.Released || e.State == frame.Lapsed) {
			t.mark(r, handed)
		}
		return
	}
	switch e.State {
	case frame.Lapsed: // it may hand out more as orphans
		r.again = lease.Add(t.term() / 4)
		t.abandon(e.Channel, r)
	case frame.Deaf:
		m.deaf = lease.Add(deafTime)
		t.changed(lease, 0)
		fallthrough
	case frame.Released:
		if r.state != frame.GiveBack {
			r.again = lease.Add(t.term() / 4)
		}
		t.mark(r, handed)
		t.end(e.Channel, r)
	}
}

// advanceTo takes the word of what is done of a partition, and returns the offset of its next
// message.
func (t *team) advanceTo(channel uint32, r *row, e *frame.ClaimEntry) (next uint64) {
	a := t.arbiter
	a.moves(channel)
	_, next = a.streams.Next(channel)
	if done := min(e.Done, next); done > r.done {
		r.done = done
	}
	list := append([]nack.Range(nil), r.beyond...)
	for _, one := range e.Ranges {
		if one = one.Clip(r.done, next); one.Len() > 0 {
			list = append(list, one)
		}
	}
	list = nack.Normalize(list)
	for len(list) > 0 && list[0].From <= r.done {
		r.done = max(r.done, list[0].To)
		list = list[1:]
	}
	if more := len(list) - maxBeyond; more > 0 {
		a.stats.Forgotten += uint64(more)
		list = list[:maxBeyond]
	}
	r.beyond = list
	if seq := e.Seq; e.Done == r.done && seq >= r.seq && r.done < next {
		r.seq = min(seq, a.streams.Locate(channel, r.done))
	} else {
		r.seq = a.streams.Locate(channel, r.done)
	}
	return next
}

// leave takes a member's word that it leaves, and hands out nothing more. It is none any more once
// it has said so of all that it holds, which may take several CLAIMs.
func (t *team) leave(lease reliable.Time, m *member) {
	if m.owns > 0 {
		if !m.leaving {
			m.leaving, m.eligible = true, false
			t.changed(lease, 0)
		}
		return
	}
	if m.eligible { // nobody has what it had
		t.changed(lease, 0)
	}
	t.forget(m)
	for i, one := range t.members {
		if one == m {
			t.members = append(t.members[:i], t.members[i+1:]...)
			break
		}
	}
	if m.joined {
		t.tell(reliable.MemberLeft, m)
	}
	t.arbiter.answer(refusal{to: m.addr, subscriber: m.id, request: m.request, team: t.name,
		share: t.share})
	t.emptied(lease)
}
