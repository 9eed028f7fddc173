package team

import (
	"crier/nack"
	"crier/reliable"
)

// work is the state of a team that shares by message: the messages that members work on.
type work struct {
	team     *team
	channels []line
	// items are the messages in flight, and free the first of those that are none, linked by next.
	items []item
	free  int32
	used  int // in flight
	// lapsing has those that are granted, the one whose time ends first at its head, and waiting
	// those that are to be granted again.
	lapsing, waiting list
	// backlog is the number of messages that may be granted for the first time, and at the
	// channel that is next for it. assigned counts those that were.
	backlog  uint64
	at       int
	assigned uint64
	// epoch is that of the newest grant.
	epoch uint64
	// turn is the member that was given something last.
	turn                 int
	givenUp, redelivered uint64
	// ended counts messages that were done, or given up.
	ended uint64
}

// A line is a channel of a team that shares by message.
type line struct {
	flight flight
	// All messages below passed were granted once at least, or were done before; those below
	// limit may be.
	passed, limit uint64
	// seq is a frame in which the message at passed starts, or an earlier one.
	seq uint64
	// Messages below marked may have been handed out in an earlier session, and are granted with
	// attempt first. done are those from passed on that were done then.
	marked uint64
	first  uint32
	done   []nack.Range
}

// An item is a message in flight.
type item struct {
	channel uint32
	attempt uint32
	offset  uint64
	seq     uint64
	epoch   uint64
	// owner is the member that works on it, or nil, and until the end of its time.
	owner *member
	until reliable.Time
	// retried says that it was granted before.
	retried bool
	// known says that its owner has said that it works on it.
	known bool
	// request is the newest CLAIM that a GRANT which listed it answered.
	request uint64
	// stamp is that of the first GRANT that had it.
	stamp uint64
	// links are its places in the lists: of its member, and of lapsing or waiting.
	links [2]link
}

const (
	inMember = iota
	inTime
)

// A link is an item's place in a list; 0 is none, and other numbers are one more than an index.
type link struct{ next, prev int32 }

// A list is a list of items, linked by one of their links.
type list struct{ first, last int32 }

// prolong has the time of an item that is granted begin now. A member counts it from an earlier
// time on, the sending of a CLAIM, and to an earlier one, without the sixteenth.
func (w *work) prolong(lease reliable.Time, i int32) {
	w.drop(&w.lapsing, i, inTime)
	w.items[i-1].until = beyond(lease, w.team.arbiter.cfg.WorkTime)
	w.push(&w.lapsing, i, inTime)
}

// push adds an item to the end of a list.
func (w *work) push(l *list, i int32, by int) {
	w.items[i-1].links[by] = link{prev: l.last}
	if l.last == 0 {
		l.first = i
	} else {
		w.items[l.last-1].links[by].next = i
	}
	l.last = i
}

// drop takes an item out of a list.
func (w *work) drop(l *list, i int32, by int) {
	at := w.items[i-1].links[by]
	if at.prev == 0 {
		l.first = at.next
	} else {
		w.items[at.prev-1].links[by].next = at.next
	}
	if at.next == 0 {
		l.last = at.prev
	} else {
		w.items[at.next-1].links[by].prev = at.prev
	}
}

// floor returns the offset below which all is done.
func (c *line) floor(w *work) uint64 {
	if i := c.flight.first(); i != 0 {
		return w.items[i-1].offset
	}
	return c.passed
}

// beyond returns what is done beyond the floor, as pairs.
func (w *work) beyond(channel uint32) (list []uint64) {
	c := &w.channels[channel]
	at := c.floor(w)
	for _, one := range c.flight.list[c.flight.head:] {
		if one.item == 0 {
			continue
		}
		if len(list) == 2*maxRanges {
			return list
		}
		if one.offset > at {
			list = append(list, at, one.offset)
		}
		at = one.offset + 1
	}
	if at < c.passed && c.flight.live > 0 && len(list) < 2*maxRanges {
		list = append(list, at, c.passed)
	}
	for _, r := range c.done {
		if len(list) < 2*maxRanges {
			list = append(list, r.From, r.To)
		}
	}
	return list
}

// attempt returns the attempt with which the message at passed is granted first.
func (c *line) attempt() uint32 {
	if c.passed < c.marked {
		return c.first
	}
	return 1
}

// skip passes what was done in an earlier session.
func (w *work) skip(c *line) {
	for len(c.done) > 0 && c.done[0].From <= c.passed {
		to := min(c.done[0].To, c.limit)
		if to > c.passed {
			w.backlog -= to - c.passed
			c.passed = to
		}
		if c.done[0].To > c.passed {
			return
		}
		c.done = c.done[1:]
	}
}

// restore takes a partition's position. All that the session has from there on may have been
// handed out since it was saved, so it is marked.
func (w *work) restore(p *reliable.TeamPosition, old, next uint64) {
	c := &w.channels[p.Partition]
	w.epoch = max(w.epoch, p.Epoch+1)
	w.backlog -= c.limit - min(c.limit, c.passed)
	c.passed = min(max(p.Offset, old), next)
	c.seq = w.team.arbiter.streams.Locate(p.Partition, c.passed)
	w.backlog += c.limit - min(c.limit, c.passed)
	c.marked, c.done = next, restored(p.Beyond, c.passed, next, maxRanges)
	c.first = max(2, min(p.Attempt+1, uint32(w.team.arbiter.cfg.Attempts)))
	w.skip(c)
}

// maxRanges bounds the ranges of a position.
const maxRanges = 1024
