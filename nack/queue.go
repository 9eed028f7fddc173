package nack

// A Class is the reason why a frame waits for its repair. Each class has its own budget.
type Class uint8

const (
	// Recent means that the frame was sent lately, and lost on the way.
	Recent Class = iota
	// Behind means that the frame was sent a while ago: its asker is behind, and catches
	// up.
	Behind
	classes
)

// A queue holds the frames that wait to be repeated. An asker's frames of a class are
// served in the order of its requests. Askers are served round robin, a quantum each, so
// that none starves behind another. The frames are linked through the marks: every frame
// that can be held can wait, and no asker takes room from another.
type queue struct {
	marks marks
	lines [classes]line
}

// A line is the queue of one class: the askers that wait in it.
type line struct {
	// first is the asker whose turn it is.
	first, last *Asker
	askers      int
	// frames counts the waiting frames of all askers.
	frames uint64
}

// An entry is an asker's place in a line.
type entry struct {
	// first and last are the marks of its frames, as indices plus one; 0 means none.
	first, last int32
	// queued counts its frames that wait for their repair.
	queued uint64
	// served counts the frames of the current turn.
	served int
	// prev and next are the askers whose turns come before and after.
	prev, next *Asker
}

func newQueue(frames int) queue { return queue{marks: newMarks(frames)} }

// quantum is the number of frames that an asker is served in one turn: enough for the
// datagrams of one offloaded send to one destination.
const quantum = 16

// push appends the frame of mark at-1 to its asker's entry in a class. The frame must not
// be queued.
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

// remove takes the frame of mark at-1, which must be queued, out of the queue. It reports
// whether its asker's entry in the class is now empty.
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

// join puts a at the end of the line.
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

// rotate passes the turn to the next asker.
func (l *line) rotate(class Class) {
	a := l.first
	l.leave(a, class)
	l.join(a, class)
}
