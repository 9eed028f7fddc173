package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

// Answers to a subscriber's requests: REPAIR, GONE and CONFIRM. Whatever their kind,
// they pass one gate, answer, and one rule, that of answerers: else a stranger's REPAIR
// could put other frames in place of the missing ones, and a stranger's GONE could end
// their gaps.

// answer takes a REPAIR, GONE or CONFIRM of a session, which is nil if it isn't known.
func (r *Receiver) answer(now reliable.Time, from netip.AddrPort, s *session, f *frame.Frame) {
	var st *stream
	if s != nil {
		st = s.stream(f.Channel)
	}
	if st == nil || f.Kind == frame.Repair && !st.placed {
		r.stats.Aside++ // whoever asked for it hears it, too
		if st == nil && s != nil && f.Kind == frame.Confirm && s.speaks(from) &&
			(s.topic == nil || s.topic.wants(f.Channel)) {
			s.noteNewest(now, f) // but its publisher lives
		}
		return
	}
	of := st.asked.find(from, f.Responder)
	if of == nil && !st.asked.fromMember(from, f) {
		if f.Responder == s.id {
			r.stats.Foreign++
		} else {
			r.stats.Aside++ // of a holder that others ask, or this subscriber's own
		}
		return
	}
	inner, ok := r.repaired(f)
	if !ok {
		r.stats.Mismatched++
		return
	}
	if !r.attends(now, st) {
		return
	}
	if st.over() {
		st.stats.Late++
		return
	}
	if !st.asked.mayAnswer(of, f, inner) && !st.asked.mayVolunteer(from, f, inner) {
		if of == st.asked.publisher() {
			r.stats.Unexpected++
		} else {
			r.stats.Aside++
		}
		return
	}
	r.last = st
	s.touch(st)
	switch of {
	case nil:
		st.stats.Repairs++
		st.data(now, inner, handed)
	case st.asked.publisher():
		s.spoken = s.spoken || from == s.control
		st.asked.heardPublisher(now, f, inner)
	default:
		st.asked.heardHolder(now, of, f, inner)
	}
	r.enliven(s)
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
	return inner, inner.Kind == frame.Data && inner.Session == f.Session &&
		inner.Channel == f.Channel
}

// heardPublisher takes an answer of the publisher's.
func (a *answerers) heardPublisher(now reliable.Time, f, inner *frame.Frame) {
	st := a.stream
	st.stats.Answers++
	st.stats.Unanswered = 0
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
			a.lose(g.From, g.To, reliable.CauseTooLarge)
		} else {
			a.passOn(now, a.publisher(), g.From, g.To, reliable.CauseGone)
		}
	}
	st.extent.forgotten(now, f.OldestSeq, f.OldestOffset)
}

// heardHolder takes an answer of a holder's, which says nothing about the publisher.
func (a *answerers) heardHolder(now reliable.Time, of *inquiry, f, inner *frame.Frame) {
	st := a.stream
	of.hears(now)
	if f.Kind == frame.Repair {
		st.stats.Repairs++
		of.credit.proven = true
		of.req.Answered(now, f.Request)
		st.data(now, inner, handed)
		return
	}
	of.echo.note(now, f.Time)
	for _, g := range f.Ranges {
		if f.Kind == frame.Confirm {
			of.req.Confirmed(now, g)
		} else {
			a.passOn(now, of, g.From, g.To, reliable.CauseGone)
		}
	}
	if f.Kind == frame.Gone {
		of.holding.deny(f.OldestSeq)
		a.passOn(now, of, st.win.next, min(f.OldestSeq, st.win.high), reliable.CauseGone)
	}
}
