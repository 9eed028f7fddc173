package testnet

import "math/bits"

// eventKind says what a scheduled event does.
type eventKind uint8

const (
	eventCall    eventKind = iota // a function that was given to World.At
	eventArrive                   // a packet arrives at a subscriber
	eventHop                      // a packet that goes to many arrives at the next of them
	eventAnswer                   // a packet arrives at a publisher
	eventFan                      // a packet leaves a segment
	eventTimer                    // a node's timer
	eventConsume                  // a slow consumer is done with a message
	eventWritten                  // a publisher's socket has taken a batch
)

// event is something that happens at a time: 32 bytes, and no allocation.
type event struct {
	at    int64  // nanoseconds since the start of the run
	order uint64 // of events at one time, the one scheduled first comes first
	pkt   *packet
	node  uint32 // a publisher's, subscriber's, segment's or call's number
	kind  eventKind
}

// before reports whether e happens before f.
func (e *event) before(f *event) bool {
	// Both comparisons as one subtraction with borrow: the branch predictor has
	// nothing to guess. Times are never negative.
	_, borrow := bits.Sub64(e.order, f.order, 0)
	_, borrow = bits.Sub64(uint64(e.at), uint64(f.at), borrow)
	return borrow != 0
}

// schedule is what is still to happen: a heap with four children a node, whose
// depth is half that of one with two, and whose children share a cache line or
// two.
type schedule struct {
	heap  []event
	order uint64
}

// len returns how many events are scheduled.
func (s *schedule) len() int { return len(s.heap) }

// next returns when the next event happens; there must be one.
func (s *schedule) next() int64 { return s.heap[0].at }

// push adds an event.
func (s *schedule) push(e event) {
	s.order++
	e.order = s.order
	s.insert(e)
}

// insert adds an event whose order is set.
func (s *schedule) insert(e event) {
	s.heap = append(s.heap, event{})
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

// pop removes the next event; there must be one.
func (s *schedule) pop() event {
	h := s.heap
	first := h[0]
	last := len(h) - 1
	e := h[last]
	h[last] = event{}
	s.heap = h[:last]
	if last > 0 {
		s.replace(e)
	}
	return first
}

// replace puts an event, whose order is set, in the place of the next; there must be
// one.
func (s *schedule) replace(e event) {
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
