package team

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

const (
	// maxFlight bounds the messages in flight of a team.
	maxFlight = 1 << 16
	// maxRoom bounds those of a member.
	maxRoom = 1024
	// turn is how many messages of a channel are granted before those of the next one.
	turn = 8
	// passedEvery is after how many messages a member is told which ones are others'.
	passedEvery = 256
)

func newWork(t *team, oldest bool) *work {
	streams := t.arbiter.streams
	w := &work{team: t, epoch: t.arbiter.epoch, channels: make([]line, streams.Partitions())}
	for channel := range w.channels {
		c := &w.channels[channel]
		c.seq, c.limit = streams.Sent(uint32(channel))
		if _, c.passed = streams.Next(uint32(channel)); oldest {
			c.seq, c.passed = streams.Oldest(uint32(channel))
		}
		w.backlog += c.limit - min(c.limit, c.passed)
	}
	return w
}

// Published says that messages of a channel were sent: they may be granted.
func (a *Arbiter) Published(lease reliable.Time, channel uint32) {
	for _, t := range a.teams {
		if t.work == nil {
			continue
		}
		w, c := t.work, &t.work.channels[channel]
		_, limit := a.streams.Sent(channel)
		before := max(c.limit, c.passed)
		if c.limit = max(c.limit, limit); c.limit > before {
			w.backlog += c.limit - before
			if before == c.passed {
				c.seq = a.streams.Locate(channel, before)
			}
			w.skip(c)
			a.moves(channel)
			w.assign(lease)
		}
	}
}

// take returns a new item.
func (w *work) take() (i int32) {
	if i = w.free; i != 0 {
		w.free = w.items[i-1].links[inMember].next
	} else {
		w.items = append(w.items, item{})
		i = int32(len(w.items))
	}
	w.used++
	w.items[i-1] = item{}
	return i
}

// assign grants what waits, as far as members have room.
func (w *work) assign(lease reliable.Time) {
	t := w.team
	if lease < max(t.settled, t.held) || t.forgotten {
		return
	}
	w.epoch = max(w.epoch, t.arbiter.firstEpoch())
	for w.waiting.first != 0 {
		m := w.pick(lease)
		if m == nil {
			return
		}
		i := w.waiting.first
		w.drop(&w.waiting, i, inTime)
		w.epoch++
		w.items[i-1].attempt++
		w.repeated(i, m)
		w.give(lease, i, m)
	}
	for w.backlog > 0 {
		if w.used >= maxFlight {
			t.arbiter.stats.Overflowed++
			return
		}
		m := w.pick(lease)
		if m == nil {
			return
		}
		for w.channels[w.at].passed >= w.channels[w.at].limit {
			w.at = (w.at + 1) % len(w.channels)
		}
		c := &w.channels[w.at]
		i := w.take()
		one := &w.items[i-1]
		one.channel, one.offset, one.seq, one.attempt = uint32(w.at), c.passed, c.seq, c.attempt()
		if one.attempt > 1 {
			w.repeated(i, m)
		}
		c.passed++
		w.backlog--
		w.skip(c)
		if c.passed%turn == 0 { // one that has many waits for the others
			w.at = (w.at + 1) % len(w.channels)
		}
		w.assigned++
		c.flight.push(one.offset, i)
		w.give(lease, i, m)
	}
	w.inform()
}

// repeated tells of an item that is granted with an attempt above 1.
func (w *work) repeated(i int32, m *member) {
	one := &w.items[i-1]
	w.redelivered++
	w.team.arbiter.stats.Redelivered++
	w.team.arbiter.tell(w.team, reliable.TeamEvent{Kind: reliable.MessageRedelivered,
		Member: m.name, Partition: one.channel, Epoch: w.epoch, Offset: one.offset,
		Attempt: one.attempt})
}

// give grants an item to a member.
func (w *work) give(lease reliable.Time, i int32, m *member) {
	one := &w.items[i-1]
	one.owner, one.epoch, one.stamp = m, w.epoch, 0
	one.known, one.request = false, m.extended
	one.until = beyond(lease, w.team.arbiter.cfg.WorkTime)
	w.push(&m.mine, i, inMember)
	w.push(&w.lapsing, i, inTime)
	m.outstanding++
	if w.lapsing.first == i {
		w.team.early(one.until)
	}
	w.team.arbiter.push(m)
}

// pick returns the member with room that has the least to do for its weight, or nil.
func (w *work) pick(lease reliable.Time) (best *member) {
	list := w.team.members
	n, at := len(list), 0
	for i := range n {
		k := w.turn + 1 + i
		for k >= n {
			k -= n
		}
		m := list[k]
		if !m.eligible || m.deaf != 0 || m.until <= lease || m.outstanding >= int(m.room) {
			continue
		}
		if best == nil ||
			uint64(m.outstanding)*uint64(best.weight) < uint64(best.outstanding)*uint64(m.weight) {
			best, at = m, k
		}
	}
	if best != nil {
		w.turn = at
	}
	return best
}

// inform has members told what others were granted.
func (w *work) inform() {
	for _, m := range w.team.members {
		if w.assigned-m.informed >= passedEvery && m.eligible {
			w.team.arbiter.queue(m)
		}
	}
}

// loose takes an item from its member.
func (w *work) loose(i int32) {
	one := &w.items[i-1]
	m := one.owner
	w.drop(&m.mine, i, inMember)
	w.drop(&w.lapsing, i, inTime)
	m.outstanding--
	m.passed[one.channel] = max(m.passed[one.channel], one.offset+1)
	one.owner = nil
}

// finish forgets a message that is done, or given up.
func (w *work) finish(i int32) {
	one := &w.items[i-1]
	if one.owner != nil {
		w.loose(i)
	} else {
		w.drop(&w.waiting, i, inTime)
	}
	w.channels[one.channel].flight.drop(one.offset)
	w.team.arbiter.moves(one.channel)
	one.links[inMember].next, w.free = w.free, i
	w.used--
	w.ended++
}

// again has a message granted once more, or gives it up.
func (w *work) again(i int32) {
	t, one := w.team, &w.items[i-1]
	name := one.owner.name
	if one.attempt >= uint32(t.arbiter.cfg.Attempts) {
		w.givenUp++
		t.arbiter.stats.GivenUp++
		t.arbiter.tell(t, reliable.TeamEvent{Kind: reliable.MessageGivenUp, Member: name,
			Partition: one.channel, Epoch: one.epoch, Offset: one.offset, Attempt: one.attempt})
		w.finish(i)
		return
	}
	w.loose(i)
	one.seq = t.arbiter.streams.Locate(one.channel, one.offset) // its next member has passed it
	one.retried = true
	w.push(&w.waiting, i, inTime)
}

// release has all that a member works on granted again.
func (w *work) release(m *member) {
	for m.mine.first != 0 {
		w.again(m.mine.first)
	}
}

// lapse has what members have worked on for too long granted again, and returns when the next is.
func (w *work) lapse(lease reliable.Time) {
	for i := w.lapsing.first; i != 0 && w.items[i-1].until <= lease; i = w.lapsing.first {
		w.again(i)
	}
}

// due returns when the time for a message ends next.
func (w *work) due() reliable.Time {
	if i := w.lapsing.first; i != 0 {
		return w.items[i-1].until
	}
	return reliable.Never
}

// maxSteps bounds the places in flight that one CLAIM has looked at. An honest one tells of what
// its member has in hand.
const maxSteps = 8 * maxRoom

// claim takes a member's word of its messages.
func (w *work) claim(lease reliable.Time, m *member, list []frame.ClaimEntry) {
	m.done += w.finished(m, list)
	steps, deaf := maxSteps, false
	for k := range list {
		e := &list[k]
		if e.Channel >= uint32(len(w.channels)) {
			continue
		}
		deaf = deaf || e.State == frame.Deaf
		f := &w.channels[e.Channel].flight
		for _, r := range e.Freed {
			at := f.find(r.From)
			for i, ok := f.at(at, r.To); ok && steps > 0; i, ok = f.at(at, r.To) {
				if at, steps = at+1, steps-1; i != 0 && w.items[i-1].owner == m {
					w.again(i)
				}
			}
		}
		for _, r := range e.Working {
			at := f.find(r.From)
			for i, ok := f.at(at, r.To); ok && steps > 0; i, ok = f.at(at, r.To) {
				if at, steps = at+1, steps-1; i != 0 && w.items[i-1].owner == m {
					w.works(lease, m, i)
				}
			}
		}
	}
	if deaf {
		w.deafen(lease, m, list)
	}
}

// works takes a member's word that it works on an item: it is told that it has it.
func (w *work) works(lease reliable.Time, m *member, i int32) {
	one := &w.items[i-1]
	w.prolong(lease, i)
	one.known = one.known || one.stamp != 0 && one.stamp <= m.granted
	one.stamp = 0
	w.drop(&m.mine, i, inMember)
	w.push(&m.mine, i, inMember)
}

// deafen takes a member's word that it hears nothing of channels.
func (w *work) deafen(lease reliable.Time, m *member, list []frame.ClaimEntry) {
	var deaf [frame.MaxChannels]bool
	for k := range list {
		if e := &list[k]; e.State == frame.Deaf && e.Channel < frame.MaxChannels {
			deaf[e.Channel] = true
		}
	}
	for i, next := m.mine.first, int32(0); i != 0; i = next {
		one := &w.items[i-1]
		if next = one.links[inMember].next; deaf[one.channel] {
			w.again(i)
		}
	}
	m.deaf = lease.Add(deafTime)
	w.team.changed(lease, 0)
}

// finished takes the word of messages that are done, though another member may have them by now,
// and returns how many there were.
func (w *work) finished(m *member, list []frame.ClaimEntry) (n uint64) {
	steps := maxSteps
	for k := range list {
		e := &list[k]
		if e.Channel >= uint32(len(w.channels)) {
			continue
		}
		f := &w.channels[e.Channel].flight
		for _, r := range e.Ranges {
			at := f.find(r.From)
			for i, ok := f.at(at, r.To); ok && steps > 0; i, ok = f.at(at, r.To) {
				at, steps = at+1, steps-1
				if i == 0 {
					continue
				}
				if one := &w.items[i-1]; one.retried || m != nil && one.owner == m {
					n++
					w.finish(i)
				}
			}
		}
	}
	return n
}

// confirm notes what a member has shown that it knows.
func (w *work) confirm(m *member, granted uint64) {
	m.granted = max(m.granted, granted)
	for i := m.mine.first; i != 0; i = w.items[i-1].links[inMember].next {
		one := &w.items[i-1]
		if one.stamp == 0 || one.stamp > m.granted {
			return // as those behind it
		}
		m.passed[one.channel] = max(m.passed[one.channel], one.offset+1)
	}
}

// fullEvery returns how often a member is told all that it holds.
func (w *work) fullEvery() time.Duration { return w.team.term() / 8 }
