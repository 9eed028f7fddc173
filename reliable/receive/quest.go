package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// A quest is a question that FIND asks, up to three times: where a stream begins, which waits
// for the answer, or whether there are sessions of before.
type quest struct {
	// The topic at whose home group is asked; nil: at the groups of the configuration.
	of *followed
	// The session that is asked about; 0 is any.
	session uint64
	channel uint32
	// The stream that is to begin, or nil.
	stream *stream
	// The stream has begun, and holders are looked for that have what it misses.
	holders bool
	// The question; 0 is none: the stream waits for its title.
	what  frame.What
	value uint64
	// The number of the last FIND, how many were sent, and when the next one is due.
	request uint64
	rounds  int
	due     reliable.Time
	// Somebody answered; and somebody has the place, and hasn't told it yet.
	answered bool
	covered  bool

	// Where a consumer was in this session; nil: nowhere.
	at *reliable.Position
	// The first message that must not be missed in silence, if there is one.
	promised position
	// The oldest place that somebody has, and whether that is the place that is wanted.
	best  position
	exact bool
}

// wait returns how long answers are waited for.
func (q *quest) wait() time.Duration {
	if q.stream == nil {
		return questWait
	}
	return max(questWait, 4*q.stream.req.RTT().Smoothed())
}

// enough reports whether no further round is needed.
func (q *quest) enough() bool {
	if q.stream == nil { // a DIGEST of another session may have been lost
		return q.answered && q.rounds >= 2
	}
	if q.holders {
		return len(q.stream.asked.list) > 2
	}
	return q.rounds > 0 && q.answered && !q.covered
}

// take takes a DIGEST of the stream's session, and reports whether it tells where the stream
// begins for sure.
func (q *quest) take(f *frame.Frame) bool {
	d := f.Digest
	q.answered = q.answered || f.Request == q.request && q.request != 0
	oldest := position{true, f.OldestSeq, f.OldestOffset}
	whole := d.Wall != 0 && f.OldestSeq <= d.FirstSeq
	if whole { // nothing comes before the first, whatever the holder says
		oldest = position{true, d.FirstSeq, d.FirstOffset}
	}
	at := d.At && f.Request != 0 // else it is where an inquest began
	switch q.what {
	case frame.FindOffset:
		switch {
		case q.at != nil:
			q.exact = q.exact || f.OldestSeq <= q.at.Seq
		case at && d.AtSeq >= f.OldestSeq && d.AtSeq <= f.NextSeq && d.AtOffset <= q.value &&
			f.OldestOffset <= q.value:
			q.best, q.exact = position{true, d.AtSeq, q.value}, true
		case f.OldestOffset <= q.value && q.value < f.NextOffset:
			q.covered = true
		case whole && q.value <= f.OldestOffset:
			q.best, q.exact = oldest, true
		}
	case frame.FindTime:
		if at && d.AtSeq >= f.OldestSeq && d.AtSeq <= f.NextSeq &&
			(d.AtSeq > f.OldestSeq || whole) {
			q.best, q.exact = position{true, d.AtSeq, d.AtOffset}, true
		}
		q.covered = q.covered || !at
	default:
		if whole {
			q.best, q.exact = oldest, true
		}
	}
	switch {
	case q.exact:
		q.covered = false
	case d.Role == frame.Publisher: // what it holds has moved on when the quest ends
	case !q.best.known || oldest.seq < q.best.seq:
		q.best = oldest
	}
	return q.exact
}

// end ends the quest: there are no more answers.
func (q *quest) end(r *Receiver, now reliable.Time) {
	if q.holders {
		q.stream.waits = nil
		q.stream.asked.endExpected(now)
		return
	}
	if st := q.stream; st != nil {
		st.seek = nil
		st.found(now, q)
		return
	}
	r.lookedFor(now, q)
}

// found begins the stream where a quest has found its place, or else at the oldest that is
// known.
func (st *stream) found(now reliable.Time, q *quest) {
	st.session.touch(st)
	if st.phase != starting {
		return
	}
	at, cause := q.best, reliable.CauseGone
	if !q.answered {
		cause = reliable.CauseNoHolder
	}
	if q.at != nil {
		at = position{true, q.at.Seq, q.at.Offset}
	} else if own := st.oldestKnown(); own.known && !q.exact && (!at.known || own.seq < at.seq) {
		at = own
	}
	if !at.known {
		return // it begins with what comes, as at the latest
	}
	if q.what == frame.FindTime && q.exact && !st.session.source.IsValid() && at.seq >= st.end() {
		st.drop() // it was over by then
		return
	}
	if q.what == frame.FindOffset {
		at.offset = max(at.offset, q.value) // what comes before is passed over
	}
	promised := q.promised
	if promised.known && promised.offset < at.offset {
		st.missed = missed{to: at.offset, cause: cause}
		at.offset = promised.offset
	}
	st.begin(now, at.seq, at.offset, true)
	st.room.limit(now)
	if !st.session.source.IsValid() {
		st.conclude(now)
	} else {
		st.expect(now)
	}
	st.r.enliven(st.session)
}

// oldestKnown returns the oldest place that the publisher told of, or that came from it.
func (st *stream) oldestKnown() position {
	if e := st.early; e != nil {
		return position{true, e.oldestSeq, e.oldestOffset}
	}
	return position{}
}

// missed is a loss that is told at the beginning of a stream: what was wanted, and nobody had.
// The zero value is none.
type missed struct {
	to    uint64
	cause reliable.Cause
}

// end returns one past the last frame that holders tell of.
func (st *stream) end() (seq uint64) {
	for _, q := range st.asked.list[1:] {
		seq = max(seq, q.holding.next.seq)
	}
	return seq
}

// conclude fixes the end of a stream that has no publisher, as far as holders know it.
func (st *stream) conclude(now reliable.Time) {
	end, byPublisher := position{seq: st.win.high, offset: st.stats.NextOffset}, false
	for _, q := range st.asked.list[1:] {
		if h := &q.holding; h.known && h.next.seq-min(h.next.seq, h.upTo) <= nearEvidence &&
			h.next.seq >= end.seq {
			end, byPublisher = h.next, h.ended
		}
	}
	st.extent.exists(now, end.seq)
	st.extent.begins(end.seq, end.offset)
	st.become(silent)
	st.status.wantDue = reliable.Never
	st.session.reports.hush()
	one := mark{seq: st.win.high, offset: st.stats.NextOffset, kind: reliable.SessionSilent,
		cause: reliable.CauseSilent}
	if byPublisher {
		one.kind, one.cause = reliable.SessionEnded, reliable.CauseEnded
	}
	st.marks.place(one)
	st.wake()
}
