package receive

import (
	"time"

	"crier/nack"
	"crier/reliable"
)

// Where the pace of subscribers counts, a session's HEARTBEAT says after how many
// frames its publisher wants to know where they are.

// reportGap is how long all subscribers together wait between two such STATUS:
// each waits as many times as long as there are subscribers.
const reportGap = time.Millisecond

// nowhere is a position that is never reached.
const nowhere = ^uint64(0)

// noteReport takes the word of a HEARTBEAT.
func (s *session) noteReport(now reliable.Time, every uint64) {
	first := s.every == 0
	s.every = every
	if every == 0 || !s.placed {
		return
	}
	switch {
	case first:
		wait := min(s.gap(), reliable.StatusMin/5)
		s.statusDue = min(s.statusDue, now.Add(s.r.rand.Duration(wait)))
		s.reportAt = s.position() + every
	case s.position() != s.reported:
		// Also less than that: while the publisher waits there may be no more.
		due := max(now, s.statusLast.Add(s.gap()))
		if s.req.GroupSize() > nack.SmallGroup { // all hear the same HEARTBEAT
			due = due.Add(s.r.rand.Duration(s.gap()))
		}
		s.statusDue = min(s.statusDue, due)
	}
}

// gap returns how long this subscriber waits between two STATUS.
func (s *session) gap() time.Duration {
	return reportGap * time.Duration(max(1, s.req.GroupSize()))
}

// progress has a STATUS sent when the position has moved far enough.
func (s *session) progress() {
	if s.position() >= s.reportAt {
		s.reportAt = nowhere // until it is sent
		s.statusDue = min(s.statusDue, max(s.r.now, s.statusLast.Add(s.gap())))
	}
}

// Lag is how far an application is behind.
type Lag struct {
	// Messages that are known to exist and were neither delivered nor reported
	// lost.
	Messages uint64
	// Bytes that wait here for the application, or for a gap to close.
	Bytes int
	// Time is how long the next frame has been here and waits to be taken; 0 where
	// it is not here.
	Time time.Duration
}

// Lag returns how far the application is behind, over all sessions: the sum of
// messages and bytes, and the longest time.
func (r *Receiver) Lag(now reliable.Time) Lag {
	var lag Lag
	for _, s := range r.list {
		one := s.lag(now)
		lag.Messages += one.Messages
		lag.Bytes += one.Bytes
		lag.Time = max(lag.Time, one.Time)
	}
	return lag
}

func (s *session) lag(now reliable.Time) Lag {
	lag := Lag{Bytes: s.win.bytes}
	if s.cursor.known {
		lag.Messages = s.stats.NextOffset - min(s.stats.NextOffset, s.cursor.offset)
	}
	if s.cursor.frame != nil {
		lag.Time = now.Sub(s.cursor.came.received)
	} else if p := s.win.at(s.win.next); p != nil && p.held {
		lag.Time = now.Sub(p.came.received)
	}
	lag.Time = max(0, lag.Time)
	return lag
}
