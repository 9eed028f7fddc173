package send

import (
	"iter"
	"slices"
	"strings"

	"crier/reliable"
	"crier/reliable/repair"
	"crier/reliable/store"
)

// Counters are the counters of a Stats.
var Counters = slices.Concat(
	reliable.Table[Stats]{
		reliable.Count("accepted", reliable.Messages, "messages accepted, dropped ones included",
			func(s *Stats) uint64 { return s.Accepted }),
		reliable.Count("accepted_bytes", reliable.Bytes, "bytes of the messages accepted",
			func(s *Stats) uint64 { return s.AcceptedBytes }),
		reliable.Count("dropped", reliable.Messages, "messages for want of room",
			func(s *Stats) uint64 { return s.Dropped }).Dropped(),
		reliable.Count("dropped_bytes", reliable.Bytes, "bytes of the messages dropped",
			func(s *Stats) uint64 { return s.DroppedBytes }),
		reliable.Count("next_offset", reliable.Offsets,
			"offset of the next message: of several partitions, the highest",
			func(s *Stats) uint64 { return s.NextOffset }),
		reliable.Count("frames_sent", reliable.Frames, "frames of data sent for the first time",
			func(s *Stats) uint64 { return s.Frames }),
	},
	reliable.Within(func(s *Stats) *repair.Stats { return &s.Stats }, repair.Counters),
	reliable.Table[Stats]{
		reliable.Count("nacks_received", reliable.NACKs, "NACKs received",
			func(s *Stats) uint64 { return s.Nacks }),
		reliable.Count("statuses_received", reliable.Reports,
			"reports of subscribers received, of kind STATUS",
			func(s *Stats) uint64 { return s.Statuses }),
		reliable.Count("heartbeats_sent", reliable.Frames, "frames of kind HEARTBEAT sent",
			func(s *Stats) uint64 { return s.Heartbeats }),
		reliable.Count("datagrams_sent", reliable.Datagrams, "datagrams sent, of all kinds",
			func(s *Stats) uint64 { return s.Datagrams }),
		reliable.Count("bytes_sent", reliable.Bytes, "bytes of the datagrams sent",
			func(s *Stats) uint64 { return s.Bytes }),
		reliable.Count("frames_too_large", reliable.Frames,
			"frames never sent: they were larger than the MTU, which had fallen since",
			func(s *Stats) uint64 { return s.TooLarge }).Told(),
		reliable.Count("kernel_refused_frames", reliable.Frames,
			"frames of data, or repeated, that the kernel refused",
			func(s *Stats) uint64 { return s.Refused }),
		reliable.Count("offload_trials", reliable.Times, "times that the offload was on trial",
			func(s *Stats) uint64 { return s.Trials }),
		reliable.Whether("offload_off",
			"whether what the kernel or the network card cut out of large writes did not arrive, "+
				"and datagrams are sent one by one since",
			func(s *Stats) bool { return s.OffloadOff }).Told(),
		reliable.Level("subscribers_known", reliable.Subscribers, "subscribers known",
			func(s *Stats) int { return s.Members }),
		reliable.Count("rowless_frames", reliable.Frames,
			"frames of subscribers that the table has no row for",
			func(s *Stats) uint64 { return s.MembersFull }).Told(),
		reliable.Count("foreign_frames", reliable.Frames,
			"frames of a subscriber from another address than its own",
			func(s *Stats) uint64 { return s.Foreign }).Dropped(),
		reliable.Count("moved", reliable.Times, "times that a subscriber changed its address",
			func(s *Stats) uint64 { return s.Moved }),
		reliable.Count("contested_frames", reliable.Frames,
			"frames for a subscriber that several addresses speak for",
			func(s *Stats) uint64 { return s.Contested }),
		reliable.Count("rival_reports", reliable.Reports,
			"reports of subscribers that another publisher of the same name runs",
			func(s *Stats) uint64 { return s.Rivals }).Told(),
		reliable.Count("unknown_requests", reliable.Requests,
			"requests for frames that were never sent",
			func(s *Stats) uint64 { return s.Unknown }).Dropped(),
	},
	blockers(),
	reliable.WaitRows("rate_limited", "that frames were ready and waited for the rate limit",
		func(s *Stats) *reliable.Waits { return &s.RateLimited }),
	reliable.Table[Stats]{
		reliable.Level("subscribers_counted", reliable.Subscribers,
			"subscribers whose pace counts",
			func(s *Stats) int { return s.Counted }),
		reliable.Count("subscribers_evicted", reliable.Times,
			"times that a subscriber was evicted from the count",
			func(s *Stats) uint64 { return s.Evicted }).Told(),
		reliable.Level("frames_retained", reliable.Frames,
			"frames kept for the subscribers whose pace counts",
			func(s *Stats) uint64 { return s.Retained }),
		reliable.Count("member_events_lost", reliable.Events,
			"events about subscribers that were never polled",
			func(s *Stats) uint64 { return s.MemberEventsLost }),
	},
	reliable.Within(func(s *Stats) *store.Stats { return &s.Disk }, store.Counters),
	reliable.Table[Stats]{
		reliable.Level("frames_never_left", reliable.Frames,
			"frames of data that the kernel refused, and that were not repeated since",
			func(s *Stats) uint64 { return s.NeverLeft }),
		reliable.Whether("end_left", "whether the kernel took the word of the end",
			func(s *Stats) bool { return s.EndLeft }),
		reliable.Level("subscribers_lacking", reliable.Subscribers,
			"subscribers whose pace counts, and that lack something",
			func(s *Stats) uint64 { return s.Lacking }),
		reliable.Level("subscribers_asking", reliable.Subscribers,
			"subscribers for which repairs were cut short",
			func(s *Stats) uint64 { return s.Asking }),
	},
)

// Counters returns all counters with their values.
func (s Stats) Counters() iter.Seq2[reliable.Counter, uint64] { return Counters.All(&s) }

// blockers returns the rows of BlockedBy.
func blockers() (rows reliable.Table[Stats]) {
	for by := range reliable.Blockers {
		name := "blocked_by_" + strings.ReplaceAll(by.String(), " ", "_")
		rows = append(rows, reliable.WaitRows(name, "without room because of the "+by.String(),
			func(s *Stats) *reliable.Waits { return &s.BlockedBy[by] })...)
	}
	return rows
}
