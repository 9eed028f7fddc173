package send

import (
	"crier/reliable"
	"crier/reliable/journal"
)

// A queue of a schedule, or none.
type queue uint8

const (
	// resting: nothing is to be done before the stream's deadline.
	resting queue = iota
	// ready: there may be something to send.
	ready
	// gathering: there is data, which doesn't fill a batch, and nothing else.
	gathering
	// limited: there is data, or there are repairs, which wait for the rate limit.
	limited
	// repairing: repairs wait for their budget. They may go somewhat before the deadline.
	repairing
	queues
)

// A schedule knows which streams have something to do, and when, so that the cost of a call
// doesn't grow with their number. Whatever changes a stream touches it.
type schedule struct {
	// lines are the queues, but for resting.
	lines [queues]lineup
	// counts are their lengths, for resting too.
	counts [queues]int
	// heap has all streams, the one with the earliest deadline first.
	heap []*Stream
	// dirty are the streams whose deadlines may have changed.
	dirty []*Stream
	// full is the number of streams with a full batch, and frames that of the full frames that
	// wait in all, as far as it was noted.
	full   int
	frames uint64
	// disk are the streams that may have a job for the disk.
	disk []*Stream
	// waits counts the times that a stream began to wait for the rate limit.
	waits uint64
}

// A lineup is a list of streams, linked by their slots.
type lineup struct{ first, last *Stream }

// A slot is a stream's place in the schedule.
type slot struct {
	queue      queue
	prev, next *Stream
	// due is its deadline when that was last determined; it is at this place of the heap.
	due   reliable.Time
	place int
	// frames is its part of the schedule's.
	frames uint64
	// waits is its place among those that wait for the rate limit, until it has something of
	// it; 0: it doesn't wait.
	waits uint64
	// dirty says that the deadline may have changed. listed, full and disk say that the stream
	// is among the schedule's dirty, full and disk.
	dirty, listed, full, disk bool
}

func newSchedule(streams []*Stream) schedule {
	c := schedule{heap: append([]*Stream(nil), streams...)}
	c.counts[resting] = len(streams)
	for i, st := range streams {
		st.slot = slot{due: reliable.Never, place: i}
		c.touch(st)
	}
	return c
}

// touch notes that something about a stream has changed.
func (c *schedule) touch(st *Stream) {
	c.mark(st)
	c.refill(st)
	c.store(st)
	if st.slot.queue != ready {
		c.move(st, ready)
	}
}

// store notes that a stream may have a job for the disk.
func (c *schedule) store(st *Stream) {
	if !st.slot.disk && st.store.HasDisk() {
		st.slot.disk = true
		c.disk = append(c.disk, st)
	}
}

// published notes that a stream has a message more. If its data gathered, it goes on to, until
// it fills a batch.
func (c *schedule) published(st *Stream) {
	switch st.slot.queue {
	case gathering:
		if c.refill(st); !st.slot.full {
			c.store(st)
			return
		}
	case limited:
		c.refill(st)
		c.store(st)
		return
	}
	c.touch(st)
}

// mark notes that a stream's deadline may have changed.
func (c *schedule) mark(st *Stream) {
	if st.slot.dirty {
		return
	}
	if st.slot.dirty = true; !st.slot.listed {
		st.slot.listed = true
		c.dirty = append(c.dirty, st)
	}
}

// refill notes how many frames of a stream wait, and whether they are a full batch.
func (c *schedule) refill(st *Stream) {
	waiting := st.store.Next() - st.store.Sent()
	c.frames += waiting - st.slot.frames
	st.slot.frames = waiting
	switch full := st.fullBatch(); {
	case full == st.slot.full:
	case full:
		st.slot.full = true
		c.full++
	default:
		st.slot.full = false
		c.full--
	}
}

// wake makes a stream whose deadline has come ready, and returns it; nil if there is none.
func (c *schedule) wake(now reliable.Time) *Stream {
	st := c.heap[0]
	if st.slot.due > now {
		return nil
	}
	st.slot.due = reliable.Never
	c.sink(0)
	c.touch(st)
	return st
}

// deadline returns the earliest deadline of a stream.
func (c *schedule) deadline(now reliable.Time) reliable.Time {
	for _, st := range c.dirty {
		if st.slot.listed = false; st.slot.dirty {
			c.settle(now, st)
		}
	}
	c.dirty = c.dirty[:0]
	return c.heap[0].slot.due
}

// settle determines a stream's deadline.
func (c *schedule) settle(now reliable.Time, st *Stream) {
	st.slot.dirty = false
	if at := st.deadline(now); at != st.slot.due {
		st.slot.due = at
		c.sink(c.rise(st.slot.place))
	}
}

// rise moves a stream towards the front of the heap, and returns its place.
func (c *schedule) rise(i int) int {
	for i > 0 {
		up := (i - 1) / 2
		if c.heap[up].slot.due <= c.heap[i].slot.due {
			break
		}
		c.swap(i, up)
		i = up
	}
	return i
}

// sink moves a stream towards the end of the heap.
func (c *schedule) sink(i int) {
	for {
		down := 2*i + 1
		if down+1 < len(c.heap) && c.heap[down+1].slot.due < c.heap[down].slot.due {
			down++
		}
		if down >= len(c.heap) || c.heap[i].slot.due <= c.heap[down].slot.due {
			return
		}
		c.swap(i, down)
		i = down
	}
}

func (c *schedule) swap(i, j int) {
	c.heap[i], c.heap[j] = c.heap[j], c.heap[i]
	c.heap[i].slot.place, c.heap[j].slot.place = i, j
}

// move puts a stream at the end of a queue, or where it was among those that wait for the rate
// limit.
func (c *schedule) move(st *Stream, to queue) {
	from := st.slot.queue
	c.counts[from]--
	c.counts[to]++
	if from != resting {
		l := &c.lines[from]
		if st.slot.prev == nil {
			l.first = st.slot.next
		} else {
			st.slot.prev.slot.next = st.slot.next
		}
		if st.slot.next == nil {
			l.last = st.slot.prev
		} else {
			st.slot.next.slot.prev = st.slot.prev
		}
		st.slot.prev, st.slot.next = nil, nil
	}
	switch st.slot.queue = to; to {
	case resting, gathering, repairing:
		st.slot.waits = 0
	case limited:
		if st.slot.waits == 0 {
			c.waits++
			st.slot.waits = c.waits
		}
	}
	if to == resting {
		return
	}
	l := &c.lines[to]
	before := l.last
	if to == limited { // a stream that was touched meanwhile has kept its place
		for before != nil && before.slot.waits > st.slot.waits {
			before = before.slot.prev
		}
	}
	l.insert(st, before)
}

// insert puts a stream behind another one, or first if that is nil.
func (l *lineup) insert(st, before *Stream) {
	after := l.first
	if before != nil {
		after = before.slot.next
		before.slot.next = st
	} else {
		l.first = st
	}
	if after != nil {
		after.slot.prev = st
	} else {
		l.last = st
	}
	st.slot.prev, st.slot.next = before, after
}

// gathered makes the streams ready whose data gathers.
func (c *schedule) gathered() {
	for st := c.lines[gathering].first; st != nil; st = c.lines[gathering].first {
		c.move(st, ready)
	}
}

// next returns the stream whose turn it is, or nil. Those that have waited for the rate limit come
// first, lest those that publish most have all that it allows.
func (c *schedule) next(now reliable.Time) *Stream {
	if st := c.lines[limited].first; st != nil && st.limit.Room(now) > 0 {
		return st
	}
	return c.lines[ready].first
}

// pass gives the turn to the next stream: this one has sent something.
func (c *schedule) pass(st *Stream) {
	if c.mark(st); c.lines[ready].last != st {
		c.move(st, ready)
	}
}

// rest puts a stream that has nothing to send for now where it belongs.
func (c *schedule) rest(now reliable.Time, st *Stream, all bool) {
	c.refill(st)
	switch {
	case !st.Pending() && st.repairer.Idle():
		c.move(st, resting)
	case st.limit.Bounds() && st.limit.Room(now) == 0 &&
		(st.Pending() || st.repairer.Deadline(now) <= now):
		c.move(st, limited)
	case !st.Pending():
		c.move(st, repairing)
	case !all:
		c.move(st, gathering)
	case !st.repairer.Idle():
		c.move(st, repairing)
	default:
		c.move(st, resting)
	}
	c.settle(now, st)
}

// job returns a stream's job for the disk.
func (c *schedule) job() (*Stream, *journal.Job, bool) {
	for len(c.disk) > 0 {
		st := c.disk[0]
		copy(c.disk, c.disk[1:])
		if job, ok := st.NextDisk(); ok {
			c.disk[len(c.disk)-1] = st // the others come first
			return st, job, true
		}
		st.slot.disk = false
		c.disk = c.disk[:len(c.disk)-1]
	}
	return nil, nil, false
}
