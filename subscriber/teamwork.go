package subscriber

import (
	"context"
	"time"

	"crier/reliable"
	"crier/reliable/team/member"
)

// teamwork hands out the messages that a member of a team was granted, and takes its word of what
// is done. One goroutine at a time hands out: the caller's that ranges over Messages, or that of
// the Handler.
type teamwork struct {
	s *Subscriber
	m *member.Member

	// The loop's lock guards what follows.

	// step is the running one.
	step step
	// leaving says that nothing more is handed out.
	leaving bool
	// Once the member leaves, rested is closed when no step runs and nothing that was handed out is
	// undone any more, and left when all is given back.
	rested, left chan struct{}
	// broken says that the last step was broken off: it was left, and its message isn't done.
	broken bool

	// The goroutine that hands out owns what follows.

	// ended says that the step has ended, and that this has yet to be told.
	ended bool
	// again is the message of a step that was broken off, with which the next range begins.
	again Event
}

// A step is the hand-out of a message, until the application comes back.
type step struct {
	runs        bool
	grant       *reliable.Grant
	offset, seq uint64
	// told says that the application has told what became of it.
	told bool
}

// stepOf returns the step of a message with a grant.
func stepOf(ev *Event) step {
	return step{runs: true, grant: ev.Grant, offset: ev.Offset, seq: ev.Seq}
}

// is reports whether a message is the step's.
func (t *step) is(ev *Event) bool {
	g, h := t.grant, ev.Grant
	return t.runs && t.offset == ev.Offset &&
		(g == h || g.Session == h.Session && g.Partition == h.Partition && g.Epoch == h.Epoch)
}

const (
	// leaveWait bounds the time for which Close waits for the running step, and for what else was
	// handed out.
	leaveWait = 30 * time.Second
	// leftWait bounds the time for which it then waits for publishers to know that all is given
	// back.
	leftWait = time.Second
)

// lock locks the loop, with the lease clock, and tells of the step that has ended.
func (w *teamwork) lock() {
	w.s.loop.LockLease()
	if w.ended {
		w.endStep(true)
	}
}

// now returns when the lock was taken.
func (w *teamwork) now() reliable.Time { return reliable.Time(w.s.loop.Now()) }

// endStep ends the running step. Its message is done, if so, and unless something else was told of
// it. The caller holds the lock.
func (w *teamwork) endStep(done bool) {
	t := &w.step
	switch {
	case t.told || w.s.cfg.ManualDone:
	case !done:
		w.broken = true
	default:
		w.m.Done(w.now(), t.grant, t.offset, t.seq) // its error is counted
	}
	w.m.Idle(w.now())
	w.step, w.ended = step{}, false
	w.rest()
}

// rest tells Close that no step runs, and nothing that was handed out is undone, unless nobody will
// do it. The caller holds the lock.
func (w *teamwork) rest() {
	if w.rested != nil && !w.step.runs && (w.broken || !w.m.Works()) {
		close(w.rested)
		w.rested = nil
	}
}

// give yields the next event, if it is still this member's. It returns false if the range is left.
func (w *teamwork) give(yield func(Event) bool) bool {
	var ev Event
	again := w.repeats()
	if again {
		ev, w.again = w.again, Event{}
	} else {
		ev = w.s.step()
	}
	if ev.Grant == nil || ev.Kind != Message && ev.Kind != Loss {
		return yield(ev)
	}
	if !w.begin(&ev, again) {
		return true
	}
	if ev.Kind == Loss {
		return yield(ev)
	}
	defer func() {
		if !w.ended { // the range is left, or a panic or runtime.Goexit leaves it
			w.breakOff(&ev)
		}
	}()
	w.ended = yield(ev)
	return w.ended
}

// begin tells of the last step, and begins that of an event, unless it is another member's. A loss
// is done by itself.
func (w *teamwork) begin(ev *Event, again bool) (ok bool) {
	w.lock()
	now := w.now()
	switch {
	case w.leaving:
	case again:
		ok = w.m.HandAgain(now, ev)
	default:
		ok = w.m.HandOut(now, ev)
	}
	w.broken = false
	if ok && ev.Kind == Message {
		w.step = stepOf(ev)
		w.m.Busy(now, ev)
	}
	w.s.loop.Settle()
	return ok
}

// breakOff ends the running step of a message that isn't done, unless the application has told
// what became of it: the next range begins with it again.
func (w *teamwork) breakOff(ev *Event) {
	w.s.loop.LockLease()
	w.endStep(false)
	broken := w.broken
	w.s.loop.Settle()
	if broken {
		w.repeat(*ev)
	}
}

// repeats reports whether the range begins with a message again.
func (w *teamwork) repeats() bool { return w.again.Grant != nil }

// repeat has the next range begin with an event again. Another attempt at the message marks it.
func (w *teamwork) repeat(ev Event) {
	grant := *ev.Grant
	grant.Attempt++
	ev.Grant = &grant
	w.again = ev
}

// leaveRange tells of the step that has ended.
func (w *teamwork) leaveRange() {
	w.lock()
	w.s.loop.Settle()
}

// work is the Handler's goroutine.
func (w *teamwork) work() {
	returned := false
	defer w.s.watch(&returned)
	w.s.run(context.Background(), func(ev Event) bool {
		w.s.cfg.Handler(&ev)
		return true
	})
	returned = true
}

// leave hands out nothing more, and gives back what the member has, once the running step has
// ended, and all else that was handed out is done.
func (w *teamwork) leave() {
	rested, left := make(chan struct{}), make(chan struct{})
	w.s.loop.LockLease()
	w.leaving, w.rested, w.left = true, rested, left
	w.m.Leave(w.now())
	w.rest()
	w.s.loop.SettleNow()
	timer := time.NewTimer(leaveWait)
	defer timer.Stop()
	select {
	case <-rested:
	case <-timer.C:
		w.s.cfg.Logger.Warn("crier: a member leaves its team with messages in hand that aren't " +
			"done, which other members get again")
		return
	}
	timer.Reset(leftWait)
	select {
	case <-left:
	case <-timer.C:
	}
}

// checkLeft tells Close that nothing is left to be given back, or that no more will be. The caller
// holds the lock.
func (w *teamwork) checkLeft() {
	w.rest()
	if w.left != nil && (w.broken || w.m.Left()) {
		close(w.left)
		w.left = nil
	}
}

// worker makes a Subscriber the Worker of its grants.
type worker struct{ s *Subscriber }

func (w worker) Done(ev *Event) error {
	return w.s.team.tell(ev, true, func(m *member.Member, now reliable.Time, t step) error {
		return m.Done(now, t.grant, t.offset, t.seq)
	})
}

func (w worker) Release(ev *Event, after time.Duration) error {
	return w.s.team.tell(ev, true, func(m *member.Member, now reliable.Time, t step) error {
		return m.Release(now, t.grant, t.offset, after)
	})
}

func (w worker) Working(ev *Event) error {
	return w.s.team.tell(ev, false, func(m *member.Member, now reliable.Time, t step) error {
		return m.Working(now, t.grant, t.offset)
	})
}

// tell tells the machine of an event; ends says that nothing more is to be told of it.
func (w *teamwork) tell(ev *Event, ends bool,
	say func(*member.Member, reliable.Time, step) error) error {
	if ev.Kind == Loss {
		return nil // it is done by itself
	}
	if ev.Kind != Message {
		return ErrNoTeam
	}
	w.s.loop.LockLease()
	if ends && w.step.is(ev) {
		w.step.told = true
	}
	err := say(w.m, w.now(), stepOf(ev))
	w.s.news() // there may be room for more
	w.s.loop.Settle()
	return err
}
