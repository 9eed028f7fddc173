package receive

import (
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
}

// TapeEnd is the end of a stream: EndBye, or EndSilent, behind which it may go on. EndOpen
// says that it goes on, or that the Receiver left it.
type TapeEnd struct {
	End reliable.End
	// Seq is one past the last frame, and Offset one past the last message.
	Seq, Offset uint64
	Cause       reliable.Cause
}

// tapeTitle hands the content of SESSION to the tape, for each of the session's streams.
func (s *session) tapeTitle() {
	if tape := s.r.cfg.Tape; tape != nil {
		for _, st := range s.streams {
			tape.Title(s.id, st.channel, s.title.told)
		}
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
