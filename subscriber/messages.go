package subscriber

import (
	"context"
	"errors"
	"iter"
)

var (
	// ErrClosed ends a range over Messages once the Subscriber is closed and all events
	// are taken.
	ErrClosed = errors.New("the Subscriber is closed, and all its events are taken")
	// ErrHandler ends a range over Messages at once if Config.Handler is set.
	ErrHandler = errors.New(
		"Messages has no events, since a Handler takes them: use one of the two")
	// ErrRanging ends a range over Messages at once during another range.
	ErrRanging = errors.New("two ranges over Messages at once: use one, or a Subscriber for each")
)

// Messages returns an iterator over the events as they come. It ends when ctx ends, or once
// the Subscriber is closed and all events are taken. The range runs on the caller's
// goroutine. Events wait in the Subscriber's buffer until they are taken. An event's payload
// is valid until the next step.
//
// A caller may leave a range and start another one, also on another goroutine. Only one
// range may run at a time. A second one, or one besides a Handler, ends at once and is
// logged as a mistake. [Subscriber.Err] returns the reason for the end of a range.
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

// rangeEnd is the reason for the end of a range over Messages.
type rangeEnd struct{ err error }

// Err returns the reason for the end of the last range over Messages:
//
//   - the cause of its context's end;
//   - ErrClosed once the Subscriber is closed and all events are taken, joined with
//     ErrGoexit if the Subscriber closed itself for that reason, and with the error of the
//     last Save of positions if there was one;
//   - ErrHandler or ErrRanging if the range was a mistake;
//   - nil if the loop was left, or no range has ended.
func (s *Subscriber) Err() error {
	if end := s.ended.Load(); end != nil {
		return end.err
	}
	return nil
}

// refuse records and logs that a range was a mistake.
func (s *Subscriber) refuse(why error) {
	s.ended.Store(&rangeEnd{why})
	s.cfg.Logger.Error("crier: " + why.Error())
}

// run yields events. It returns the reason for the end, or nil if yield returned false.
func (s *Subscriber) run(ctx context.Context, yield func(Event) bool) error {
	if s.team != nil {
		defer s.team.leaveRange()
	}
	for ctx.Err() == nil {
		if s.team != nil && s.team.repeats() {
			if !s.team.give(yield) {
				return nil
			}
			continue
		}
		if s.next == s.have && !s.refill() {
			why := s.closedWhy()
			if err := s.places.flush(); err != nil {
				return errors.Join(why, err)
			}
			return why
		}
		if s.next == s.have {
			select {
			case <-s.more:
			case <-ctx.Done():
			}
			continue
		}
		if s.team != nil {
			if !s.team.give(yield) {
				return nil
			}
			continue
		}
		if s.places == nil {
			if !yield(s.step()) {
				return nil
			}
			continue
		}
		ev := s.step()
		if !yield(ev) {
			s.places.flush()
			return nil
		}
		s.places.taken(&ev)
	}
	return context.Cause(ctx)
}

// closedWhy returns ErrClosed, joined with the failure if the Subscriber closed itself.
func (s *Subscriber) closedWhy() error {
	s.loop.Lock()
	defer s.loop.Unlock()
	if s.failed != nil {
		return errors.Join(ErrClosed, s.failed)
	}
	return ErrClosed
}

// step returns the next event of those that refill took.
func (s *Subscriber) step() Event {
	run := &s.events[s.next]
	if !s.begun {
		s.log.note(&run.Event)
		s.places.deliver(&run.Event)
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

// refill takes the next events, after all earlier ones were yielded. It returns false if
// the Subscriber is closed and there are no more.
func (s *Subscriber) refill() bool {
	if s.team == nil {
		s.loop.Lock()
	} else {
		s.team.lock()
	}
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
	s.loop.Settle() // taking events may have made room for requests
	if due {
		s.log.tell(&sum)
	}
	return ok
}

// news wakes a range that waits for events. The caller holds the lock.
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
