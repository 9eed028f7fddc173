package survivor

import (
	"slices"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/repair"
)

// Stats counts the work of a Survivor with frames of no session. Its Memory has that of History.
type Stats struct {
	receive.Stats
	// Served counts the repairs for others.
	Served repair.Stats
	// Unserved counts requests for repair that weren't answered: they came while the publisher
	// could answer, of strangers, or of too many.
	Unserved uint64
	// History is the memory in use for frames that are kept for others, in bytes.
	History int
}

// Counters are the counters of a Stats.
var Counters = slices.Concat(
	reliable.Within(func(s *Stats) *receive.Stats { return &s.Stats }, receive.Counters),
	reliable.Table[Stats]{
		reliable.Level("history_bytes", reliable.Bytes, "memory of frames that are kept for others",
			func(s *Stats) uint64 { return uint64(s.History) }),
		reliable.Count("served_repairs", reliable.Frames, "frames repeated for others",
			func(s *Stats) uint64 { return s.Served.Repairs }),
		reliable.Count("served_bytes", reliable.Bytes, "bytes of the frames repeated for others",
			func(s *Stats) uint64 { return s.Served.RepairBytes }),
		reliable.Count("unserved_requests", reliable.Requests,
			"requests of others that weren't answered: their publisher could, or they are strangers",
			func(s *Stats) uint64 { return s.Unserved }),
	},
)

// Stats returns the counters so far.
func (s *Survivor) Stats() Stats {
	st := Stats{Stats: s.Receiver.Stats(), Unserved: s.unserved}
	if s.service != nil {
		st.Served, st.History = s.service.Stats(), s.kept.Memory()
		st.Memory += st.History
	}
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
