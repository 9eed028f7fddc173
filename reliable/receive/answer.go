package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

// Answers to what a subscriber asked for: REPAIR, GONE and CONFIRM. Whatever their kind,
// they pass one gate, answer, and one rule, mayAnswer.

// mayAnswer reports whether an answer from an address counts for a stream. It must come
// from the publisher's own address, or a stranger's REPAIR could put other frames in
// place of the missing ones, and a stranger's GONE could end their gaps. GONE and CONFIRM
// also name the publisher, and GONE a request of this subscriber's.
func (st *stream) mayAnswer(from netip.AddrPort, f *frame.Frame) verdict {
	s := st.session
	if from != s.source && from != s.control {
		return foreign
	}
	switch f.Kind {
	case frame.Gone:
		if !st.req.Issued(f.Request) {
			return unexpected
		}
		fallthrough
	case frame.Confirm:
		if f.Responder != s.id {
			return unexpected
		}
	}
	return taken
}

// verdict is what mayAnswer finds.
type verdict uint8

const (
	taken      verdict = iota
	foreign            // it comes from somebody who may not answer
	unexpected         // it answers nothing that was asked
)

// answer takes a REPAIR, GONE or CONFIRM of a session, which is nil if it isn't known.
func (r *Receiver) answer(now reliable.Time, from netip.AddrPort, s *session, f *frame.Frame) {
	var st *stream
	if s != nil {
		st = s.stream(f.Channel)
	}
	if st == nil || f.Kind == frame.Repair && !st.placed {
		r.stats.Unexpected++
		return
	}
	verdict := st.mayAnswer(from, f)
	if verdict == foreign {
		r.stats.Foreign++
		return
	}
	inner, ok := r.repaired(f)
	if !ok {
		r.stats.Invalid++
		return
	}
	if !r.attends(now, st) {
		return
	}
	if st.over() {
		st.stats.Late++
		return
	}
	if verdict == unexpected {
		r.stats.Unexpected++
		return
	}
	s.spoken = s.spoken || from == s.control
	switch f.Kind {
	case frame.Repair:
		st.stats.Repairs++
		st.req.Answered(now, f.Request)
		st.data(now, inner, true)
	case frame.Gone:
		s.noteNewest(now, f)
		st.gone(f)
	case frame.Confirm:
		s.noteNewest(now, f)
		for _, c := range f.Ranges {
			st.req.Confirmed(now, c)
		}
	}
	r.last = st
	r.enliven(s)
}

// repaired returns the DATA frame in a REPAIR, nil for another kind of answer, and false
// where the REPAIR holds something else than it says.
func (r *Receiver) repaired(f *frame.Frame) (*frame.Frame, bool) {
	if f.Kind != frame.Repair {
		return nil, true
	}
	inner := f.Data
	if inner == nil {
		inner = &r.inner
		if err := r.dec.Decode(f.Inner, inner); err != nil {
			return nil, false
		}
		inner.Arrived = f.Arrived
	}
	return inner, inner.Kind == frame.Data && inner.Session == f.Session && inner.Channel == f.Channel
}

// gone takes the publisher's word that it holds some frames no longer.
func (st *stream) gone(f *frame.Frame) {
	cause := reliable.CauseGone
	if f.Flags&frame.TooLarge != 0 {
		cause = reliable.CauseTooLarge
	}
	for _, r := range f.Ranges {
		st.lose(r.From, r.To, cause)
	}
	st.forgotten(f.OldestSeq, f.OldestOffset)
}
