package nack

// Class is why a frame waits for its repair: each class has a budget of its own.
type Class uint8

const (
	// Recent: it was sent lately, and lost on the way.
	Recent Class = iota
	// Behind: it was sent a while ago; its asker is behind, and catches up.
	Behind
	classes
)

// queue is what waits to be repeated. Each asker's frames of a class are served in the
// order in which it asked; askers take turns, so that none starves behind another. The
// frames are linked through the Responder's marks: what can be held can wait, and
// no asker takes another's room.
type queue struct {
	marks marks
	lines [classes]line
}

// line is the askers of which something waits in one class.
type line struct {
	first, last *Asker // first has its turn
	askers      int
	frames      uint64 // of all askers
	budget      bucket // in bytes
}

// entry is an asker's place in a line.
type entry struct {
	first, last int32  // its frames' marks, as indices plus one; 0 for none
	queued      uint64 // frames that wait for their repair
	served      int    // frames of this turn
	prev, next  *Asker // whose turns come before and after
}

func newQueue(cfg ResponderConfig) queue {
	q := queue{marks: newMarks(cfg.Frames)}
	for class := range q.lines {
		q.lines[class].budget = bucket{rate: cfg.Floor, burst: cfg.Burst, tokens: cfg.Burst}
	}
	return q
}

// turn is how many frames an asker is given before the next has its turn: enough
// for the datagrams of one offloaded send to one destination.
const quantum = 16

// push appends the frame of mark at-1 to what waits for its asker in a class. It must
// not wait yet.
func (q *queue) push(at int32, class Class) {
	m := q.marks.at(at - 1)
	p := &m.asker.in[class]
	m.queued, m.class, m.before, m.after = true, class, p.last, 0
	if p.last != 0 {
		q.marks.at(p.last - 1).after = at
	} else {
		p.first = at
		q.lines[class].join(m.asker, class)
	}
	p.last = at
	p.queued++
	q.lines[class].frames++
}

// remove takes the frame of mark at-1, which must wait, out of the queue, and
// reports whether nothing of its asker's waits in its class any more.
func (q *queue) remove(at int32) bool {
	m := q.marks.at(at - 1)
	p := &m.asker.in[m.class]
	if m.before != 0 {
		q.marks.at(m.before - 1).after = m.after
	} else {
		p.first = m.after
	}
	if m.after != 0 {
		q.marks.at(m.after - 1).before = m.before
	} else {
		p.last = m.before
	}
	m.queued, m.before, m.after = false, 0, 0
	p.queued--
	l := &q.lines[m.class]
	l.frames--
	if p.queued > 0 {
		return false
	}
	l.leave(m.asker, m.class)
	return true
}

// join lets a wait for its turn, behind all others.
func (l *line) join(a *Asker, class Class) {
	p := &a.in[class]
	p.prev, p.next = l.last, nil
	if l.last == nil {
		l.first = a
	} else {
		l.last.in[class].next = a
	}
	l.last = a
	l.askers++
}

// leave takes a out of the line.
func (l *line) leave(a *Asker, class Class) {
	p := &a.in[class]
	if p.prev != nil {
		p.prev.in[class].next = p.next
	} else {
		l.first = p.next
	}
	if p.next != nil {
		p.next.in[class].prev = p.prev
	} else {
		l.last = p.prev
	}
	p.prev, p.next, p.served = nil, nil, 0
	l.askers--
}

// rotate gives the turn to the next asker.
func (l *line) rotate(class Class) {
	a := l.first
	l.leave(a, class)
	l.join(a, class)
}
