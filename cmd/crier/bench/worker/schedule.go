package worker

import (
	"math"
	"time"

	"crier/cmd/crier/hist"
)

// schedule makes messages due at even times from its start, regardless of those before.
// Latency counts from the due time, so that a message's wait for the one before is part of it
// (no coordinated omission). It is used by one goroutine.
type schedule struct {
	start time.Time
	rate  float64 // messages a second
	spin  bool    // never sleep
	n     uint64  // messages so far
	idle  time.Duration
	late  hist.Histogram
}

const (
	// scheduleEarly is the time before a due time at which the generator wakes up, to spin
	// for the rest: the kernel is that late now and then.
	scheduleEarly = 60 * time.Microsecond
	// scheduleSleep is the shortest time that is worth sleeping for.
	scheduleSleep = 20 * time.Microsecond
)

// due returns when message n is due, since the start.
func (s *schedule) due(n uint64) time.Duration {
	ns := float64(n) * float64(time.Second) / s.rate
	return time.Duration(min(ns, math.MaxInt64/2))
}

// next waits until the next message is due, and returns its due time by the wall clock, in
// nanoseconds. Spinning counts as idle: that is processor time of the generator, not of the
// publisher.
func (s *schedule) next() int64 {
	due := s.due(s.n)
	s.n++
	for {
		now := time.Since(s.start)
		left := due - now
		if left <= 0 {
			s.late.Record(-left)
			return s.start.UnixNano() + int64(due)
		}
		if !s.spin && left >= scheduleEarly+scheduleSleep {
			nap(left - scheduleEarly)
			continue
		}
		s.idle += left // and no more, should this thread lose its core meanwhile
		for time.Since(s.start) < due {
		}
	}
}

// count returns how many messages are due in a time.
func (s *schedule) count(d time.Duration) uint64 {
	return uint64(s.rate*d.Seconds() + 0.5)
}
