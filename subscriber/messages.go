package subscriber

import (
	"context"
	"iter"
)

// Messages returns the events as they come, until ctx ends, or Close was called
// and all has been taken. The range runs on the caller's goroutine; what it
// doesn't take waits in the Subscriber's buffer. An event's payload is valid
// until the next step. It must not be used together with a Handler, nor by two
// goroutines at once; it can be left and taken up again.
func (s *Subscriber) Messages(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			if ctx.Err() != nil {
				return
			}
			more, ok := s.refill()
			if !ok {
				return
			}
			if !more {
				select {
				case <-s.more:
				case <-ctx.Done():
				}
				continue
			}
			for s.next < s.have {
				ev := s.event(&s.events[s.next])
				s.next++
				s.log.note(&ev)
				if !yield(ev) {
					return
				}
				if ctx.Err() != nil {
					return
				}
			}
		}
	}
}

// refill takes the next events where all have been handed out. It reports
// whether there are some, and false at the end.
func (s *Subscriber) refill() (more, ok bool) {
	if s.next < s.have {
		return true, true
	}
	s.loop.Lock()
	s.next, s.have = 0, s.receiver.Poll(s.events[:])
	s.idle = s.have == 0
	ok = s.have > 0 || !s.closed
	s.loop.Settle() // taking events may have made room to ask for more
	return s.have > 0, ok
}

// news tells Messages that there may be more.
func (s *Subscriber) news() {
	if s.idle {
		s.wake()
	}
}

func (s *Subscriber) wake() {
	s.idle = false
	select {
	case s.more <- struct{}{}:
	default:
	}
}
