package subscriber

import (
	"context"
	"iter"
)

// Messages returns the events as they come, until ctx ends, or Close was called
// and all has been taken. The range runs on the caller's goroutine; what it
// doesn't take waits in the Subscriber's buffer. An event's payload is valid
// until the next step. A range can be left and taken up again, by another
// goroutine too, but there is one at a time: a second one, or one beside a
// Handler, ends at once and is logged as a mistake.
func (s *Subscriber) Messages(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		if s.cfg.Handler != nil {
			s.cfg.Logger.Error("crier: Messages has nothing to give, since a Handler takes the events; use one of the two")
			return
		}
		if !s.ranging.CompareAndSwap(false, true) {
			s.cfg.Logger.Error("crier: two ranges over Messages at once; use one, or a Subscriber for each")
			return
		}
		defer s.ranging.Store(false)
		for ctx.Err() == nil {
			if s.next == s.have && !s.refill() {
				return
			}
			if s.next == s.have {
				select {
				case <-s.more:
				case <-ctx.Done():
				}
				continue
			}
			if !yield(s.step()) {
				return
			}
		}
	}
}

// step returns the next message, or other event, of those that were taken.
func (s *Subscriber) step() Event {
	ev, from := &s.event, &s.events[s.next]
	if s.filled {
		ev.Offset, ev.Payload = from.Offset, from.Payload
	} else {
		s.fill(ev, from)
		s.log.note(ev)
		if ev.Kind == Message {
			s.pending.Add(-int64(from.Run()))
		}
	}
	if s.filled = from.Next(); !s.filled {
		s.next++
	}
	return *ev
}

// refill takes the next events, all before having been handed out. It reports
// false at the end.
func (s *Subscriber) refill() bool {
	s.loop.Lock()
	s.next, s.have = 0, s.receiver.Poll(s.events[:])
	s.idle = s.have == 0
	pending := 0
	for i := range s.events[:s.have] {
		if ev := &s.events[i]; ev.Kind == Message {
			pending += ev.Run()
		}
	}
	s.pending.Store(int64(pending))
	s.watchLag()
	ok := s.have > 0 || !s.closed
	sum, due := s.log.due(s.start, s.loop.Now)
	s.loop.Settle() // taking events may have made room to ask for more
	if due {
		s.log.tell(&sum)
	}
	return ok
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
