package nack

// run is a run of frames that waits to be repeated.
type run struct {
	Range
	request uint64
	next    int32 // the asker's next run, or the next unused one, as an index plus one
}

// queue is what waits to be repeated. Each asker's runs are served in the order
// in which it asked; askers take turns, so that none starves behind another.
type queue struct {
	runs        []run
	unused      int32  // as an index plus one; 0 if all are in use
	first, last *Asker // the ring of those that wait; first has its turn
	askers      int
	count       int    // runs
	frames      uint64 // in all runs
}

// turn is how many frames an asker is given before the next has its turn: enough
// for the datagrams of one offloaded send to one destination.
const turn = 16

func newQueue(runs int) queue {
	q := queue{runs: make([]run, runs), unused: 1}
	for i := range q.runs[:runs-1] {
		q.runs[i].next = int32(i) + 2
	}
	return q
}

// push appends one frame to what waits for a, with the run before it where they
// touch, and reports false if there is no room.
func (q *queue) push(a *Asker, request, seq uint64) bool {
	if a.last != 0 {
		tail := &q.runs[a.last-1]
		if tail.request == request && tail.To == seq {
			tail.To++
			q.grow(a)
			return true
		}
	}
	at := q.unused
	if at == 0 {
		return false
	}
	q.unused = q.runs[at-1].next
	q.runs[at-1] = run{Range: Range{seq, seq + 1}, request: request}
	q.count++
	if a.last != 0 {
		q.runs[a.last-1].next = at
	} else {
		a.first, a.served = at, 0
		q.join(a)
	}
	a.last = at
	q.grow(a)
	return true
}

func (q *queue) grow(a *Asker) {
	a.queued++
	q.frames++
}

// join lets a wait for its turn, behind all others.
func (q *queue) join(a *Asker) {
	if q.last == nil {
		q.first = a
	} else {
		q.last.next = a
	}
	q.last, a.next = a, nil
	q.askers++
}

// leave ends the turn of the first asker.
func (q *queue) leave() *Asker {
	a := q.first
	if q.first = a.next; q.first == nil {
		q.last = nil
	}
	a.next, a.served = nil, 0
	q.askers--
	return a
}

// rotate gives the turn to the next asker.
func (q *queue) rotate() { q.join(q.leave()) }

// head returns the run whose turn it is. There must be one.
func (q *queue) head() *run { return &q.runs[q.first.first-1] }

// drop removes n frames from the front of that run, and reports whether nothing
// of its asker's waits any more.
func (q *queue) drop(n uint64) bool {
	a, r := q.first, q.head()
	r.From += n
	a.queued -= n
	q.frames -= n
	if r.Len() > 0 {
		return false
	}
	at := a.first
	a.first = r.next
	r.next, q.unused = q.unused, at
	q.count--
	if a.first != 0 {
		return false
	}
	a.last = 0
	q.leave()
	return true
}
