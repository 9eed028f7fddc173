package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

// Answers to what a subscriber asked for: REPAIR, GONE and CONFIRM. Whatever their kind,
// they pass one gate, answer, and one rule, answerer and mayAnswer: else a stranger's REPAIR
// could put other frames in place of the missing ones, and a stranger's GONE could end
// their gaps.

// answerer finds out who answers from an address under an id: the publisher speaks from its
// source and control addresses, a holder that was admitted from its own, and under its id.
// The inquiry is nil for the publisher; strangers answer nothing.
func (st *stream) answerer(from netip.AddrPort, responder uint64) (*inquiry, bool) {
	if from == st.session.source || from == st.session.control {
		return nil, true
	}
	for _, h := range st.holders {
		if h.Addr == from && h.ID == responder {
			return h, true
		}
	}
	return nil, false
}

// mayAnswer reports whether an answer of the publisher's or a holder's counts, by the
// frame in a REPAIR. GONE and CONFIRM name who answers, and GONE a request of this
// subscriber's to it. A holder repeats nothing but what it was asked for, and is still
// missing: while the publisher has a frame, a holder says nothing about it.
func (st *stream) mayAnswer(of *inquiry, f, inner *frame.Frame) bool {
	id, req := st.session.id, st.req
	if of != nil {
		id, req = of.ID, of.req
	}
	switch f.Kind {
	case frame.Repair:
		return of == nil || req.Asked(inner.Seq)
	case frame.Gone:
		return f.Responder == id && req.Issued(f.Request)
	}
	return f.Responder == id
}

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
	of, ok := st.answerer(from, f.Responder)
	if !ok {
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
	if !st.mayAnswer(of, f, inner) {
		r.stats.Unexpected++
		return
	}
	r.last = st
	if of == nil {
		s.spoken = s.spoken || from == s.control
		st.answered(now, f, inner)
	} else {
		st.helped(now, of, f, inner)
	}
	r.enliven(s)
}

// answered takes an answer of the publisher's.
func (st *stream) answered(now reliable.Time, f, inner *frame.Frame) {
	if f.Kind == frame.Repair {
		st.stats.Repairs++
		st.req.Answered(now, f.Request)
		st.data(now, inner, repaired)
		return
	}
	st.session.noteNewest(now, f)
	if f.Kind == frame.Confirm {
		for _, c := range f.Ranges {
			st.req.Confirmed(now, c)
		}
		return
	}
	for _, g := range f.Ranges {
		if f.Flags&frame.TooLarge != 0 { // for the network, whoever sends it
			st.lose(g.From, g.To, reliable.CauseTooLarge)
		} else {
			st.passOn(now, nil, g.From, g.To, reliable.CauseGone)
		}
	}
	st.forgotten(f.OldestSeq, f.OldestOffset)
}

// helped takes an answer of a holder's, which says nothing about the publisher.
func (st *stream) helped(now reliable.Time, of *inquiry, f, inner *frame.Frame) {
	if f.Kind == frame.Repair {
		st.stats.Repairs++
		of.req.Answered(now, f.Request)
		st.data(now, inner, handed)
		return
	}
	of.echo.note(now, f.Time)
	for _, g := range f.Ranges {
		if f.Kind == frame.Confirm {
			of.req.Confirmed(now, g)
		} else {
			st.passOn(now, of, g.From, g.To, reliable.CauseGone)
		}
	}
}

// repaired returns the DATA frame in a REPAIR, nil for another kind of answer, and false
// where something else is in the REPAIR than it says.
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
