package directory

import "crier/reliable"

// AnnouncerStats counts what an Announcer did and heard.
type AnnouncerStats struct {
	// Announced counts announcements to the group, and Postponed the times that one waited since
	// there were too many in the last second.
	Announced, Postponed uint64
	// Answered counts answers to questions, and Refused questions that were refused: more than
	// a few a second, or malformed.
	Answered, Refused uint64
	// Heard counts the announcements of others, Foreign those of a publisher at another address
	// than before, and Crowded those of publishers that there was no room to remember.
	Heard, Foreign, Crowded uint64
	// Clashes counts conflicts with other publishers.
	Clashes uint64
	// Publishers is the number of publishers that are known, this one included.
	Publishers int
}

// Add adds the counters of another Announcer of the publisher. Of the publishers that are known,
// the greater number counts.
func (s *AnnouncerStats) Add(o *AnnouncerStats) {
	s.Announced += o.Announced
	s.Postponed += o.Postponed
	s.Answered += o.Answered
	s.Refused += o.Refused
	s.Heard += o.Heard
	s.Foreign += o.Foreign
	s.Crowded += o.Crowded
	s.Clashes += o.Clashes
	s.Publishers = max(s.Publishers, o.Publishers)
}

// AnnouncerCounters are the counters of an AnnouncerStats.
var AnnouncerCounters = reliable.Table[AnnouncerStats]{
	reliable.Count("announcements_sent", reliable.Frames,
		"frames of kind ANNOUNCE sent to the directory's group",
		func(s *AnnouncerStats) uint64 { return s.Announced }),
	reliable.Count("announcements_postponed", reliable.Times,
		"times that an ANNOUNCE waited, since all publishers together had sent enough",
		func(s *AnnouncerStats) uint64 { return s.Postponed }),
	reliable.Count("topic_answers_sent", reliable.Frames,
		"frames of kind ANNOUNCE sent to one who had asked",
		func(s *AnnouncerStats) uint64 { return s.Answered }),
	reliable.Count("topic_questions_refused", reliable.Requests,
		"requests for topics that were too many, repeated or malformed",
		func(s *AnnouncerStats) uint64 { return s.Refused }),
	reliable.Count("announcements_heard", reliable.Frames,
		"frames of kind ANNOUNCE of other publishers",
		func(s *AnnouncerStats) uint64 { return s.Heard }),
	reliable.Count("announcements_foreign", reliable.Frames,
		"frames of kind ANNOUNCE of a publisher that was known at another address",
		func(s *AnnouncerStats) uint64 { return s.Foreign }).Dropped(),
	reliable.Count("announcements_crowded", reliable.Frames,
		"frames of kind ANNOUNCE of publishers that there was no room to remember",
		func(s *AnnouncerStats) uint64 { return s.Crowded }).Dropped(),
	reliable.Count("topic_clashes", reliable.Times,
		"times that another publisher was found with the same name or group, or another layout",
		func(s *AnnouncerStats) uint64 { return s.Clashes }).Told(),
	reliable.Level("publishers_known", reliable.Sessions,
		"sessions in the directory that live, this one included",
		func(s *AnnouncerStats) int { return s.Publishers }),
}

// ListenerStats counts what a Listener asked and heard.
type ListenerStats struct {
	// Asked counts questions, and Answers the answers to them.
	Asked, Answers uint64
	// Heard counts announcements, Malformed those that no publisher makes, Foreign those of a
	// publisher at another address than before, and Crowded those of publishers that there was no
	// room for.
	Heard, Malformed, Foreign, Crowded uint64
	// Unasked counts answers to questions that were never asked.
	Unasked uint64
	// EventsLost counts events that found no room to wait.
	EventsLost uint64
	// Publishers is the number of publishers that are known, and Rows that of those whose
	// topics match.
	Publishers, Rows int
}

// ListenerCounters are the counters of a ListenerStats.
var ListenerCounters = reliable.Table[ListenerStats]{
	reliable.Count("topic_questions_sent", reliable.Requests, "requests for topics sent",
		func(s *ListenerStats) uint64 { return s.Asked }),
	reliable.Count("topic_answers_heard", reliable.Frames,
		"frames of kind ANNOUNCE that answered a request",
		func(s *ListenerStats) uint64 { return s.Answers }),
	reliable.Count("announcements_heard", reliable.Frames,
		"frames of kind ANNOUNCE to the directory's group",
		func(s *ListenerStats) uint64 { return s.Heard }),
	reliable.Count("announcements_malformed", reliable.Frames,
		"frames of kind ANNOUNCE that no publisher makes",
		func(s *ListenerStats) uint64 { return s.Malformed }).Dropped(),
	reliable.Count("announcements_foreign", reliable.Frames,
		"frames of kind ANNOUNCE of a publisher that was known at another address",
		func(s *ListenerStats) uint64 { return s.Foreign }).Dropped(),
	reliable.Count("announcements_crowded", reliable.Frames,
		"frames of kind ANNOUNCE of publishers that there was no room for",
		func(s *ListenerStats) uint64 { return s.Crowded }).Dropped(),
	reliable.Count("topic_answers_unasked", reliable.Frames,
		"frames of kind ANNOUNCE that answered what was never asked",
		func(s *ListenerStats) uint64 { return s.Unasked }).Dropped(),
	reliable.Count("directory_events_lost", reliable.Events,
		"events of the directory that found no room to wait",
		func(s *ListenerStats) uint64 { return s.EventsLost }).Told(),
	reliable.Level("publishers_known", reliable.Sessions, "sessions in the directory that live",
		func(s *ListenerStats) int { return s.Publishers }),
	reliable.Level("directory_rows", reliable.Sessions, "sessions whose topics match",
		func(s *ListenerStats) int { return s.Rows }),
}
