package recorder

import (
	"crier/multicast"
	"crier/reliable/record"
)

// Session is what a Recorder has of a session.
type Session = record.Session

// Asker is a subscriber that asked the Recorder for frames.
type Asker = record.Asker

// Stats counts the work of a Recorder.
type Stats struct {
	record.Stats
	// Groups holds the counters of the groups' sockets, and Socket those of the unicast one.
	Groups []multicast.ConnStats
	Socket multicast.ConnStats
	// Invalid counts datagrams that are not crier frames, or damaged ones, and Newer frames that
	// need a newer crier.
	Invalid, Newer uint64
}

// Stats returns the counters so far. It may be called after Close.
func (r *Recorder) Stats() Stats {
	st := Stats{Socket: r.back.Stats()} // system calls, and so without the lock
	for _, m := range r.members {
		st.Groups = append(st.Groups, m.Stats()...)
	}
	r.loop.Lock()
	defer r.loop.Unlock()
	st.Stats = r.rec.Stats()
	st.Invalid, st.Newer = r.machine.invalid, r.machine.newer
	return st
}

// Sessions returns what there is of each session, in the order in which they became known.
func (r *Recorder) Sessions() []Session {
	r.loop.Lock()
	defer r.loop.Unlock()
	return r.rec.Sessions()
}

// Askers returns the subscribers that asked lately.
func (r *Recorder) Askers() []Asker {
	r.loop.Lock()
	defer r.loop.Unlock()
	return r.rec.Askers()
}
