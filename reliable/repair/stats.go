package repair

import (
	"slices"

	"crier/nack"
	"crier/reliable"
)

// Stats counts what a Repairer sent.
type Stats struct {
	// Repairs counts REPAIR frames, and RepairBytes their bytes.
	Repairs, RepairBytes uint64
	// Confirms counts CONFIRM frames.
	Confirms uint64
	// Unanswered counts answers to single subscribers that found no room to wait, and
	// Unconfirmed ranges that found no room in a CONFIRM.
	Unanswered, Unconfirmed uint64
	// Responder counts the decisions about repairs.
	Responder nack.ResponderStats
}

// Counters are the counters of a Stats.
var Counters = slices.Concat(
	reliable.Table[Stats]{
		reliable.Count("repairs_sent", reliable.Frames, "frames repeated",
			func(s *Stats) uint64 { return s.Repairs }),
		reliable.Count("repair_bytes", reliable.Bytes, "bytes of the frames repeated",
			func(s *Stats) uint64 { return s.RepairBytes }),
		reliable.Count("confirms_sent", reliable.Frames, "frames of kind CONFIRM sent",
			func(s *Stats) uint64 { return s.Confirms }),
		reliable.Count("unanswered_requests", reliable.Requests,
			"requests whose answer, to one subscriber, found no room to wait",
			func(s *Stats) uint64 { return s.Unanswered }),
		reliable.Count("unconfirmed_ranges", reliable.Ranges,
			"ranges of frames that no CONFIRM had room for",
			func(s *Stats) uint64 { return s.Unconfirmed }),
	},
	reliable.Within(func(s *Stats) *nack.ResponderStats { return &s.Responder },
		reliable.Table[nack.ResponderStats]{
			reliable.Count("asked_frames", reliable.Frames, "frames asked for by NACKs, and held",
				func(s *nack.ResponderStats) uint64 { return s.Asked }),
			reliable.Count("crossed_frames", reliable.Frames,
				"frames asked for while a repair was already on its way",
				func(s *nack.ResponderStats) uint64 { return s.Crossed }),
			reliable.Count("again_frames", reliable.Frames,
				"frames asked for once more by the same subscriber, after they were repeated",
				func(s *nack.ResponderStats) uint64 { return s.Again }),
			reliable.Count("gone_frames", reliable.Frames,
				"frames asked for and no longer held, and what was in them is lost to the "+
					"subscriber that asked",
				func(s *nack.ResponderStats) uint64 { return s.Gone }).Told(),
			reliable.Count("unfit_frames", reliable.Frames,
				"frames asked for and larger than the MTU, which had fallen since, and what was "+
					"in them is lost to the subscriber that asked",
				func(s *nack.ResponderStats) uint64 { return s.Unfit }).Told(),
			reliable.Count("unqueued_frames", reliable.Frames,
				"frames asked for, beyond what may wait; subscribers ask again",
				func(s *nack.ResponderStats) uint64 { return s.Refused }).Dropped(),
			reliable.Count("repaired_frames", reliable.Frames, "frames handed out as repairs",
				func(s *nack.ResponderStats) uint64 { return s.Repaired }),
			reliable.Count("group_frames", reliable.Frames,
				"frames handed out as repairs for the whole group",
				func(s *nack.ResponderStats) uint64 { return s.ToGroup }),
			reliable.Count("throttled_times", reliable.Times,
				"times that a repair waited for the budget or a quota",
				func(s *nack.ResponderStats) uint64 { return s.Throttled }),
			reliable.Count("catch_up_frames", reliable.Frames,
				"frames handed out as repairs for subscribers that were behind",
				func(s *nack.ResponderStats) uint64 { return s.CaughtUp }),
			reliable.Count("passed_frames", reliable.Frames,
				"frames asked for and no longer awaited: the subscriber left, or passed them",
				func(s *nack.ResponderStats) uint64 { return s.Dropped }),
			reliable.Count("unconfirmed_frames", reliable.Frames,
				"frames that wait, and were not confirmed for lack of budget",
				func(s *nack.ResponderStats) uint64 { return s.Unconfirmed }),
		}),
)

// Add adds another's counters.
func (s *Stats) Add(o *Stats) {
	s.Repairs += o.Repairs
	s.RepairBytes += o.RepairBytes
	s.Confirms += o.Confirms
	s.Unanswered += o.Unanswered
	s.Unconfirmed += o.Unconfirmed
	a, b := &s.Responder, &o.Responder
	a.Asked += b.Asked
	a.Crossed += b.Crossed
	a.Again += b.Again
	a.Gone += b.Gone
	a.Unfit += b.Unfit
	a.Refused += b.Refused
	a.Repaired += b.Repaired
	a.ToGroup += b.ToGroup
	a.Throttled += b.Throttled
	a.CaughtUp += b.CaughtUp
	a.Dropped += b.Dropped
	a.Unconfirmed += b.Unconfirmed
}

// Stats returns the counters so far.
func (r *Repairer) Stats() Stats {
	st := r.stats
	st.Unanswered, st.Unconfirmed = r.answers.refused, r.answers.unconfirmed
	st.Responder = r.responder.Stats()
	return st
}
