package recorder

import (
	"fmt"
	"log/slog"

	"crier/reliable"
	"crier/reliable/record"
)

// logEvents logs events, on a goroutine of its own: a Logger may block.
func (r *Recorder) logEvents() {
	for list := range r.told {
		for i := range list {
			r.log(&list[i])
		}
	}
}

// logCertificate logs what the survivors of a publisher found.
func logCertificate(to *slog.Logger, e *record.Event, session slog.Attr) {
	c := e.Certificate
	switch {
	case c.Withdrawn:
		to.Warn("crier: a publisher is heard again; the certificate of its survivors is withdrawn",
			session, "certificate", c.Number)
	case len(c.Live) > 0:
		to.Warn("crier: a publisher isn't heard here, and others hear it", session,
			"members", len(c.Live))
	case e.Kind == record.Amended:
		to.Warn("crier: the survivors of a publisher amend their certificate", session,
			"certificate", c.Number, "members", len(c.Members), "messages", c.LostMessages,
			"frames", c.Found)
	default:
		to.Warn("crier: the survivors of a publisher certify what is lost", session,
			"certificate", c.Number, "members", len(c.Members), "messages", c.LostMessages)
	}
}

func (r *Recorder) log(e *record.Event) {
	to := r.cfg.Logger
	session := slog.String("session", reliable.SessionID(e.Key.Session).String())
	dir := slog.String("directory", r.cfg.Dir)
	frames := slog.String("frames", fmt.Sprintf("%d-%d", e.Frames.From, e.Frames.To-1))
	switch e.Kind {
	case record.Recording:
		to.Info("crier: a session is recorded", session)
	case record.StreamEnded:
		to.Info("crier: a session ended", session, "cause", e.Cause.String())
	case record.InquestHeld:
		to.Warn("crier: a publisher isn't heard any more; its survivors tell each other what they "+
			"have", session)
	case record.Certified, record.Amended:
		logCertificate(to, e, session)
	case record.HoleNamed:
		to.Warn("crier: the log lacks frames", session, frames, "cause", e.Cause.String())
	case record.DiskFailed:
		if e.Full {
			to.Error("crier: the disk is full, and nothing of the log can make room; the stream "+
				"goes on, and the log names what it lacks", dir, "error", e.Err)
		} else {
			to.Error("crier: the log can't be written; the stream goes on, and the log names "+
				"what it lacks", dir, "error", e.Err)
		}
	case record.DiskBack:
		to.Warn("crier: the log is written again", dir)
	case record.WrittenAgain:
		to.Error("crier: the log can't be synced; what was written since the last sync is "+
			"written again, to another file", session, dir, "error", e.Err)
	case record.WriteFailed:
		to.Error("crier: a file of the log can't be written; another one is begun", session, dir,
			"error", e.Err)
	case record.ReadFailed:
		to.Error("crier: the log can't be read; subscribers are told that it lacks frames",
			session, frames, dir, "error", e.Err)
	case record.Forked:
		to.Warn("crier: offsets were used twice: a publisher began with some that another "+
			"session of its stream had used; the log keeps both", session,
			slog.String("previous_session", e.Other.String()),
			"offsets", fmt.Sprintf("%d-%d", e.Offsets.From, e.Offsets.To-1))
	case record.Contested:
		to.Warn("crier: two publishers of the same name run at once; the log keeps both", session,
			slog.String("other_session", e.Other.String()))
	case record.Damaged:
		to.Error("crier: frames of the log are damaged", session, frames, dir)
	}
}
