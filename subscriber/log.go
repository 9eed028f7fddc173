package subscriber

import (
	"log/slog"
	"net/netip"
	"time"
)

// log tells an operator what happens to sessions, and of losses, the first at
// once and then a sum a second.
type log struct {
	to    *slog.Logger
	quiet time.Time // until then no loss is told
	sum   lossSum   // not told yet
}

// lossSum is what was lost, and the last report of it.
type lossSum struct {
	lost, reports uint64
	session       SessionID
	source        netip.AddrPort
	last          Range
	cause         Cause
}

const lossEvery = time.Second

// note takes an event that is handed out.
func (l *log) note(ev *Event) {
	if ev.Kind == Message {
		return
	}
	if ev.Kind == Loss {
		l.sum.lost += ev.Lost.Len()
		l.sum.reports++
		l.sum.session, l.sum.source, l.sum.last, l.sum.cause = ev.Session, ev.Source, ev.Lost, ev.Cause
		if !ev.Received.Before(l.quiet) {
			sum := l.take(ev.Received)
			l.tell(&sum)
		}
		return
	}
	if l.sum.reports > 0 { // before what ends it
		sum := l.take(ev.Received)
		l.tell(&sum)
	}
	session, source := sessionAttr(ev.Session), slog.Any("source", ev.Source)
	switch ev.Kind {
	case SessionNew:
		l.to.Info("crier: a session is heard", session, source)
	case SessionSilent:
		l.to.Warn("crier: a session is silent; its publisher crashed, is cut off, or is suspended", session, source)
	case SessionResumed:
		l.to.Warn("crier: a silent session is heard again", session, source)
	case SessionMoved:
		l.to.Info("crier: a session's publisher has changed its address", session, source)
	case SessionContested:
		l.to.Warn("crier: another address speaks for a session, and is not believed", session, source)
	case SessionEnded:
		l.to.Info("crier: a session ended", session, source, "cause", ev.Cause.String())
	}
}

// due returns the sum of losses, where it is time to tell it.
func (l *log) due(start time.Time, since func() int64) (lossSum, bool) {
	if l.sum.reports == 0 {
		return lossSum{}, false
	}
	now := start.Add(time.Duration(since()))
	if now.Before(l.quiet) {
		return lossSum{}, false
	}
	return l.take(now), true
}

// take returns the sum of losses and begins a new one.
func (l *log) take(now time.Time) lossSum {
	sum := l.sum
	l.sum, l.quiet = lossSum{}, now.Add(lossEvery)
	return sum
}

func (l *log) tell(sum *lossSum) {
	l.to.Warn("crier: messages are lost", "lost", sum.lost, "reports", sum.reports,
		sessionAttr(sum.session), slog.Any("source", sum.source),
		"last_from", sum.last.From, "last_to", sum.last.To, "cause", sum.cause.String())
}

func sessionAttr(id SessionID) slog.Attr { return slog.String("session", id.String()) }
