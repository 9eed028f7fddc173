package pub

import (
	"crier/cmd/crier/counts"
	"crier/cmd/crier/feed"
	"crier/publisher"
)

// subscriberSummary is a subscriber's row of a summary, from its last report.
type subscriberSummary struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
	// Team is that of a member of one: its lag is that of what it was granted.
	Team string `json:"team,omitempty"`
	// State is watching, behind, counted or evicted; then ", left" or ", not heard".
	State string `json:"state"`
	// Of the message that it delivers next, about; of several partitions, the sum.
	Offset uint64 `json:"offset"`
	Lag    uint64 `json:"lag"` // messages, about, in all partitions
	// Log is there for a recorder.
	Log      *logSummary `json:"log,omitempty"`
	Lacks    bool        `json:"lacks,omitempty"`
	Asks     bool        `json:"asks,omitempty"` // repairs were cut short
	Asked    uint64      `json:"frames_asked"`
	Again    uint64      `json:"frames_asked_again,omitempty"` // after they were repeated
	Repaired uint64      `json:"frames_repaired"`
	Gone     uint64      `json:"frames_gone"`
	Refused  uint64      `json:"frames_refused"`
	RTT      int64       `json:"round_trip_ns,omitempty"`
	Quiet    int64       `json:"quiet_ns"` // since its last word
}

// logSummary is a recorder's word of its log.
type logSummary struct {
	// Of the first message that doesn't survive the end of its process, about; of several
	// partitions, the sum.
	Written uint64 `json:"written"`
	// Of the first message that doesn't survive the loss of power, about; of several partitions,
	// the sum.
	Synced uint64 `json:"synced"`
}

// logOf returns a recorder's word of its log, and nil for another subscriber.
func logOf(s *publisher.Subscriber) *logSummary {
	if !s.Recorder {
		return nil
	}
	at := placeOf(s)
	return &logSummary{at.written, at.synced}
}

// Summary is the JSON of crier pub --summary.
type Summary struct {
	Session string `json:"session"`
	// Counters are those of the publisher. Zeros are left out, but for alwaysShown.
	Counters counts.Values `json:"-"`
	ending
}

// ending is what a Summary has besides counters.
type ending struct {
	// Topic is there if the session has one.
	Topic string `json:"topic,omitempty"`
	// Partitions are there if there are several.
	Partitions     []partitionSummary `json:"partitions,omitempty"`
	UnsentMessages uint64             `json:"unsent_messages,omitempty"`
	// Subscribers is never left out. MoreSubscribers counts those without a row.
	Subscribers     []subscriberSummary `json:"subscribers"`
	MoreSubscribers int                 `json:"more_subscribers,omitempty"`
	// Teams are those that shared the messages.
	Teams []teamSummary `json:"teams,omitempty"`
	// Source tells what was odd about the feed that was read.
	Source *feed.Summary `json:"source,omitempty"`
}

// alwaysShown are the counters of a Summary that are there even if they are 0.
var alwaysShown = []string{
	"accepted", "frames_sent", "repairs_sent", "nacks_received", "bytes_sent", "end_left",
}

// MarshalJSON returns one object with the counters among the rest.
func (s Summary) MarshalJSON() ([]byte, error) {
	session := map[string]string{"session": s.Session}
	return counts.Join(session, s.Counters.Shown(alwaysShown...), s.ending)
}

// UnmarshalJSON reads what MarshalJSON returned.
func (s *Summary) UnmarshalJSON(data []byte) error {
	type plain Summary
	s.Counters = counts.Of(publisher.Stats{}.Counters())
	return s.Counters.Read(data, (*plain)(s))
}

func newSummary(session publisher.SessionID, end *outcome) Summary {
	return Summary{Session: session.String(), Counters: counts.Of(end.stats.Counters()),
		ending: end.summary()}
}

func (e *outcome) summary() ending {
	sum := ending{
		Subscribers: []subscriberSummary{}, MoreSubscribers: max(0, len(e.list)-maxSubscriberRows),
	}
	for _, u := range e.unsent {
		sum.UnsentMessages += u.Next - u.First
	}
	for i := range e.list[:min(len(e.list), maxSubscriberRows)] {
		s := &e.list[i]
		sum.Subscribers = append(sum.Subscribers, subscriberSummary{
			Name: s.Name, Address: s.Addr.String(), Team: s.Team, State: stateText(s),
			Offset: placeOf(s).offset, Lag: s.Lag, Log: logOf(s), Lacks: s.Lacks, Asks: s.Asks,
			Asked: s.Asked, Again: s.Again, Repaired: s.Repaired, Gone: s.Gone, Refused: s.Refused,
			RTT: int64(s.RTT), Quiet: int64(s.Quiet),
		})
	}
	sum.Teams = e.teams
	return sum
}
