package subscriber

import (
	"crier/multicast"
	"crier/reliable"
	"crier/reliable/receive"
)

// Session is what a Subscriber has counted of one session. Once all events are
// taken, Delivered + Lost == NextOffset - FirstOffset.
type Session = receive.SessionStats

// End says how a session stands.
type End = reliable.End

const (
	// EndOpen: it goes on, or the subscriber left it.
	EndOpen End = reliable.EndOpen
	// EndBye: the publisher said BYE.
	EndBye End = reliable.EndBye
	// EndSilent: nothing is heard of the publisher.
	EndSilent End = reliable.EndSilent
)

// Stats is what a Subscriber has counted apart from its sessions.
type Stats struct {
	receive.Stats
	// Groups is what the groups' sockets counted, and Socket what the unicast
	// socket did, by which NACKs leave and unicast repairs come.
	Groups []multicast.ConnStats
	Socket multicast.ConnStats
	// Invalid counts datagrams that are no crier frames, or damaged ones.
	Invalid uint64
	// Newer counts frames that need a newer crier.
	Newer uint64
	// KernelDrops counts datagrams that the kernel dropped for want of socket
	// buffer, over all sockets.
	KernelDrops uint64
}

// Stats returns the counters so far. It may be called after Close, and by a
// Handler.
func (s *Subscriber) Stats() Stats {
	st := Stats{Socket: s.back.Stats()} // system calls, and so without the lock
	st.KernelDrops = st.Socket.KernelDrops
	for _, c := range s.conns {
		g := c.Stats()
		st.Groups = append(st.Groups, g)
		st.KernelDrops += g.KernelDrops
	}
	s.loop.Lock()
	defer s.loop.Unlock()
	st.Stats = s.receiver.Stats()
	st.Invalid, st.Newer = s.machine.invalid, s.machine.newer
	return st
}

// Sessions returns the counters of the sessions that are or were followed, in
// the order in which they were first heard. Counters move as events are taken,
// up to 64 datagrams' worth at once: they may be that far ahead of what a Handler
// or a range over Messages has seen. It may be called after Close, and by a Handler.
func (s *Subscriber) Sessions() []Session {
	s.loop.Lock()
	defer s.loop.Unlock()
	return s.receiver.Sessions()
}
