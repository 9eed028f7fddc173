package receive

import (
	"testing"

	"crier/reliable/frame"
)

// The place at which an inquest began is no answer to a question for a place.
func TestPlaceOfAnInquestAnswersNothing(t *testing.T) {
	for _, c := range []struct {
		what  frame.What
		value uint64
	}{{frame.FindTime, 5}, {frame.FindOffset, 50}} {
		f := frame.Frame{Kind: frame.Digest, Request: 7, NextSeq: 100, NextOffset: 100,
			Digest: &frame.DigestBody{Role: frame.Recorder, Position: 100, To: 100, At: true,
				AtSeq: 40, AtOffset: 40}}
		answered := &quest{what: c.what, value: c.value, request: 7}
		if exact := answered.take(&f); !exact || answered.best.seq != 40 {
			t.Errorf("%v: an answer tells %+v", c.what, answered)
		}
		f.Request = 0
		if q := (&quest{what: c.what, value: c.value, request: 7}); q.take(&f) || q.answered {
			t.Errorf("%v: a word in an inquest tells %+v", c.what, q)
		}
	}
}
