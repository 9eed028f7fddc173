package receive

import (
	"net/netip"
	"slices"

	"crier/nack"
	"crier/reliable"
)

// mark is a change of a stream's state, placed where it comes in the stream.
type mark struct {
	// It comes before this frame, when all messages below the offset have come, or are
	// lost.
	seq    uint64
	offset uint64
	kind   reliable.EventKind
	cause  reliable.Cause
	// Of a change that concerns another address; else invalid.
	from netip.AddrPort
	// Of a change that concerns a feed.
	feed int
	// An event told of it, and it has yet to name what is lost before it.
	early bool
	// Of a change that concerns another session, and offsets of both.
	other   uint64
	offsets nack.Range
	// Of the end of an inquest, and of what amends or withdraws it.
	of          *aftermath
	certificate *reliable.Certificate
}

// marks are the changes of state that wait for the application, in order.
type marks []mark

// maxMarks bounds them.
const maxMarks = 16

// place puts a change of state into the stream.
func (m *marks) place(one mark) {
	if n := len(*m); n >= maxMarks {
		// An application that takes nothing while its publisher comes and goes
		// learns of the latest change only.
		(*m)[n-1] = one
		return
	}
	*m = append(*m, one)
}

// withdraw takes out an event about a feed, and reports whether it was there.
func (m *marks) withdraw(kind reliable.EventKind, feed int) bool {
	i := slices.IndexFunc(*m, func(one mark) bool { return one.kind == kind && one.feed == feed })
	if i < 0 {
		return false
	}
	*m = slices.Delete(*m, i, i+1)
	return true
}

// soon returns where a change of state comes that is placed now and is to be told as soon as may
// be: before the next frame, but behind the other changes.
func (m marks) soon(next uint64) uint64 {
	if n := len(m); n > 0 {
		return max(next, m[n-1].seq)
	}
	return next
}

// extend moves an end that was placed behind the last known frame to where the stream is known
// to end now. It reports false if there is none.
func (m marks) extend(from uint64, end position) (moved bool) {
	for i := range m {
		if one := &m[i]; one.seq == from &&
			(one.kind == reliable.SessionSilent || one.kind == reliable.SessionEnded) {
			one.seq, one.offset, moved = end.seq, max(one.offset, end.offset), true
		}
	}
	return moved
}

// before reports whether a change of state comes before frame seq.
func (m marks) before(seq uint64) bool { return len(m) > 0 && m[0].seq <= seq }

// pass takes the first change out.
func (m *marks) pass() { *m = append((*m)[:0], (*m)[1:]...) }

// stepMark passes a change of state, after naming the losses before it.
func (c *cursor) stepMark(ev *reliable.Run) bool {
	st := c.stream
	m := st.marks[0]
	if m.kind == reliable.SessionSilent || m.kind == reliable.SessionEnded ||
		m.kind == reliable.SessionAmended {
		if !c.known {
			c.startAt(m.offset)
		}
		cause := m.cause
		if m.certificate != nil && m.certificate.Number > 0 {
			cause = reliable.CauseNobody
		}
		if c.lossPending {
			cause = c.lossCause
		}
		c.lossPending = false
		c.whole.stop(&st.r.mem)
		to := m.offset
		if m.kind == reliable.SessionEnded { // numbers that a lying publisher put beyond
			to = max(to, c.ahead.given.end())
		}
		if c.lose(to, cause); c.stepLoss(ev) {
			return true
		} else if c.waits {
			return false
		}
	}
	st.marks.pass()
	st.tellMark(ev, &m)
	return !m.early
}

// tellMark fills in the event about a change of state, and makes it.
func (st *stream) tellMark(ev *reliable.Run, m *mark) {
	c := &st.cursor
	st.event(ev, m.kind, st.r.now)
	ev.Seq, ev.Cause = st.win.next, m.cause
	ev.Other, ev.Lost = reliable.SessionID(m.other), m.offsets
	ev.Feed = m.feed
	if m.from.IsValid() {
		ev.Source = m.from
	}
	switch m.kind {
	case reliable.SessionEnded:
		st.stats.End = reliable.EndOpen
		if m.cause == reliable.CauseEnded {
			st.stats.End = reliable.EndBye
		}
		st.abandon()
		st.release()
		st.become(ended)
		if m.cause == reliable.CauseEnded {
			st.status.leaveDue = st.r.now
			if st.req.GroupSize() > nack.SmallGroup { // all hear the same BYE
				st.status.leaveDue = st.status.leaveDue.Add(
					st.r.rand.Duration(st.session.reports.gap()))
			}
			st.leaveRecorded()
		}
	case reliable.SessionSilent, reliable.SessionAmended:
		st.stats.End = reliable.EndSilent
		if m.of != nil {
			ev.Certificate = m.of.tell(m.certificate)
		}
		if st.phase == silent && len(st.marks) == 0 && (m.of == nil || st.win.next >= st.win.high) {
			st.release()
		}
	case reliable.SessionResumed:
		st.stats.End = reliable.EndOpen
		if m.of != nil {
			ev.Certificate = m.of.withdrawn()
		}
	default:
		if m.kind == reliable.SessionNew && st.missed.cause != 0 {
			c.lose(st.missed.to, st.missed.cause)
		}
		return
	}
	st.tapeEnd(m)
}
