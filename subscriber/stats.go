package subscriber

import (
	"iter"
	"slices"

	"crier/multicast"
	socket "crier/multicast/counters"
	"crier/reliable"
	"crier/reliable/directory"
	"crier/reliable/receive"
	"crier/reliable/survivor"
	"crier/reliable/team/member"
)

// Session holds a Subscriber's counters of one session. Once all events are
// taken, Delivered + Lost == NextOffset - FirstOffset.
type Session = receive.SessionStats

// End is the state of a session: open, or the way it ended.
type End = reliable.End

const (
	// EndOpen means that the session goes on, or that the subscriber left it.
	EndOpen End = reliable.EndOpen
	// EndBye means that the publisher said BYE: all of its messages are known.
	EndBye End = reliable.EndBye
	// EndSilent means that nothing is heard of the publisher: later messages are unknown.
	EndSilent End = reliable.EndSilent
	// EndUntil means that delivery ended before the offset or the time that was configured.
	EndUntil End = reliable.EndUntil
)

// A Counter describes a counter: its name, unit and meaning.
type Counter = reliable.Counter

// Stats holds the counters of a Subscriber apart from its sessions.
type Stats struct {
	receive.Stats
	// Others counts what was done for other subscribers.
	Others survivor.Served
	// Team counts the work for a team.
	Team member.Stats
	// Directory counts what was announced, with a pattern as Topic, and Topics what is followed.
	Directory directory.ListenerStats
	Topics    directory.SelectionStats
	// Groups holds the counters of the groups' sockets, and Socket those of the unicast
	// socket did, by which NACKs leave and unicast repairs come.
	Groups []multicast.ConnStats
	Socket multicast.ConnStats
	// Invalid counts datagrams that are not crier frames, or damaged ones.
	Invalid uint64
	// Newer counts frames that need a newer crier.
	Newer uint64
}

// Sockets returns the sums of all sockets' counters.
func (s Stats) Sockets() multicast.ConnStats {
	all := s.Socket
	for i := range s.Groups {
		all.Add(&s.Groups[i])
	}
	return all
}

var counters = slices.Concat(
	reliable.Within(func(s *Stats) *receive.Stats { return &s.Stats }, receive.Counters),
	reliable.Within(func(s *Stats) *survivor.Served { return &s.Others }, survivor.Counters),
	reliable.Within(func(s *Stats) *member.Stats { return &s.Team }, member.Counters),
	reliable.Table[Stats]{
		reliable.Count("invalid_datagrams", reliable.Datagrams,
			"datagrams that held no crier frame, or a damaged one",
			func(s *Stats) uint64 { return s.Invalid }).Dropped(),
		reliable.Count("newer_frames", reliable.Frames,
			"frames that only a newer crier understands",
			func(s *Stats) uint64 { return s.Newer }).Dropped(),
	},
	reliable.Within(func(s *Stats) *directory.ListenerStats { return &s.Directory },
		directory.ListenerCounters),
	reliable.Within(func(s *Stats) *directory.SelectionStats { return &s.Topics },
		directory.SelectionCounters),
	reliable.Within(func(s *Stats) *multicast.ConnStats { return new(s.Sockets()) },
		socket.Counters),
)

// Counters returns all counters with their values, those of all sockets together.
func (s Stats) Counters() iter.Seq2[Counter, uint64] { return counters.All(&s) }

// Stats returns the counters so far. It may be called after Close, and by a
// Handler.
func (s *Subscriber) Stats() Stats {
	st := Stats{Socket: s.back.Stats()} // system calls, and so without the lock
	for _, m := range s.members {
		st.Groups = append(st.Groups, m.Stats()...)
	}
	s.loop.Lock()
	defer s.loop.Unlock()
	st.Stats, st.Others = s.receiver.Stats(), s.receiver.Served()
	st.Team = s.receiver.TeamStats()
	st.Invalid, st.Newer = s.machine.invalid, s.machine.newer
	if s.finder != nil {
		s.finder.stats(&st)
	}
	return st
}

// Sessions returns the counters of the sessions that are or were followed, in
// the order in which they were first heard. Counters move as events are taken,
// up to 64 datagrams' worth at once: they may be that far ahead of a Handler
// or a range over Messages has seen. It may be called after Close, and by a Handler.
func (s *Subscriber) Sessions() []Session {
	s.loop.Lock()
	defer s.loop.Unlock()
	return s.receiver.Sessions()
}

// Awaits reports whether events of sessions may come though no publisher begins another one: a
// session goes on, or waits for the one that it continues; recorders are asked for sessions that
// are over; or a publisher that goes on with its stream is asking where that ended. It is true as
// well for half a second after a certificate with other members, who may yet need what is kept
// here. It may be called after Close, and by a Handler.
func (s *Subscriber) Awaits() bool {
	s.loop.Lock()
	defer s.loop.Unlock()
	return !s.closed && s.receiver.Awaits(reliable.Time(s.loop.Now()))
}
