package reliable

import (
	"fmt"

	"crier/reliable/frame"
)

// Overload says what a Receiver does when its application takes messages more
// slowly than they come.
type Overload uint8

const (
	// OverloadBlock stops delivering, not reading: what waits for the application
	// is held up to Buffer, and what comes beyond is thrown away and asked for when
	// there is room. Its position is what the application has taken, so that a
	// publisher whose pace counts it is held back.
	OverloadBlock Overload = iota
	// OverloadBuffer is the same, but its position is what has come: only a full
	// buffer holds a publisher back.
	OverloadBuffer
	// OverloadDropOldest drops what has waited longest when the buffer is full.
	// It holds nobody back. It needs InOrder.
	OverloadDropOldest
	// OverloadDropNewest drops what comes when the buffer is full. It holds nobody
	// back.
	OverloadDropNewest
)

var overloadNames = [...]string{"block", "buffer", "drop", "drop-newest"}

// String returns the answer as flags write it.
func (o Overload) String() string {
	if int(o) < len(overloadNames) {
		return overloadNames[o]
	}
	return fmt.Sprintf("overload %d", uint8(o))
}

// ParseOverload reads what String writes: block, buffer, drop (the oldest) or
// drop-newest.
func ParseOverload(text string) (Overload, error) {
	for i, name := range overloadNames {
		if text == name {
			return Overload(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no answer to a slow application: use block, buffer, drop or drop-newest", text)
}

// drops says whether what finds no room is dropped.
func (o Overload) drops() bool { return o >= OverloadDropOldest }

// position returns where the session is, for its publisher: the frame that is
// delivered next, or the first that has not come. While it isn't known where the
// session begins it is 0: that something was heard doesn't mean that what came
// before isn't needed.
func (s *session) position() uint64 {
	if s.phase == starting {
		return 0
	}
	if s.r.cfg.Overload == OverloadBlock {
		return s.win.next
	}
	if first, ok := s.req.Gaps().First(); ok {
		return max(first, s.win.next)
	}
	return s.win.high
}

// slow says whether it is the application that everything waits for: the next
// frame, or the word that it is lost, is here.
func (s *session) slow() bool {
	first, ok := s.req.Gaps().First()
	return s.phase != starting && (!ok || first > s.win.next)
}

// overrun drops, where that is the answer to a slow application, and reports
// whether the frame is done with: held in the place of others, or dropped.
func (s *session) overrun(f *frame.Frame, came arrival) bool {
	if !s.r.cfg.Overload.drops() || !s.slow() {
		return false
	}
	s.stats.Overrun++
	for s.r.cfg.Overload == OverloadDropOldest && s.dropOldest() {
		if s.hold(f, came) {
			s.wake()
			return true
		}
	}
	if !s.slow() { // it is what everything waits for now
		s.stats.Overrun--
		return false
	}
	s.win.lose(f.Seq, f.Seq+1, CauseSlow)
	s.wake()
	return true
}

// dropOldest passes over the frame that is delivered next, and reports false if
// that isn't possible now.
func (s *session) dropOldest() bool {
	c, w := &s.cursor, &s.win
	for _, m := range s.marks {
		if m.kind != SessionNew && m.seq <= w.next {
			return false // what happened there must be told first
		}
	}
	cause := CauseSlow
	switch p := w.at(w.next); {
	case c.frame != nil: // it was settled, so it is known where the session begins
	case p != nil && p.held:
		if !c.known { // the frame tells where the session begins
			f := s.r.copies.take()
			s.startAt(s.frameOf(p, f).StartOffset())
			s.r.copies.put(f, false)
		}
	default:
		lost, ok := w.takeLost()
		if !ok {
			return false
		}
		s.pass(lost.cause, lost.to-lost.from)
		return true
	}
	if p := w.at(w.next); p != nil {
		s.freeSlot(p)
	}
	s.unload()
	c.kept, c.chunk = false, 0
	w.next++
	s.pass(cause, 1)
	return true
}
