package receive

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// A Tape takes each stream as frames, in order and without a gap: each Frame and each Hole
// begins where the one before it ended. A Receiver calls it as Poll passes the frames, before
// it returns the events that they end. It copies what it keeps.
type Tape interface {
	// Title tells whose stream it is, once that is known, and when it has changed.
	Title(session uint64, channel uint32, t *reliable.Title)
	// Frame takes the next frame. f.Raw is its sealed bytes.
	Frame(session uint64, channel uint32, f *frame.Frame)
	// Hole takes the place of frames that won't come.
	Hole(session uint64, channel uint32, frames nack.Range, cause reliable.Cause)
	// End tells of an end, or of going on behind a silence.
	End(session uint64, channel uint32, e TapeEnd)
	// Full reports whether there is no room for a frame. The Receiver keeps what comes until
	// there is, or its own memory is full; Poll returns nothing meanwhile.
	Full() bool
	// Recorded returns how far a stream is in a log: the publisher takes that for the
	// recorder's position. It returns false for a stream that the log has nothing of.
	Recorded(session uint64, channel uint32) (Recorded, bool)
}

// Recorded is how far a stream is in a log: frames below Written survive the end of the process,
// those below Synced a loss of power, and Position is the one that a publisher waits for.
type Recorded struct {
	Position, Written, Synced uint64
}

// Recorded tells the Receiver that more of a stream is in the log.
func (r *Receiver) Recorded(session uint64, channel uint32) {
	s := r.session(session)
	if s == nil {
		return
	}
	st := s.stream(channel)
	switch {
	case st == nil:
	case st.over():
		if st.status.leaveDue != reliable.Never && st.position() >= st.win.next {
			st.status.leaveDue = min(st.status.leaveDue, r.now)
			s.touch(st)
			r.enliven(s)
		}
	case st.status.every != 0:
		st.status.progress()
		if log, ok := r.cfg.Tape.Recorded(session, channel); ok && log.Synced > st.status.synced {
			s.reports.soon()
		}
		r.enliven(s)
	}
}

// leaveRecorded puts off the last word to the publisher until all of the stream is in the log, or
// it has been hopeless for recordWait.
func (st *stream) leaveRecorded() {
	if st.r.cfg.Tape == nil || st.position() >= st.win.next {
		return
	}
	if _, log := st.r.cfg.Tape.Recorded(st.session.id, st.channel); log {
		st.status.leaveDue = st.status.leaveDue.Add(recordWait)
	}
}

const recordWait = 2 * time.Second

// Extent is how far a stream goes, as far as it is known.
type Extent struct {
	// Seq is one past the last frame, and Offset one past the last message.
	Seq, Offset uint64
	// Heard is when the publisher was last heard.
	Heard reliable.Time
	// Lives is false once the publisher is silent or has ended, though that may have yet to be
	// told, behind what is missing.
	Lives bool
	// Gaps is the number of gaps that are open.
	Gaps int
}

// Extent returns how far a stream goes, and false if it isn't known.
func (r *Receiver) Extent(session uint64, channel uint32) (Extent, bool) {
	s := r.table.byID[session]
	if s == nil {
		return Extent{}, false
	}
	st := s.stream(channel)
	if st == nil || st.phase == starting {
		return Extent{}, false
	}
	return Extent{
		Seq: st.win.high, Offset: st.stats.NextOffset, Heard: s.heard, Lives: st.hears(r.now),
		Gaps: st.asked.gaps(),
	}, true
}

// tapeFull reports whether nothing can be delivered, since the tape has no room.
func (r *Receiver) tapeFull() bool { return r.cfg.Tape != nil && r.cfg.Tape.Full() }

// TapeEnd is the end of a stream: EndBye, or EndSilent, behind which it may go on. EndOpen
// says that it goes on, or that the Receiver left it.
type TapeEnd struct {
	End reliable.End
	// Seq is one past the last frame, and Offset one past the last message.
	Seq, Offset uint64
	Cause       reliable.Cause
}

// tapeTitle hands the content of SESSION to the tape.
func (st *stream) tapeTitle() {
	if tape := st.r.cfg.Tape; tape != nil {
		tape.Title(st.session.id, st.channel, st.title.told)
	}
}

// tapeFrame hands the frame that was delivered to the tape.
func (st *stream) tapeFrame(f *frame.Frame) {
	if tape := st.r.cfg.Tape; tape != nil {
		tape.Frame(st.session.id, st.channel, f)
	}
}

// tapeHole hands the frames from one up to the next to the tape: they won't come.
func (st *stream) tapeHole(from uint64, cause reliable.Cause) {
	if tape := st.r.cfg.Tape; tape != nil && from < st.win.next {
		tape.Hole(st.session.id, st.channel, nack.Range{From: from, To: st.win.next}, cause)
	}
}

// tapeEnd hands a change of the stream's state to the tape.
func (st *stream) tapeEnd(m *mark) {
	if tape := st.r.cfg.Tape; tape != nil {
		tape.End(st.session.id, st.channel, TapeEnd{
			End: st.stats.End, Seq: st.win.next, Offset: st.cursor.offset, Cause: m.cause,
		})
	}
}
