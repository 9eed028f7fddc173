package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// The beginning of a stream for this subscriber, and its knowledge before that.

// announce takes the part of SESSION that is about the stream.
func (st *stream) announce(now reliable.Time, f *frame.Frame) {
	if !st.first.known {
		st.first = position{true, f.FirstSeq, f.FirstOffset}
	}
	switch {
	case st.phase != starting:
	case st.join.fromStart, st.taken.off:
		st.begin(now, f.FirstSeq, f.FirstOffset, true)
	case st.placed && st.join.start == reliable.Latest && st.seek == nil:
		st.begin(now, st.win.next, 0, false)
	}
}

// begin fixes where the stream begins for this subscriber. Where the offset is
// not known, the first frame tells it.
func (st *stream) begin(now reliable.Time, seq, offset uint64, offsetKnown bool) {
	if !st.placed {
		st.win.next, st.win.high, st.placed = seq, seq, true
	} else if seq < st.win.next && st.win.high-seq <= st.room.span() {
		st.req.Missing(now, seq, st.win.next)
		st.win.lower(seq)
	} else if seq < st.win.next {
		// What came lies too far ahead to be kept: it is asked for again.
		high := st.win.high
		st.stats.NoRoom += uint64(st.win.count)
		st.release()
		st.win.next, st.win.high = seq, high
		st.req.Missing(now, seq, high)
	} else if seq > st.win.next {
		// The publisher contradicts itself; its data counts.
		offsetKnown = false
	}
	st.become(live)
	st.stats.Begun = true
	st.base = st.win.next
	st.status.wantDue = reliable.Never
	if offsetKnown {
		st.cursor.startAt(offset)
	}
	st.marks.place(mark{seq: st.win.next, kind: reliable.SessionNew})
	// messages from before that was known have waited for it only
	if st.r.cfg.Order == reliable.OnArrival {
		for seq := st.win.next; st.win.at(seq) != nil; seq++ {
			if st.win.has(seq) {
				st.cursor.ahead.arrive(seq)
			}
		}
	}
	if e := st.early; e != nil {
		st.early = nil
		st.asked.oldest = max(st.asked.oldest, e.oldestSeq)
		st.extent.tell(now, e.nextSeq, e.nextOffset)
	}
	st.wake()
}

// startWith decides, at the first DATA frame, where to begin.
func (st *stream) startWith(now reliable.Time, f *frame.Frame) {
	w := &st.win
	switch {
	case st.join.fromStart && st.first.known:
		st.begin(now, st.first.seq, st.first.offset, true)
	case st.join.fromStart || st.join.start == reliable.Oldest || st.seek != nil:
		// It waits until SESSION, HEARTBEAT or a DIGEST tells where to begin.
		if !st.placed {
			w.next, w.high, st.placed = f.Seq, f.Seq, true
			if st.seek == nil || !st.title.known {
				st.status.want(now)
			}
		} else if f.Seq < w.next && w.high-f.Seq <= st.room.span() {
			st.req.Missing(now, f.Seq, w.next)
			w.lower(f.Seq)
		}
	default:
		st.begin(now, f.Seq, 0, false)
	}
}

// silentSoFar reports whether nothing came of the stream: its session was opened by the SESSION of
// a partition that isn't wanted.
func (st *stream) silentSoFar() bool {
	return st.phase == starting && !st.placed && !st.title.known && st.early == nil &&
		st.seek == nil
}

// drop forgets a stream of which nothing was delivered.
func (st *stream) drop() {
	st.endSeek()
	st.abandon()
	st.release()
	st.become(ended)
}
