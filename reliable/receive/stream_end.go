package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

// How a stream falls silent, resumes and ends.

// bye takes the publisher's word that no more will come.
func (st *stream) bye(now reliable.Time, f *frame.Frame) {
	if st.phase == starting {
		if !st.join.fromStart && (st.seek == nil || st.seek.what == 0) {
			st.drop() // it was over before this subscriber could hear anything
		}
		return // where it began is still to be learnt; BYE is repeated
	}
	if !st.extent.believes(now, f.NextSeq, f.NextOffset) {
		return // it ends there once that can be
	}
	if st.phase == live || st.deserted() {
		st.endAftermath(now)
		st.marks.place(mark{seq: st.win.high, offset: st.stats.NextOffset,
			kind: reliable.SessionEnded, cause: reliable.CauseEnded})
		st.become(left)
		st.session.reports.by(now.Add(st.r.rand.Duration(reliable.StatusMin / 5)))
		st.wake()
		if s := st.session; !st.taken.off && s.deaf() {
			s.doubt(now)
		}
	}
}

// fallSilent reports the known gaps lost and says that the publisher is
// gone, for now.
func (st *stream) fallSilent(now reliable.Time) {
	switch st.phase {
	case starting:
		if q := st.seek; q != nil {
			st.endSeek()
			if st.found(now, q); st.phase != starting {
				break
			}
		}
		switch e := st.early; {
		case e != nil && (!st.placed || st.join.fromStart):
			st.begin(now, e.oldestSeq, e.oldestOffset, true)
		case st.placed:
			st.begin(now, st.win.next, 0, false)
		default:
			st.drop()
			st.become(unheard)
			return
		}
	case left:
		st.asked.passOn(now, st.asked.publisher(), st.win.next, st.win.high, reliable.CauseEnded)
		return
	}
	if !st.taken.off && st.holdInquest(now, st.beginning()) {
		return
	}
	st.become(silent)
	if st.taken.off {
		st.status.wantDue = reliable.Never
	}
	for _, q := range st.asked.list[1:] {
		st.extent.testify(now, q)
	}
	st.asked.passOn(now, st.asked.publisher(), st.win.next, st.win.high, reliable.CauseSilent)
	st.marks.place(mark{seq: st.win.high, offset: st.stats.NextOffset, kind: reliable.SessionSilent,
		cause: reliable.CauseSilent})
	st.session.reports.hush()
	st.wake()
}

// resume takes up a silent stream where it was left.
func (st *stream) resume(now reliable.Time) {
	one := mark{seq: st.win.high, kind: reliable.SessionResumed, of: st.aftermath}
	if st.phase == orphaned { // its silence wasn't told yet
		one.seq = st.marks.soon(st.win.next)
	}
	st.become(live)
	st.endAftermath(now)
	st.stats.Resumed++
	st.marks.place(one)
	due := now.Add(st.r.rand.Duration(reliable.StatusMin / 5))
	if p := &st.session.reports; st.session.several() {
		p.by(due)
	} else {
		p.due = due
	}
	st.wake()
}

// close ends the stream here, though it goes on at the publisher.
func (st *stream) close() {
	st.session.touch(st)
	if !st.over() || st.status.every != 0 && st.r.now.Sub(st.session.heard) < farewellTime {
		st.status.leaveDue = st.r.now
	}
	if st.over() || st.phase == starting {
		st.drop()
		return
	}
	st.asked.lose(st.win.next, st.win.high, reliable.CauseClosed)
	st.endAftermath(st.r.now)
	if st.phase == live || st.phase == orphaned {
		st.marks.place(mark{seq: st.win.high, offset: st.stats.NextOffset,
			kind: reliable.SessionEnded, cause: reliable.CauseClosed})
	}
	st.wake()
}

// yield gives up missing messages, so that the session's place in the table gets free.
func (st *stream) yield() {
	st.asked.lose(st.win.next, st.win.high, reliable.CauseMemory)
	st.endAftermath(st.r.now)
	if st.phase != silent {
		st.marks.place(mark{
			seq: st.win.high, offset: st.stats.NextOffset, kind: reliable.SessionSilent,
			cause: reliable.CauseMemory,
		})
	}
	st.become(silent)
	st.session.reports.hush()
	st.wake()
}

// announceChange places an event about the session, which changes nothing in its streams, into
// one of them.
func (s *session) announceChange(kind reliable.EventKind, from netip.AddrPort) {
	s.announceMark(mark{kind: kind, from: from})
}

// announceMark places an event into one of the session's streams, and reports whether it did.
func (s *session) announceMark(one mark) bool {
	for _, st := range s.streams {
		if st.phase == starting || st.phase == left || st.over() || len(st.marks) >= maxMarks/2 {
			continue
		}
		one.seq = st.win.high
		st.marks.place(one)
		st.wake()
		return true
	}
	return false
}
