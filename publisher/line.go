package publisher

import "slices"

// line is the queue of the goroutines that wait for room, first come, first served.
// Without it, a goroutine that needs much room would wait for as long as others need
// little. The loop's lock guards it.
type line []*waiter

// waiter is a place in the line.
type waiter struct {
	// turn tells the first waiter that there may be room.
	turn chan struct{}
}

// free reports whether w is first. A nil w has no place yet, and is first in an empty line.
func (l *line) free(w *waiter) bool { return len(*l) == 0 || (*l)[0] == w }

// join appends a waiter and returns it.
func (l *line) join() *waiter {
	w := &waiter{turn: make(chan struct{}, 1)}
	*l = append(*l, w)
	return w
}

// wake makes the first waiter try again.
func (l *line) wake() {
	if len(*l) > 0 {
		select {
		case (*l)[0].turn <- struct{}{}:
		default: // it was told, and has yet to try
		}
	}
}

// leave removes w, unless it is nil, and lets the next waiter try.
func (l *line) leave(w *waiter) {
	if w != nil {
		*l = slices.DeleteFunc(*l, func(o *waiter) bool { return o == w })
		l.wake()
	}
}
