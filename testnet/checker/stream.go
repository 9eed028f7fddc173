package checker

import (
	"crier/reliable"
	"crier/testnet/world"
)

// The promise about a stream that goes on in another session: that begins at an offset that its
// publisher had come to, no offset is left out, and those that were used twice are told to all
// that had heard of them in the session before.

// judgeContinued asks whether a session goes on where the one before it can have ended.
func (c *Checker) judgeContinued(s *world.Session) {
	if s.Prev == (reliable.Link{}) {
		return
	}
	before := c.w.Session(s.Prev.Session, s.Partition)
	switch {
	case before == nil || before.Publisher != s.Publisher:
		c.fail("%v continues session %v, which isn't its own", s.Publisher, s.Prev.Session)
	case s.FirstOffset != s.Prev.Offset:
		c.fail("%v begins at offset %d, and continues a session that ended at %d", s.Publisher,
			s.FirstOffset, s.Prev.Offset)
	case s.FirstOffset < before.FirstOffset || s.FirstOffset > before.NextOffset():
		c.fail("%v goes on at offset %d, and the session before had [%d, %d)", s.Publisher,
			s.FirstOffset, before.FirstOffset, before.NextOffset())
	}
}

// forked judges the word that offsets were used twice.
func (v *view) fork(ev *reliable.Event) {
	other := v.c.w.Session(ev.Other, ev.Partition)
	if other == nil || other.Publisher != v.s.Publisher {
		v.fail("it is said to have forked from session %v, which isn't its publisher's", ev.Other)
		return
	}
	if from := max(v.s.FirstOffset, other.FirstOffset); ev.Lost.Len() == 0 ||
		ev.Lost.From != from || ev.Lost.To > other.NextOffset() {
		v.fail("offsets %v are said to have been used before in session %v, which accepted "+
			"[%d, %d), and this one began at %d", ev.Lost, ev.Other, other.FirstOffset,
			other.NextOffset(), v.s.FirstOffset)
	}
	v.forks = append(v.forks, ev.Other)
}

// judgeForks asks whether a subscriber was told of each offset that it took twice, of a session
// that says what it continues.
func (v *view) judgeForks() {
	if v.s.Prev == (reliable.Link{}) || !v.start.named || v.app.phase == 0 || !v.app.known {
		return
	}
	before := v.c.w.Session(v.s.Prev.Session, v.s.Partition)
	if before == nil {
		return
	}
	was := v.c.view(v.sub, before)
	if !was.app.known || !was.start.named || was.app.next <= v.s.FirstOffset {
		return
	}
	for _, id := range v.forks {
		if id == before.ID {
			return
		}
	}
	v.fail("it was told of session %v up to offset %d, and this one uses offsets again from %d on: "+
		"that wasn't told", before.ID, was.app.next, v.s.FirstOffset)
}
