package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// echo is the last time that somebody told, to be sent back. The zero value is none.
type echo struct {
	known bool
	told  uint64
	at    reliable.Time
}

// note takes a time that was told by a HEARTBEAT, SESSION or BYE. The time of DATA is when its
// first message was accepted, and the frame may have waited for others to share its datagram: a
// round trip measured from it would be too long.
func (e *echo) note(now reliable.Time, told uint64) {
	if told >= e.told {
		*e = echo{known: true, told: told, at: now}
	}
}

// noteNewest takes the time of a frame that tells when it was made: one that is newer
// than all before was not repeated, and so the publisher was heard.
func (s *session) noteNewest(now reliable.Time, f *frame.Frame) {
	if f.Time > s.newest || s.newest == 0 {
		s.newest = max(s.newest, f.Time)
		s.refresh(now)
	}
}

// refresh notes that the publisher was heard, by something that is new: a repetition,
// by whomever, says nothing about it.
func (s *session) refresh(now reliable.Time) {
	s.heard = now
	if !s.wary && s.phases[silent]+s.phases[orphaned] == 0 {
		return
	}
	s.wary = false
	for _, st := range s.streams {
		if st.deserted() {
			st.resume(now)
		} else if st.asked.expected != nil {
			st.asked.trust()
		}
		s.wary = s.wary || st.asked.expected != nil
	}
}

// silence returns how long the publisher may be quiet.
func (s *session) silence() time.Duration {
	return max(silenceIntervals*s.interval, s.r.cfg.Recovery.Silence)
}

// silentAt returns when nothing has been heard of the publisher for so long that it is
// silent. One that seems to be at another address by then has as long again as the old one
// must be quiet: it is about to be believed.
func (s *session) silentAt() reliable.Time {
	at := max(s.heard.Add(s.silence()), s.attested)
	if c := &s.rivals.candidate; c.Words > 0 {
		at = max(at, min(c.Since, at).Add(peer.Intervals*s.interval))
	}
	return at
}

// standStill says that nothing could be heard for so long.
func (s *session) standStill(d time.Duration) {
	s.heard = s.heard.Add(d)
	s.feeds.suspended(d)
	for _, st := range s.streams {
		st.asked.suspended(d)
		if st.aftermath != nil {
			st.aftermath.suspended(d)
		}
	}
}

// watches reports whether it matters to a session of several streams whether its publisher is
// heard.
func (s *session) watches() bool {
	return s.source.IsValid() && s.phases[starting]+s.phases[live] > 0
}
