package checker

import "crier/reliable"

// application is what an application was told of a session.
type application struct {
	*pair

	phase     reliable.EventKind // the session's last event but for messages and losses; 0: none
	known     bool               // begin and next mean something
	next      uint64             // in order: the offset that is told next
	begun     reliable.Time      // when it was told of the session
	delivered uint64
	lost      uint64
	begin     uint64 // the first offset that was told
	// ready is when all had come, or was lost, that what was told in order waited for.
	ready reliable.Time
	told  uint64 // the first message that wasn't told yet, as of waitsFor
	seen  bitset // on arrival: offsets that were told, from the session's first on
}

// allows reports whether an event may come in the session's phase.
func (a *application) allows(kind reliable.EventKind) bool {
	switch kind {
	case reliable.SessionNew:
		return a.phase == 0
	case reliable.Message, reliable.Loss, reliable.SessionEnded:
		return a.live() || a.inquires()
	case reliable.SessionInquest:
		return a.live()
	case reliable.SessionSilent:
		return a.live() || a.inquires()
	case reliable.SessionAmended:
		return a.phase == reliable.SessionSilent
	case reliable.SessionResumed:
		return a.phase == reliable.SessionSilent || a.inquires()
	}
	return false
}

// live reports whether the session lives, as far as the application knows.
func (a *application) live() bool {
	return a.phase == reliable.SessionNew || a.phase == reliable.SessionResumed
}

// inquires reports whether the subscriber holds an inquest.
func (a *application) inquires() bool { return a.phase == reliable.SessionInquest }

// over reports whether the application believes that the publisher is silent or gone.
func (a *application) over() bool {
	return a.phase == reliable.SessionSilent || a.phase == reliable.SessionEnded
}

// advance takes the messages [from, to) as told.
func (a *application) advance(how string, from, to uint64) {
	if a.inOrder {
		if from != a.next {
			a.fail("[%d, %d) is %s, and %d comes next", from, to, how, a.next)
		}
		a.next = max(a.next, to)
		return
	}
	a.begin, a.next = min(a.begin, from), max(a.next, to)
	for o := from; o < to; o++ {
		if a.seen.has(o - a.s.FirstOffset) {
			a.fail("offset %d is %s, and was delivered or lost before", o, how)
		}
		a.seen.set(o - a.s.FirstOffset)
	}
}

// waitsFor returns the first message that the application wasn't told of yet.
func (a *application) waitsFor() uint64 {
	switch {
	case !a.inOrder:
		for a.seen.has(a.told - a.s.FirstOffset) {
			a.told++
		}
	case a.known:
		a.told = a.next
	}
	return a.told
}
