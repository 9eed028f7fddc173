package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// The Checker bounds STATUS. All subscribers of a session together send about a hundred a
// second, or a thousand if the publisher wants their positions. One subscriber sends at most
// one each half second. A session's start, its end and its return add one each, and requests
// for SESSION follow each other ever more slowly. Reports of having everything and of leaving
// are within these bounds.
const (
	statusLeast  = 500 * time.Millisecond
	statusEach   = 10 * time.Millisecond // a subscriber of the group
	reportEach   = time.Millisecond      // likewise, where positions are wanted
	requestLeast = 500 * time.Millisecond
	statusBurst  = 4
	requestBurst = 16 // before they are as slow as that, and
	requestEach  = 4  // for each partition
	goesBurst    = 6  // at the end, and three times as it closes
)

// rate is a leaky bucket of what may come once each interval, which may change.
type rate struct {
	level int64 // a thousand for each that came
	at    reliable.Time
}

// take takes one, and reports whether more than a burst came ahead of the interval.
func (r *rate) take(now reliable.Time, each time.Duration, burst int64) bool {
	leaked := int64(min(now.Sub(r.at), 1000*time.Second)) / max(1, int64(each/1000))
	r.level, r.at = max(0, r.level-leaked)+1000, now
	return r.level > 1000*burst
}

// statuses is how often a subscriber sends STATUS, and may.
type statuses struct {
	*pair

	regular, wantSession, leaving rate
	// every is the least time between two, and next that from the next one on.
	every, next time.Duration
	// at is when the last one was sent, and listed has the partitions in it: what one has no
	// room for is in another, of the same report.
	at     reliable.Time
	listed bitset
}

// announced takes what a HEARTBEAT or BYE says of how often to send STATUS: until the next
// one is due, the word of before may hold as well.
func (s *statuses) announced(f *frame.Frame) {
	every := max(statusLeast, time.Duration(f.Group)*statusEach)
	if f.Report > 0 {
		every = time.Duration(max(1, f.Group)) * reportEach
	}
	s.every = min(s.every, every)
	s.next = every
}

// further reports whether a STATUS is a further part of the report that was sent last: it comes at
// the same time, and lists other partitions.
func (s *statuses) further(now reliable.Time, f *frame.Frame) bool {
	further := now == s.at && len(s.listed) > 0 && !s.listed.has(uint64(f.Channel))
	for i := range f.Positions {
		further = further && !s.listed.has(uint64(f.Positions[i].Channel))
	}
	if !further {
		s.at, s.listed = now, s.listed[:0]
	}
	s.listed.set(uint64(f.Channel))
	for i := range f.Positions {
		s.listed.set(uint64(f.Positions[i].Channel))
	}
	return further
}

// judge asks whether a STATUS may be sent now.
func (s *statuses) judge(now reliable.Time, f *frame.Frame) {
	if s.further(now, f) {
		return
	}
	switch {
	case f.Flags&frame.Leaving != 0:
		if s.leaving.take(now, s.every*3/4, goesBurst) {
			s.fail("it says that it goes more often than %d times and each %v", goesBurst, s.every)
		}
	case f.Flags&frame.WantSession != 0:
		burst := int64(requestBurst + requestEach*len(s.s.Publisher.Streams()))
		if s.wantSession.take(now, requestLeast*3/4, burst) {
			s.fail("it asks for SESSION more often than %d times and each %v", burst,
				requestLeast)
		}
	default:
		// As partitions begin and catch up, each may have a report of its own.
		burst := int64(statusBurst + len(s.s.Publisher.Streams()))
		if s.regular.take(now, s.every*3/4, burst) {
			s.fail("it sends STATUS more often than %d times and each %v", burst, s.every)
		}
		s.every = s.next
	}
}
