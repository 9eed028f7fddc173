package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// Where a session begins for this subscriber, and what it learns before that.

// announce takes SESSION.
func (s *session) announce(now reliable.Time, f *frame.Frame) {
	if !s.known {
		s.known = true
		s.name, s.wall = string(f.Name), f.Wall
		s.firstSeq, s.knownOffset = f.FirstSeq, f.FirstOffset
		s.stats.Name = s.name
	}
	if s.control != f.Control {
		s.control, s.spoken = f.Control, false
	}
	switch {
	case s.phase != starting:
	case s.fromStart:
		s.begin(now, f.FirstSeq, f.FirstOffset, true)
	case s.placed && s.start == reliable.Latest:
		s.begin(now, s.win.next, 0, false)
	}
}

// begin fixes where the session begins for this subscriber. Where the offset is
// not known, the first frame tells it.
func (s *session) begin(now reliable.Time, seq, offset uint64, offsetKnown bool) {
	if !s.placed {
		s.win.next, s.win.high, s.placed = seq, seq, true
	} else if seq < s.win.next && s.win.high-seq <= s.span() {
		s.req.Missing(now, seq, s.win.next)
		s.win.lower(seq, &s.r.mem)
	} else if seq < s.win.next {
		// What is held lies too far ahead to be kept: it is asked for again.
		high := s.win.high
		s.stats.NoRoom += uint64(s.win.count)
		s.release()
		s.win.next, s.win.high = seq, high
		s.req.Missing(now, seq, high)
	} else if seq > s.win.next {
		// The publisher contradicts itself; what was heard counts.
		offsetKnown = false
	}
	s.phase = live
	s.stats.Begun = true
	s.base = s.win.next
	s.wantDue = reliable.Never
	if offsetKnown {
		s.startAt(offset)
	}
	s.place(mark{seq: s.win.next, kind: reliable.SessionNew})
	if s.r.cfg.Order == reliable.OnArrival { // what came before that was known has waited for it only
		for seq := s.win.next; s.win.at(seq) != nil; seq++ {
			if s.win.isHeld(seq) {
				s.cursor.ahead.arrive(seq)
			}
		}
	}
	if e := s.early; e != nil {
		s.early = nil
		s.tell(now, e.nextSeq, e.nextOffset)
	}
	s.wake()
}

// startAt fixes the first offset.
func (s *session) startAt(offset uint64) {
	s.cursor.offset, s.cursor.known, s.cursor.tail = offset, true, true
	s.stats.FirstOffset = offset
	s.stats.NextOffset = max(s.stats.NextOffset, offset)
}

// startWith decides, at the first DATA frame, where to begin.
func (s *session) startWith(now reliable.Time, f *frame.Frame) {
	w := &s.win
	switch {
	case s.fromStart && s.known:
		s.begin(now, s.firstSeq, s.knownOffset, true)
	case s.fromStart || s.start == reliable.Oldest:
		// Hold it until SESSION, or HEARTBEAT, tells where to begin.
		if !s.placed {
			w.next, w.high, s.placed = f.Seq, f.Seq, true
			s.want(now)
		} else if f.Seq < w.next && w.high-f.Seq <= s.span() {
			s.req.Missing(now, f.Seq, w.next)
			w.lower(f.Seq, &s.r.mem)
		}
	default:
		s.begin(now, f.Seq, 0, false)
	}
}

// want asks for SESSION and HEARTBEAT, and again until they come.
func (s *session) want(now reliable.Time) {
	if s.wantDue == reliable.Never {
		s.wantDue, s.wantWait = now, s.req.RTT().Timeout()
	}
}

// drop forgets a session of which nothing was delivered.
func (s *session) drop() {
	s.release()
	s.phase = ended
}
