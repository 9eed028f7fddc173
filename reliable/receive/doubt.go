package receive

import (
	"time"

	"crier/reliable"
)

// The end of streams that aren't taken. Their BYE comes in groups that aren't joined, so it is
// asked for: a publisher that is at its end answers WantSession with it.

// deaf reports whether streams of the session aren't heard.
func (s *session) deaf() bool { return s.r.cfg.Gate != nil && s.several() && s.layout.Groups > 1 }

// doubtAfter is longer than the time between two SESSIONs of several streams, and shorter than that
// for which a publisher stays at its end.
const doubtAfter = 600 * time.Millisecond

// doubtAt returns when it is asked whether the session has ended: once since it was heard.
func (s *session) doubtAt() reliable.Time {
	if !s.deaf() || s.doubted > s.heard || !s.watches() {
		return reliable.Never
	}
	return s.heard.Add(doubtAfter)
}

// doubt asks whether the streams that aren't taken have ended.
func (s *session) doubt(now reliable.Time) {
	s.doubted = max(now, s.heard+1)
	for _, st := range s.streams {
		if st.taken.off && st.phase == live {
			st.status.want(now)
			s.touch(st)
		}
	}
	s.r.enliven(s)
}
