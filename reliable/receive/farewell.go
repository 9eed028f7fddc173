package receive

import (
	"time"

	"crier/reliable"
)

// farewell is how far a closed Receiver is with telling publishers that it goes.
type farewell struct {
	// How often they are yet to be told, and who is next, this time.
	rounds  int
	session int
}

const (
	// farewells is how often a subscriber that closes tells each publisher that waits
	// for it: nobody answers, and one that misses the word waits for the stall time.
	// Others are told once.
	farewells = 3
	// farewellTime is how long after the end of a session its publisher, if it is
	// still heard, may not know that this subscriber is done.
	farewellTime = time.Second
)

// next returns the session whose publisher is told next: all of them once, then all again.
// A farewell of several STATUS is said to its end first. It returns nil when all is said.
func (w *farewell) next(list []*session) *session {
	if n := w.session; n > 0 && n <= len(list) && list[n-1].reports.parting {
		return list[n-1]
	}
	for ; w.rounds > 0; w.rounds-- {
		for w.session < len(list) {
			s := list[w.session]
			w.session++
			if s.to().IsValid() && s.leaving() {
				return s
			}
		}
		w.session = 0
	}
	return nil
}

// leaving reports whether the publisher is yet to be told that this subscriber goes. One that
// doesn't wait is told once.
func (s *session) leaving() (leaving bool) {
	waits := false
	for _, st := range s.streams {
		leaving = leaving || st.status.leaveDue != reliable.Never
		waits = waits || st.status.every != 0
	}
	if leaving && !waits {
		for _, st := range s.streams {
			st.status.leaveDue = reliable.Never
		}
	}
	return leaving
}
