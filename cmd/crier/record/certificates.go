package record

import (
	"context"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/reliable"
	"crier/reliable/journal"
	"crier/subscriber"
	"crier/subscriber/recorder"
)

// A witness tells of the inquests that survivors hold, and of their certificates, as it sees them
// in the states of sessions.
type witness struct {
	seen map[journal.Key]*seen
	tell func(*subscriber.Event)
}

// seen is what was told of a session.
type seen struct {
	inquest     bool
	certificate *reliable.Certificate
}

// look tells what is new.
func (w *witness) look(sessions []recorder.Session) {
	for i := range sessions {
		s := &sessions[i]
		was := w.seen[s.Key]
		if was == nil {
			if !s.Inquest && s.Certificate == nil {
				continue // as mostly
			}
			was = new(seen)
			w.seen[s.Key] = was
		}
		ev := subscriber.Event{Session: reliable.SessionID(s.Key.Session), Partition: s.Key.Channel,
			Certificate: s.Certificate}
		if s.Title != nil {
			ev.Publisher = s.Title.Publisher
		}
		switch c, before := s.Certificate, was.certificate; {
		case s.Inquest && !was.inquest:
			ev.Kind, ev.Certificate = subscriber.SessionInquest, nil
		case was.inquest && !s.Inquest && s.Live && c == before:
			ev.Kind, ev.Certificate = subscriber.SessionResumed, nil
		case c == before || c == nil:
		case c.Withdrawn:
			ev.Kind = subscriber.SessionResumed
		case before == nil || before.Withdrawn || c.Number <= before.Number:
			ev.Kind = subscriber.SessionSilent
		default:
			ev.Kind = subscriber.SessionAmended
		}
		was.inquest, was.certificate = s.Inquest, s.Certificate
		if ev.Kind != 0 {
			w.tell(&ev)
		}
	}
}

// witnessEvery is how often a witness looks.
const witnessEvery = 100 * time.Millisecond

// showCertificates tells of inquests and certificates in words until stop is called.
func (o *options) showCertificates(std cli.Streams, rec *recorder.Recorder) (stop func()) {
	if o.quiet {
		return func() {}
	}
	printer := events.NewPrinter("crier record", "lines", std, false, func() {})
	w := &witness{seen: make(map[journal.Key]*seen), tell: func(ev *subscriber.Event) {
		_ = printer.Event(context.Background(), ev) // it prints no message
	}}
	stopEach := cli.Each(witnessEvery, func(time.Time) { w.look(rec.Sessions()) })
	return func() {
		stopEach()
		w.look(rec.Sessions())
		_ = printer.Close(context.Background())
	}
}
