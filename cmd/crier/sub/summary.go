package sub

import (
	"crier/cmd/crier/cli"
	"crier/cmd/crier/counts"
	"crier/cmd/crier/events"
	"crier/cmd/crier/hist"
	"crier/subscriber"
)

// Summary is the JSON of crier sub --summary.
type Summary struct {
	// Sessions has one for each partition of a session.
	Sessions []*SessionSummary `json:"sessions"`
	// MoreSessions counts those beyond the listed ones.
	MoreSessions uint64 `json:"more_sessions,omitempty"`
	// UnseenEnds counts those, listed or not, without a BYE, and that no other one
	// continues: messages after next_offset are unknown.
	UnseenEnds uint64 `json:"unseen_ends,omitempty"`
	// Team is there of a member of a team.
	Team *TeamSummary `json:"team,omitempty"`
	// CatchUp is there if it began in the past, and had to catch up.
	CatchUp *CatchUp `json:"catch_up,omitempty"`
	// Counters are those of the subscriber. Zeros are left out, but for alwaysShown.
	Counters counts.Values `json:"-"`

	// granted is the smallest receive buffer of the sockets that the kernel dropped datagrams
	// for; 0 if that is unknown.
	granted cli.Size
	// moved and contested are summed up over the sessions.
	moved, contested uint64
}

// The counters that are there even if they are 0: of a Summary, and of a SessionSummary.
var (
	alwaysShown     = []string{"invalid_datagrams", "kernel_drops"}
	alwaysOfSession = []string{"before_start", "duplicates", "nacks_sent"}
)

// MarshalJSON returns one object with the counters among the rest.
func (s Summary) MarshalJSON() ([]byte, error) {
	type plain Summary
	return counts.Join(plain(s), s.Counters.Shown(alwaysShown...))
}

// UnmarshalJSON reads what MarshalJSON returned.
func (s *Summary) UnmarshalJSON(data []byte) error {
	type plain Summary
	s.Counters = counts.Of(subscriber.Stats{}.Counters())
	return s.Counters.Read(data, (*plain)(s))
}

// SessionSummary is the part of a Summary of one partition of a session. Offsets are
// [first_offset, next_offset); delivered + lost is their number. Latencies and the like are those
// of all partitions of the session together, and so are feeds.
type SessionSummary struct {
	Session     string          `json:"session"`
	Partition   uint32          `json:"partition"`       // that the row is of
	Topic       string          `json:"topic,omitempty"` // of the session, if it has one
	Name        string          `json:"name,omitempty"`
	Group       string          `json:"group"` // address and port
	Source      string          `json:"source"`
	FirstOffset uint64          `json:"first_offset"`
	NextOffset  uint64          `json:"next_offset"`
	Delivered   uint64          `json:"delivered"`
	Recovered   uint64          `json:"recovered"`
	Lost        uint64          `json:"lost"`
	Losses      []LossSummary   `json:"losses"`
	MoreLosses  uint64          `json:"more_losses,omitempty"` // reports beyond those listed
	Latency     *hist.Quantiles `json:"latency_ns"`            // until it was received
	// Taken is until it was taken from the subscriber's queue.
	Taken    *hist.Quantiles `json:"taken_ns"`
	Recovery *hist.Quantiles `json:"recovery_ns"`
	// Feeds are there if the session came by several.
	Feeds []FeedSummary `json:"feeds,omitempty"`
	End   string        `json:"end"`
	// Continued is the session that goes on where this one ended, if it fell silent.
	Continued string `json:"continued_by,omitempty"`
	// Certificate is the last certificate of the publisher's survivors.
	Certificate *events.Certificate `json:"certificate,omitempty"`
	// Acknowledged is the offset where the next run goes on, by the state file.
	Acknowledged *uint64 `json:"acknowledged,omitempty"`
	// Counters are the rest of what the subscriber counted. Zeros are left out, but for
	// alwaysOfSession.
	Counters counts.Values `json:"-"`

	// several says that the session has several partitions.
	several bool
}

// forgetPositions drops where the next run goes on: what the state file says isn't known.
func (s *Summary) forgetPositions() {
	for _, one := range s.Sessions {
		one.Acknowledged = nil
	}
}

// savedToEnd reports whether the next run goes on where the partition ended. One in which nothing
// came has no position, and needs none.
func (s *SessionSummary) savedToEnd() bool {
	if s.Acknowledged == nil {
		return s.Delivered+s.Lost == 0
	}
	return *s.Acknowledged == s.NextOffset
}

// seen reports whether the end was seen, or another session goes on there.
func (s *SessionSummary) seen() bool {
	return s.End != "open" && s.End != endSilent || s.Continued != ""
}

// aheadOfTally are the counters of a session that go on with what the subscriber has ready,
// beyond the last message that the command took.
var aheadOfTally = []string{"delivered_bytes", "loss_reports", "lag"}

// sessionCounters returns the counters of a session that a summary has no field for.
func sessionCounters(s *subscriber.Session) counts.Values {
	return counts.Of(s.Counters()).Without("first_offset", "next_offset", "delivered", "recovered",
		"lost")
}

// MarshalJSON returns one object with the counters among the rest.
func (s SessionSummary) MarshalJSON() ([]byte, error) {
	type plain SessionSummary
	return counts.Join(plain(s), s.Counters.Shown(alwaysOfSession...))
}

// UnmarshalJSON reads what MarshalJSON returned.
func (s *SessionSummary) UnmarshalJSON(data []byte) error {
	type plain SessionSummary
	s.Counters = sessionCounters(new(subscriber.Session))
	return s.Counters.Read(data, (*plain)(s))
}

// LossSummary is a loss report; To is exclusive.
type LossSummary struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Cause string `json:"cause"`
}
