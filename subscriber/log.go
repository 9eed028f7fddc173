package subscriber

import (
	"fmt"
	"log/slog"
	"time"
)

// log tells an operator what happens to sessions, and of losses, the first at
// once and then a sum a second.
type log struct {
	to      *slog.Logger
	silent  time.Time // no loss is logged before
	lost    uint64    // not logged yet
	reports uint64
}

const lossEvery = time.Second

func (l *log) note(ev *Event) {
	if ev.Kind == Message {
		return
	}
	session := slog.String("session", fmt.Sprintf("%016x", ev.Session))
	source := slog.Any("source", ev.Source)
	switch ev.Kind {
	case Loss:
		l.lost += ev.Lost.Len()
		l.reports++
		if ev.Received.Before(l.silent) {
			return
		}
		l.to.Warn("crier: messages are lost", session, source, "lost", l.lost, "reports", l.reports,
			"from", ev.Lost.From, "to", ev.Lost.To, "cause", ev.Cause.String())
		l.lost, l.reports, l.silent = 0, 0, ev.Received.Add(lossEvery)
	case SessionNew:
		l.to.Info("crier: a session is heard", session, source)
	case SessionSilent:
		l.to.Warn("crier: a session is silent; its publisher crashed, is cut off, or is suspended", session, source)
	case SessionResumed:
		l.to.Info("crier: a silent session is heard again", session, source)
	case SessionEnded:
		l.to.Info("crier: a session ended", session, source, "cause", ev.Cause.String())
	}
}
