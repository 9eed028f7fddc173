package nack

// queue is what waits to be repeated. Each asker's frames are served in the order
// in which it asked; askers take turns, so that none starves behind another. The
// frames are linked through the Responder's marks: what can be held can wait, and
// no asker takes another's room.
type queue struct {
	marks       marks
	first, last *Asker // the ring of those that wait; first has its turn
	askers      int
	frames      uint64 // of all askers
}

// turn is how many frames an asker is given before the next has its turn: enough
// for the datagrams of one offloaded send to one destination.
const turn = 16

// push appends the frame of mark at-1 to what waits for its asker. It must not
// wait yet.
func (q *queue) push(at int32) {
	m := q.marks.at(at - 1)
	a := m.asker
	m.queued, m.before, m.after = true, a.last, 0
	if a.last != 0 {
		q.marks.at(a.last - 1).after = at
	} else {
		a.first = at
		q.join(a)
	}
	a.last = at
	a.queued++
	q.frames++
}

// remove takes the frame of mark at-1, which must wait, out of the queue, and
// reports whether nothing of its asker's waits any more.
func (q *queue) remove(at int32) bool {
	m := q.marks.at(at - 1)
	a := m.asker
	if m.before != 0 {
		q.marks.at(m.before - 1).after = m.after
	} else {
		a.first = m.after
	}
	if m.after != 0 {
		q.marks.at(m.after - 1).before = m.before
	} else {
		a.last = m.before
	}
	m.queued, m.before, m.after = false, 0, 0
	a.queued--
	q.frames--
	if a.queued > 0 {
		return false
	}
	q.leave(a)
	return true
}

// join lets a wait for its turn, behind all others.
func (q *queue) join(a *Asker) {
	a.prev, a.next = q.last, nil
	if q.last == nil {
		q.first = a
	} else {
		q.last.next = a
	}
	q.last = a
	q.askers++
}

// leave takes a out of the ring.
func (q *queue) leave(a *Asker) {
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		q.first = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	} else {
		q.last = a.prev
	}
	a.prev, a.next, a.served = nil, nil, 0
	q.askers--
}

// rotate gives the turn to the next asker.
func (q *queue) rotate() {
	a := q.first
	q.leave(a)
	q.join(a)
}
