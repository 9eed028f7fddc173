package subscriber

import (
	"context"
	"errors"
	"iter"
)

var (
	// ErrClosed is why Messages ends once the Subscriber is closed and all is taken.
	ErrClosed = errors.New("the subscriber is closed, and all that it received is taken")
	// ErrHandler is why Messages ends at once where Config.Handler is set.
	ErrHandler = errors.New("Messages has nothing to give, since a Handler takes the events: use one of the two")
	// ErrRanging is why a range over Messages ends at once while there is another.
	ErrRanging = errors.New("two ranges over Messages at once: use one, or a Subscriber for each")
)

// Messages returns the events as they come, until ctx ends, or Close was called
// and all has been taken. The range runs on the caller's goroutine; what it
// doesn't take waits in the Subscriber's buffer. An event's payload is valid
// until the next step. A range can be left and taken up again, by another
// goroutine too, but there is one at a time: a second one, or one beside a
// Handler, ends at once and is logged as a mistake. [Subscriber.Err] says why a
// range ended.
func (s *Subscriber) Messages(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		switch {
		case s.cfg.Handler != nil:
			s.refuse(ErrHandler)
		case !s.ranging.CompareAndSwap(false, true):
			s.refuse(ErrRanging)
		default:
			defer s.ranging.Store(false)
			s.ended.Store(&rangeEnd{s.run(ctx, yield)})
		}
	}
}

// rangeEnd is why a range over Messages ended.
type rangeEnd struct{ err error }

// Err says why the last range over Messages ended. It returns the cause of its context's
// end; ErrClosed once the Subscriber is closed and all is taken, with ErrGoexit where
// that is why it closed itself; ErrHandler or ErrRanging where the range was a mistake; and
// nil if the loop was left, or none has ended.
func (s *Subscriber) Err() error {
	if end := s.ended.Load(); end != nil {
		return end.err
	}
	return nil
}

// refuse ends a range that was a mistake.
func (s *Subscriber) refuse(why error) {
	s.ended.Store(&rangeEnd{why})
	s.cfg.Logger.Error("crier: " + why.Error())
}

// run hands out events until it returns why there are no more, or nil where yield
// wants none.
func (s *Subscriber) run(ctx context.Context, yield func(Event) bool) error {
	for ctx.Err() == nil {
		if s.next == s.have && !s.refill() {
			return s.closedWhy()
		}
		if s.next == s.have {
			select {
			case <-s.more:
			case <-ctx.Done():
			}
			continue
		}
		if !yield(s.step()) {
			return nil
		}
	}
	return context.Cause(ctx)
}

// closedWhy returns ErrClosed, and why the Subscriber closed itself, if it did.
func (s *Subscriber) closedWhy() error {
	s.loop.Lock()
	defer s.loop.Unlock()
	if s.failed != nil {
		return errors.Join(ErrClosed, s.failed)
	}
	return ErrClosed
}

// step returns the next message, or other event, of those that were taken.
func (s *Subscriber) step() Event {
	run := &s.events[s.next]
	if !s.begun {
		s.log.note(&run.Event)
		if run.Kind == Message {
			s.pending.Add(-int64(run.Len()))
		}
	}
	ev := run.Event
	if s.begun = run.Next(); !s.begun {
		s.next++
	}
	return ev
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
			pending += ev.Len()
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
