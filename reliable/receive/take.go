package receive

import (
	"slices"

	"crier/reliable"
)

// Streams behind a Gate. One that isn't taken is overheard: what comes of it tells how far it is,
// that its publisher lives, and where it ends. Nothing of it is kept, asked for, or delivered.

// takes says whether a stream is taken. Its zero value is that of a Receiver without a Gate.
type takes struct {
	// off says that it isn't.
	off bool
	// known is one past the highest frame that was known when it was taken, and unheard says that
	// nothing has told of it since then, as its group wasn't joined before.
	known   uint64
	unheard bool
	// one says that it is for the message at offset last only: of its frames, those from first on
	// and before to are asked for.
	one             bool
	last, first, to uint64
}

// edge returns a limit of what is asked for: where it is for one message, no frame beyond it. How
// many frames it has isn't known.
func (st *stream) edge(limit uint64) uint64 {
	t, next := &st.taken, st.win.next
	if !t.one {
		return limit
	}
	if next >= t.to && st.cursor.offset <= t.last {
		t.to = next + max(1, next-t.first)
	}
	return min(limit, max(t.to, next))
}

// Inquire asks for the SESSION of a session, which is heard. It may be lost, and asked for again.
func (r *Receiver) Inquire(now reliable.Time, session uint64) {
	s := r.table.byID[session]
	if s == nil || s.title.known || s.place.away || r.closed || s.own.over() {
		return
	}
	r.Keep()
	r.tick(now)
	s.own.status.want(now)
	s.touch(&s.own)
	r.enliven(s)
}

// hearsTaken notes that a stream was heard, where there is a Gate.
func (st *stream) hearsTaken() {
	t := &st.taken
	if t.off {
		st.status.wantDue = reliable.Never
	}
	if t.unheard {
		t.unheard, t.known = false, max(t.known, st.win.high)
		st.status.wantDue = reliable.Never
	}
}

// Take follows a stream from the frame seq on, of which the messages below offset are passed over:
// what was sent before is asked for. It may be taken already, and be elsewhere. It returns false
// where it can't be followed, which may change: nothing was heard of its session, or its publisher
// is silent. Only for a Receiver with a Gate.
func (r *Receiver) Take(now reliable.Time, session uint64, channel uint32,
	seq, offset uint64) bool {
	return r.takeStream(now, session, channel, seq, offset, false)
}

// Fetch is Take for the message at the offset alone: no frames beyond it are asked for.
func (r *Receiver) Fetch(now reliable.Time, session uint64, channel uint32,
	seq, offset uint64) bool {
	return r.takeStream(now, session, channel, seq, offset, true)
}

func (r *Receiver) takeStream(now reliable.Time, session uint64, channel uint32,
	seq, offset uint64, one bool) bool {
	r.Keep()
	r.tick(now)
	s := r.table.byID[session]
	if s == nil || r.cfg.Gate == nil || r.closed || s.place.away ||
		channel >= uint32(s.partitions()) || s.topic != nil && !s.topic.wants(channel) {
		return false
	}
	st := s.stream(channel)
	if st == nil {
		if !r.table.admits(s) {
			r.stats.Refused++
			return false
		}
		st = s.add(now, channel)
		for _, h := range r.cfg.Holders {
			st.asked.admit(now, h)
		}
		for _, h := range s.holders {
			st.asked.admit(now, h)
		}
	}
	if !st.take(now, seq, offset, one) {
		return false
	}
	r.topics.regroup(s)
	s.touch(st)
	r.enliven(s)
	return true
}

// Leave follows a stream no more, and frees its memory. It is overheard again.
func (r *Receiver) Leave(now reliable.Time, session uint64, channel uint32) {
	r.Keep()
	r.tick(now)
	st := r.streamOf(session, channel)
	if st == nil || r.cfg.Gate == nil || st.taken.off {
		return
	}
	st.letGo()
	r.topics.regroup(st.session)
	st.wake()
	r.enliven(st.session)
}

// Wake has a stream polled whose messages waited for the Gate.
func (r *Receiver) Wake(session uint64, channel uint32) {
	if st := r.streamOf(session, channel); st != nil {
		st.wake()
	}
}

// partitions returns how many partitions the session has, as far as is known.
func (s *session) partitions() int { return max(1, s.layout.Partitions, len(s.streams)) }

// take moves delivery to a place.
func (st *stream) take(now reliable.Time, seq, offset uint64, one bool) bool {
	c, w := &st.cursor, &st.win
	first := max(seq, w.next)
	switch {
	case st.deserted(), st.phase == unheard, st.phase == ended && st.stats.End != reliable.EndBye:
		return false
	case !st.taken.off && c.known && c.offset <= offset && st.phase < ended:
		t := &st.taken
		t.one, t.last, t.first, t.to = one, offset, first, first+1
		st.passTo(now, seq, offset)
		st.room.limit(now)
		return true
	}
	high := max(seq, w.high)
	was := c.offset
	st.empty()
	w.next, w.high, st.placed = seq, high, true
	if m := st.marks; len(m) > 0 && m[0].kind == reliable.SessionNew {
		m[0].seq = min(m[0].seq, seq) // it comes before all that is asked for
	}
	st.base, st.taken = seq, takes{known: high, unheard: st.session.layout.Groups > 1,
		one: one, last: offset, first: seq, to: seq + 1}
	st.room.limit(now)
	st.req.Missing(now, seq, high)
	switch st.phase {
	case starting:
		st.begin(now, seq, offset, false)
		st.stats.FirstOffset, was = offset, offset
	case ended:
		st.become(left)
		st.stats.End = reliable.EndOpen
		st.marks.place(mark{seq: high, offset: st.stats.NextOffset, kind: reliable.SessionEnded,
			cause: reliable.CauseEnded, early: true}) // it was told
	}
	n := &st.stats
	if offset < was {
		n.Retaken += was - max(offset, n.FirstOffset)
		n.FirstOffset = min(n.FirstOffset, offset)
	} else {
		n.Skipped += offset - was
	}
	n.NextOffset = max(n.NextOffset, offset)
	c.offset, c.known, c.tail = offset, true, true
	st.expect(now)
	st.session.reports.soon()
	if st.taken.unheard && st.phase == live {
		st.status.want(now)
	}
	st.wake()
	return true
}

// passTo has a stream that is taken go on at a place that may lie ahead.
func (st *stream) passTo(now reliable.Time, seq, offset uint64) {
	c, w := &st.cursor, &st.win
	if seq > w.next && w.next < w.high {
		c.whole.stop(&st.r.mem)
		c.unload()
		c.kept, c.lossPending = false, false
		to := min(seq, w.high)
		for one := w.next; one < to && w.count > 0; one++ {
			p := w.at(one)
			if p == nil {
				break
			}
			w.free(p)
		}
		st.asked.forget(w.next, to)
		w.moveTo(to)
		st.room.limit(now)
	}
	c.skip(offset)
	st.wake()
}

// letGo frees what a stream holds, and has it overheard from its end on.
func (st *stream) letGo() {
	over := st.over()
	st.abandon()
	st.endSeek()
	st.empty()
	st.taken = takes{off: true}
	st.win.moveTo(st.win.high)
	if c := &st.cursor; !over {
		c.skip(st.stats.NextOffset)
	}
	if st.phase == orphaned {
		st.become(silent)
		st.marks.place(mark{seq: st.win.high, kind: reliable.SessionSilent,
			cause: reliable.CauseSilent})
	}
}

// empty frees the memory of what waits, and forgets what is missing.
func (st *stream) empty() {
	c := &st.cursor
	c.whole.stop(&st.r.mem)
	c.unload()
	st.win.release()
	st.asked.release()
	st.dismissArbiter()
	stop, wall, stops := c.stop, c.stopWall, c.stopsAt
	*c = cursor{stream: st, known: c.known, offset: c.offset, stop: stop, stopWall: wall,
		stopsAt: stops, whole: reassembly{pieces: c.whole.pieces}}
	st.extent.landmarks = nil
	st.room.cut, st.room.limited = 0, 0
}

// overhear takes a frame of a stream that isn't taken, or the word of where the next one begins.
func (st *stream) overhear(now reliable.Time, seq, offset uint64, from origin) {
	switch {
	case st.phase == left && seq > st.win.high:
		st.stats.Late++
		return
	case st.phase == starting && from != original:
		return
	case st.phase == starting:
		st.noteSender(now, from)
		st.session.credit.proven = true
		st.begin(now, seq, offset, true)
		return
	case !st.extent.believes(now, seq, offset):
		st.stats.Beyond++
		return
	}
	st.noteSender(now, from)
	if from != handed {
		st.session.credit.proven = true
	}
	st.extent.begins(seq, offset)
	st.extent.exists(now, seq)
}

// follow has a stream that isn't taken be where it ends.
func (st *stream) follow(seq, offset uint64) {
	if seq > st.win.high {
		st.win.high = seq
		st.win.moveTo(seq)
	}
	if c := &st.cursor; c.known {
		c.skip(offset)
	}
}

// skip passes over the messages below an offset: they are others'.
func (c *cursor) skip(to uint64) {
	if to > c.offset {
		c.stream.stats.Skipped += to - c.offset
		c.moveTo(to)
		c.stream.stats.NextOffset = max(c.stream.stats.NextOffset, to)
	}
}

// pass returns what becomes of the messages from one on, where the gate is asked.
func (st *stream) pass(offset uint64) (Verdict, *reliable.Grant, uint64) {
	v, g, to := st.r.cfg.Gate.Pass(st.session.id, st.channel, offset)
	return v, g, max(to, offset+1)
}

// early tells a change of the session's though messages before it wait for the gate: nobody else
// tells the member why it waits.
func (c *cursor) early(ev *reliable.Run) bool {
	st := c.stream
	for i := range st.marks {
		m := st.marks[i]
		switch m.kind {
		case reliable.SessionNew, reliable.SessionEnded, reliable.SessionAmended:
			return false // what comes before is told first
		case reliable.SessionSilent:
			if m.early {
				continue
			}
			st.marks[i].early = true // it has yet to name what is lost
		default:
			st.marks = append(st.marks[:i], st.marks[i+1:]...)
		}
		st.tellMark(ev, &m)
		return true
	}
	return false
}

// Untold reports whether a stream that is known has yet to tell SessionNew.
func (r *Receiver) Untold(session uint64, channel uint32) bool {
	st := r.streamOf(session, channel)
	return st != nil && (!st.stats.Begun || slices.ContainsFunc(st.marks, func(m mark) bool {
		return m.kind == reliable.SessionNew
	}))
}
