package receive

import (
	"iter"

	"crier/reliable"
)

// Counters are the counters of a Stats.
var Counters = reliable.Table[Stats]{
	reliable.Count("datagrams_sent", reliable.Datagrams, "datagrams sent: NACKs and reports",
		func(s *Stats) uint64 { return s.Sent }),
	reliable.Count("foreign_frames", reliable.Frames,
		"frames of a session from another source than its own",
		func(s *Stats) uint64 { return s.Foreign }).Dropped(),
	reliable.Count("refused_frames", reliable.Frames,
		"frames of new sessions, since so many are followed already",
		func(s *Stats) uint64 { return s.Refused }).Dropped(),
	reliable.Count("unexpected_frames", reliable.Frames,
		"frames of a session not heard yet, or over, or of a kind that no subscriber waits for",
		func(s *Stats) uint64 { return s.Unexpected }).Dropped(),
	reliable.Count("other_channel_frames", reliable.Frames,
		"frames of a channel that is not listened to",
		func(s *Stats) uint64 { return s.OtherChannel }).Dropped(),
	reliable.Count("mismatched_repairs", reliable.Repairs,
		"repairs with something else inside than they say",
		func(s *Stats) uint64 { return s.Mismatched }).Dropped(),
	reliable.Count("sessions_evicted", reliable.Times,
		"times that a session left the table to make room",
		func(s *Stats) uint64 { return s.Evicted }).Told(),
	reliable.Count("sessions_yielded", reliable.Sessions,
		"sessions ended to make room, while they went on",
		func(s *Stats) uint64 { return s.Yielded }).Told(),
	reliable.Count("sessions_forgotten", reliable.Sessions, "sessions not remembered any more",
		func(s *Stats) uint64 { return s.Forgotten }),
	reliable.Count("nacks_withheld", reliable.NACKs,
		"NACKs not sent to where no data came from yet",
		func(s *Stats) uint64 { return s.Withheld }),
	reliable.Level("memory_bytes", reliable.Bytes, "bytes in use for frames and messages",
		func(s *Stats) int { return s.Memory }),
}

// SessionCounters are the counters of a SessionStats.
var SessionCounters = reliable.Table[SessionStats]{
	reliable.Count("first_offset", reliable.Offsets, "offset of the first message that counts",
		func(s *SessionStats) uint64 { return s.FirstOffset }),
	reliable.Count("next_offset", reliable.Offsets,
		"offset after the highest that is known to exist",
		func(s *SessionStats) uint64 { return s.NextOffset }),
	reliable.Count("before_start", reliable.Frames, "frames from before the first that counts",
		func(s *SessionStats) uint64 { return s.BeforeStart }),
	reliable.Count("delivered", reliable.Messages, "messages delivered",
		func(s *SessionStats) uint64 { return s.Delivered }),
	reliable.Count("delivered_bytes", reliable.Bytes, "bytes of the messages delivered",
		func(s *SessionStats) uint64 { return s.DeliveredBytes }),
	reliable.Count("recovered", reliable.Messages,
		"messages delivered of which a frame came as a repair",
		func(s *SessionStats) uint64 { return s.Recovered }),
	reliable.Count("lost", reliable.Messages, "messages lost",
		func(s *SessionStats) uint64 { return s.Lost }),
	reliable.Count("loss_reports", reliable.Reports, "reports of losses",
		func(s *SessionStats) uint64 { return s.Losses }),
	reliable.Count("duplicates", reliable.Frames, "frames that were here already",
		func(s *SessionStats) uint64 { return s.Duplicates }),
	reliable.Count("late_frames", reliable.Frames,
		"frames that had been given up, or came after the end",
		func(s *SessionStats) uint64 { return s.Late }),
	reliable.Count("beyond_frames", reliable.Frames,
		"frames that told of more than there could be",
		func(s *SessionStats) uint64 { return s.Beyond }).Dropped(),
	reliable.Count("no_room_frames", reliable.Frames,
		"frames that found no room, and were asked for later",
		func(s *SessionStats) uint64 { return s.NoRoom }).Told(),
	reliable.Count("overrun_frames", reliable.Frames,
		"frames that came while the application was too slow, so that one was dropped",
		func(s *SessionStats) uint64 { return s.Overrun }).Told(),
	reliable.Count("repairs_received", reliable.Repairs, "repairs received",
		func(s *SessionStats) uint64 { return s.Repairs }),
	reliable.Count("nacks_sent", reliable.NACKs, "NACKs sent",
		func(s *SessionStats) uint64 { return s.Nacks }),
	reliable.Count("answers_received", reliable.Frames,
		"frames of the publisher that answer requests: repairs, CONFIRM and GONE",
		func(s *SessionStats) uint64 { return s.Answers }),
	reliable.Level("nacks_unanswered", reliable.NACKs,
		"NACKs sent since the last answer of the publisher",
		func(s *SessionStats) uint64 { return s.Unanswered }),
	reliable.Count("heartbeats_received", reliable.Frames,
		"frames received of kind HEARTBEAT or BYE",
		func(s *SessionStats) uint64 { return s.Heartbeats }),
	reliable.Level("subscribers_announced", reliable.Subscribers,
		"subscribers that the publisher knew when it last said so",
		func(s *SessionStats) int { return s.Announced }),
	reliable.Count("resumed", reliable.Times, "times that the session came back from silence",
		func(s *SessionStats) uint64 { return s.Resumed }),
	reliable.Count("moved", reliable.Times, "times that the publisher changed its address",
		func(s *SessionStats) uint64 { return s.Moved }),
	reliable.Count("contested_frames", reliable.Frames,
		"frames of others that speak for the publisher, and go on where it left off",
		func(s *SessionStats) uint64 { return s.Contested }),
	reliable.Whether("begun", "whether it is known where the session begins",
		func(s *SessionStats) bool { return s.Begun }),
	reliable.Level("buffered_frames", reliable.Frames, "frames that wait to be delivered",
		func(s *SessionStats) int { return s.Buffered }),
	reliable.Level("buffered_bytes", reliable.Bytes, "bytes of the frames that wait",
		func(s *SessionStats) int { return s.BufferedBytes }),
	reliable.Level("gaps", reliable.Gaps, "gaps that are open",
		func(s *SessionStats) int { return s.Gaps }),
	reliable.Level("lag", reliable.Messages, "messages known to exist, and not delivered or lost",
		func(s *SessionStats) uint64 { return s.Lag }),
}

// Counters returns all counters with their values.
func (s Stats) Counters() iter.Seq2[reliable.Counter, uint64] { return Counters.All(&s) }

// Counters returns all counters with their values.
func (s SessionStats) Counters() iter.Seq2[reliable.Counter, uint64] {
	return SessionCounters.All(&s)
}
