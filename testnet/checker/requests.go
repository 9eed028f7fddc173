package checker

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// requests is what a subscriber asked a session for, and was told to wait for.
type requests struct {
	*pair

	frames    []requested // by sequence number
	request   uint64      // the last one
	ranges    []nack.Range
	nacks     []rangesAt // that it sent lately
	confirmed bool       // a CONFIRM was heard
}

// requested is how often a frame was asked for, when first, and when it was confirmed last.
type requested struct {
	times     uint32
	first     reliable.Time // 0: never
	confirmed reliable.Time // 0: never
}

func (r *requests) frame(seq uint64) *requested {
	i := seq - r.s.FirstSeq
	for uint64(len(r.frames)) <= i {
		r.frames = append(r.frames, requested{})
	}
	return &r.frames[i]
}

// firstAt returns when a frame was asked for first, or 0. Where there was no room for
// it, or it wasn't known yet where the session begins, it counts as missing from then on;
// of parts that grow while there is no room the last counts.
func (r *requests) firstAt(seq uint64) reliable.Time {
	if i := seq - r.s.FirstSeq; i < uint64(len(r.frames)) {
		return r.frames[i].first
	}
	return 0
}

// issued reports whether a request is one of the subscriber's: the answer to another's
// tells it nothing.
func (r *requests) issued(request uint64) bool {
	return r.request != 0 && request>>32 == r.request>>32 && uint32(request) <= uint32(r.request)
}

// confirm notes what the subscriber was told to wait for.
func (r *requests) confirm(now reliable.Time, f *frame.Frame) {
	r.confirmed = true
	for _, x := range f.Ranges {
		for x = x.Clip(r.s.FirstSeq, r.t.next()); x.From < x.To; x.From++ {
			r.frame(x.From).confirmed = now
		}
	}
}

// judgeRequest asks whether the numbers of requests grow, and each asks for a frame once,
// and reports whether a NACK passes.
func (r *requests) judgeRequest(f *frame.Frame) bool {
	switch {
	case r.request != 0 && f.Request < r.request:
		r.fail("request %x comes after %x", f.Request, r.request)
	case f.Request != r.request:
		r.request, r.ranges = f.Request, nil
	}
	for _, x := range f.Ranges {
		for _, before := range r.ranges {
			if twice := before.Clip(x.From, x.To); twice.Len() > 0 {
				r.fail("it asks for frames %v twice in request %x", twice, f.Request)
				return false
			}
		}
	}
	r.ranges = append(r.ranges, f.Ranges...)
	return true
}

// note remembers the ranges of a NACK, and forgets old ones.
func (r *requests) note(now reliable.Time, ranges []nack.Range) {
	if n := len(r.nacks); n > 64 && now.Sub(r.nacks[n/2].at) > keepLog {
		r.nacks = trimRanges(r.nacks, r.nacks[n/2].at)
	}
	r.nacks = append(r.nacks, rangesAt{at: now, sent: now, ranges: ranges})
}

// count returns how often a frame was asked for lately.
func (r *requests) count(seq uint64) int {
	n := 0
	for i := range r.nacks {
		if r.nacks[i].contains(seq) {
			n++
		}
	}
	return n
}

// any reports whether any of the frames [from, to) was asked for lately.
func (r *requests) any(from, to uint64) bool {
	for i := range r.nacks {
		if within(r.nacks[i].ranges, from, to) {
			return true
		}
	}
	return false
}
