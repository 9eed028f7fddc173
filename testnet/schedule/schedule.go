// Package schedule orders what is to happen at later times.
package schedule

import "math/bits"

// Event is something that happens at a time.
type Event[T any] struct {
	// At is when, in nanoseconds since the start of the run; never negative.
	At int64
	// Order decides between events at one time: the lowest comes first.
	Order uint64
	// What happens.
	What T
}

// before reports whether e happens before f.
func (e *Event[T]) before(f *Event[T]) bool {
	// Both comparisons as one subtraction with borrow: the branch predictor has
	// nothing to guess.
	_, borrow := bits.Sub64(e.Order, f.Order, 0)
	_, borrow = bits.Sub64(uint64(e.At), uint64(f.At), borrow)
	return borrow != 0
}

// Schedule is what is still to happen: a heap with four children a node, whose
// depth is half that of one with two, and whose children share a cache line or
// two. The zero value is empty.
type Schedule[T any] struct {
	heap  []Event[T]
	order uint64
}

// Len returns how many events are scheduled.
func (s *Schedule[T]) Len() int { return len(s.heap) }

// Next returns the next event, as a view; there must be one.
func (s *Schedule[T]) Next() *Event[T] { return &s.heap[0] }

// Each calls fn for all that is scheduled, in no order that means anything.
func (s *Schedule[T]) Each(fn func(at int64, order uint64, what *T)) {
	for i := range s.heap {
		fn(s.heap[i].At, s.heap[i].Order, &s.heap[i].What)
	}
}

// Order returns the order of the event that was given one last.
func (s *Schedule[T]) Order() uint64 { return s.order }

// Take gives an order to an event that will be inserted later, and returns it.
func (s *Schedule[T]) Take() uint64 {
	s.order++
	return s.order
}

// Push adds an event behind all that are scheduled for its time.
func (s *Schedule[T]) Push(at int64, what T) {
	s.Insert(Event[T]{At: at, Order: s.Take(), What: what})
}

// Insert adds an event whose order was taken.
func (s *Schedule[T]) Insert(e Event[T]) {
	s.heap = append(s.heap, Event[T]{})
	h := s.heap
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
}

// Pop removes the next event; there must be one.
func (s *Schedule[T]) Pop() Event[T] {
	h := s.heap
	first := h[0]
	last := len(h) - 1
	e := h[last]
	h[last] = Event[T]{}
	s.heap = h[:last]
	if last > 0 {
		s.Replace(e)
	}
	return first
}

// Replace puts an event, whose order was taken, in the place of the next; there must
// be one.
func (s *Schedule[T]) Replace(e Event[T]) {
	h := s.heap
	last := len(h)
	i := 0
	for {
		down := 4*i + 1
		if down >= last {
			break
		}
		least := down
		for j := down + 1; j < min(down+4, last); j++ {
			if h[j].before(&h[least]) {
				least = j
			}
		}
		if !h[least].before(&e) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = e
}
