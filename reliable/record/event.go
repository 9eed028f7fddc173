package record

import (
	"crier/nack"
	"crier/reliable"
	"crier/reliable/journal"
)

// An EventKind is the kind of an Event.
type EventKind uint8

// The kinds of events.
const (
	// Recording says that a stream is recorded, from its beginning or again after a silence.
	Recording EventKind = iota + 1
	// StreamEnded says that a stream ended, fell silent, or goes on.
	StreamEnded
	// HoleNamed names frames that the log lacks, with the cause.
	HoleNamed
	// DiskFailed says that nothing can be written for now: the disk is full, or failed.
	DiskFailed
	// DiskBack says that it can again.
	DiskBack
	// WrittenAgain says that a sync failed, and what was written since the last one is written
	// again.
	WrittenAgain
	// WriteFailed says that a write or a sync failed, and went well elsewhere.
	WriteFailed
	// ReadFailed names frames that couldn't be read.
	ReadFailed
	// Damaged names frames that the log had, and that don't verify any more.
	Damaged
	// Forked says that a stream forked: Offsets were used before, by the session Other.
	Forked
	// Contested says that another session of the same name, Other, goes on as well.
	Contested
	// InquestHeld says that the publisher fell silent, and that its survivors help each other.
	InquestHeld
	// Certified says what they found, by Certificate.
	Certified
	// Amended says that something was learnt since, or that the publisher is heard again.
	Amended
)

// An Event is something that an operator may want to know.
type Event struct {
	Kind EventKind
	Key  journal.Key
	// Title is whose stream it is, or nil while that is unknown.
	Title *reliable.Title
	// Frames are those concerned, and Cause why the log lacks them.
	Frames nack.Range
	Cause  reliable.Cause
	End    reliable.End
	// Offsets were used twice, and Other is the other session.
	Offsets nack.Range
	Other   reliable.SessionID
	// Full says that the disk is full.
	Full bool
	Err  error
	// Certificate is what the survivors of a silent publisher found. Don't change it.
	Certificate *reliable.Certificate
}

// maxEvents bounds the events that wait. Those beyond are counted.
const maxEvents = 256

type events struct {
	list   []Event
	missed uint64
}

// tell notes an event. Holes next to each other for the same cause are one.
func (r *Recorder) tell(e Event) {
	l := &r.events
	if e.Title == nil {
		if t := r.tapes[e.Key]; t != nil {
			e.Title = t.title
		}
	}
	if n := len(l.list); n > 0 && e.Kind == HoleNamed {
		if p := &l.list[n-1]; p.Kind == HoleNamed && p.Key == e.Key && p.Cause == e.Cause &&
			p.Frames.To == e.Frames.From {
			p.Frames.To = e.Frames.To
			return
		}
	}
	if len(l.list) >= maxEvents {
		l.missed++
		return
	}
	l.list = append(l.list, e)
}

// hear takes what the receiver tells of sessions that aren't alone, and of inquests.
func (r *Recorder) hear(list []reliable.Run) {
	for i := range list {
		ev := &list[i]
		e := Event{Key: journal.Key{Session: uint64(ev.Session), Channel: ev.Partition},
			Title: ev.Title, Offsets: ev.Lost, Other: ev.Other, Certificate: ev.Certificate}
		switch ev.Kind {
		case reliable.SessionInquest, reliable.SessionSilent, reliable.SessionAmended,
			reliable.SessionResumed, reliable.SessionEnded:
			r.hold(ev, e)
		case reliable.StreamForked:
			e.Kind = Forked
			r.tell(e)
		case reliable.StreamContested:
			e.Kind = Contested
			r.tell(e)
		}
	}
}

// hold takes what the receiver tells of an inquest.
func (r *Recorder) hold(ev *reliable.Run, e Event) {
	t := r.tapes[e.Key]
	if t == nil {
		return
	}
	t.inquest = ev.Kind == reliable.SessionInquest
	switch c := ev.Certificate; {
	case t.inquest:
		e.Kind = InquestHeld
	case c == nil:
		t.certificate = nil
	case ev.Kind == reliable.SessionSilent:
		t.certificate, e.Kind = c, Certified
	default:
		t.certificate, e.Kind = c, Amended
	}
	if t.tell(r.now); e.Kind != 0 {
		r.tell(e)
	}
}

// Events appends the events since the last call to a list, and returns it.
func (r *Recorder) Events(list []Event) []Event {
	list = append(list, r.events.list...)
	clear(r.events.list)
	r.events.list = r.events.list[:0]
	return list
}

// Tells reports whether Events has something.
func (r *Recorder) Tells() bool { return len(r.events.list) > 0 }
