package receive

import (
	"time"

	"crier/reliable"
)

// farewell is how far a closed Receiver is with telling publishers that it goes.
type farewell struct {
	// How often they are yet to be told, and who is next, this time.
	rounds          int
	session, stream int
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

// next returns the stream whose publisher is told next: all of them once, then all again.
// It returns nil when all is said.
func (w *farewell) next(list []*session) *stream {
	for ; w.rounds > 0; w.rounds-- {
		for ; w.session < len(list); w.session, w.stream = w.session+1, 0 {
			for streams := list[w.session].streams; w.stream < len(streams); {
				st := streams[w.stream]
				w.stream++
				if st.status.leaveDue != reliable.Never && st.session.to().IsValid() {
					if st.status.every == 0 {
						st.status.leaveDue = reliable.Never
					}
					return st
				}
			}
		}
		w.session = 0
	}
	return nil
}
