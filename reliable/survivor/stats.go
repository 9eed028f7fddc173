package survivor

import (
	"crier/reliable"
	"crier/reliable/receive"
)

// Served counts the work of a Survivor for others.
type Served struct {
	// Repairs counts the frames that were repeated for others, and Bytes their bytes.
	Repairs, Bytes uint64
	// Unserved counts requests for repair that weren't answered: they came while the publisher
	// could answer, of strangers, or of too many.
	Unserved uint64
	// History is the memory in use for frames that are kept for others, in bytes.
	History int
}

// Counters are the counters of a Served.
var Counters = reliable.Table[Served]{
	reliable.Count("served_repairs", reliable.Frames, "frames repeated for others",
		func(s *Served) uint64 { return s.Repairs }),
	reliable.Count("served_bytes", reliable.Bytes, "bytes of the frames repeated for others",
		func(s *Served) uint64 { return s.Bytes }),
	reliable.Count("unserved_requests", reliable.Requests,
		"requests of others that weren't answered: their publisher could, or they are strangers",
		func(s *Served) uint64 { return s.Unserved }),
	reliable.Level("history_bytes", reliable.Bytes,
		"bytes in use for frames that are kept for others",
		func(s *Served) uint64 { return uint64(s.History) }),
}

// Served returns the counters of the work for others so far.
func (s *Survivor) Served() Served {
	n := Served{Unserved: s.unserved}
	if s.service != nil {
		st := s.service.Stats()
		n.Repairs, n.Bytes, n.History = st.Repairs, st.RepairBytes, s.kept.Memory()
	}
	return n
}

// Stats are those of the Receiver, with the memory of the history.
func (s *Survivor) Stats() receive.Stats {
	st := s.Receiver.Stats()
	st.Memory = s.Memory()
	return st
}

// Memory returns how many bytes are in use now, as Stats does.
func (s *Survivor) Memory() int {
	n := s.Receiver.Memory()
	if s.kept != nil {
		n += s.kept.Memory()
	}
	return n
}
