package sim

import (
	"crier/cmd/crier/counts"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/hist"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// Result is the result of a run. It is a function of the scenario and the seed. Times are in
// nanoseconds of virtual time.
type Result struct {
	Scenario   string       `json:"scenario"`
	Story      string       `json:"story"`
	Seed       uint64       `json:"seed"`
	Duration   int64        `json:"duration_ns"` // of publishing
	End        int64        `json:"end_ns"`      // the run ends
	Promise    string       `json:"promise"`     // kept, or broken
	Violations string       `json:"violations,omitempty"`
	World      world.Stats  `json:"world"`
	Events     []*event     `json:"events"` // of the scenario
	Publishers []*Publisher `json:"publishers"`
	Recorders  []*recorder  `json:"recorders,omitempty"` // if the scenario has any
	// what the directory's processes announced, if the scenario has any
	Announcements *announcements `json:"announcements,omitempty"`
	Listers       []*lister      `json:"listers,omitempty"` // what was listed of them
	// Teams are those of which subscribers are members, if there are any.
	Teams []*team `json:"teams,omitempty"`
	// Certificates are those of survivors, if there were inquests.
	Certificates []*certificate `json:"certificates,omitempty"`

	LostFrames lostFrames `json:"lost_frames"`
	Groups     []*group   `json:"groups"`
	Members    []*member  `json:"subscribers"`
	Series     series     `json:"series"`
}

// Publisher is a publisher, all its sessions together.
type Publisher struct {
	Name        string `json:"name"`
	Sessions    int    `json:"sessions"`
	Accepted    uint64 `json:"accepted"` // messages
	Bytes       uint64 `json:"accepted_bytes"`
	Frames      uint64 `json:"frames_sent"` // DATA, sent for the first time
	FrameBytes  uint64 `json:"frame_bytes"`
	Repairs     uint64 `json:"repairs_sent"`
	RepairBytes uint64 `json:"repair_bytes"`
	Others      uint64 `json:"other_frames"`   // heartbeats and the like
	Nacks       uint64 `json:"nacks_received"` // that reached it
	Statuses    uint64 `json:"statuses_received"`
	// Counters are what it counted itself in its newest session. Zeros are left out.
	Counters counts.Values `json:"counters"`
	// Source tells what was odd about its recorded feed.
	Source *feed.Summary `json:"source,omitempty"`
}

// recorder is a recorder, all its lives together.
type recorder struct {
	Name        string `json:"name"`
	Starts      int    `json:"starts"`          // of its process
	Frames      uint64 `json:"frames_recorded"` // written to its log
	FrameBytes  uint64 `json:"frame_bytes"`
	Holes       uint64 `json:"hole_frames"` // that its log lacks, by name, at the end
	Sessions    int    `json:"sessions"`    // in its log at the end
	LogBytes    int64  `json:"log_bytes"`   // at the end
	Repairs     uint64 `json:"repairs_sent"`
	RepairBytes uint64 `json:"repair_bytes"`
	Digests     uint64 `json:"digests_sent"`   // what it said of its log
	Asked       uint64 `json:"nacks_received"` // that reached it
	Nacks       uint64 `json:"nacks_sent"`     // to publishers and other recorders
}

// lostFrames counts DATA frames that were lost on the way to a subscriber.
type lostFrames struct {
	Count uint64 `json:"count"` // frames that at least one subscriber lost
	Sum   uint64 `json:"sum"`   // losses of frames, of all subscribers
	// Nacks are how many NACKs that asked for such a frame reached the publisher.
	Nacks *nackCounts `json:"nacks"`
}

// nackCounts are quantiles of a number.
type nackCounts struct {
	P50 uint64 `json:"p50"`
	P95 uint64 `json:"p95"`
	P99 uint64 `json:"p99"`
	Max uint64 `json:"max"`
}

// group is a group of subscribers, all together.
type group struct {
	Name      string            `json:"name"`
	Members   int               `json:"members"`
	RoundTrip int64             `json:"round_trip_ns"` // on average, from its links; 0 if recorded
	Delivered uint64            `json:"delivered"`
	Recovered uint64            `json:"recovered"`
	Lost      uint64            `json:"lost"`
	Causes    map[string]uint64 `json:"causes"` // of the lost
	Missed    uint64            `json:"frames_lost"`
	Repairs   uint64            `json:"repairs_received"`
	Excess    uint64            `json:"duplicates"`
	Nacks     uint64            `json:"nacks_sent"`
	Repeated  uint64            `json:"repairs_sent,omitempty"` // for others, in inquests
	Digests   uint64            `json:"digests_sent,omitempty"` // in inquests
	Latency   *quantiles        `json:"latency_ns"`             // from acceptance to the application
	Recovery  *quantiles        `json:"recovery_ns"`            // from finding a gap to its repair

	latency, recovery hist.Histogram
}

// member is one subscriber.
type member struct {
	Name        string       `json:"name"`
	Group       string       `json:"group"`
	Sessions    []session    `json:"sessions"`
	Delivered   uint64       `json:"delivered"`
	Bytes       uint64       `json:"delivered_bytes"`
	Recovered   uint64       `json:"recovered"`
	Lost        uint64       `json:"lost"`
	Losses      []loss       `json:"losses"`
	MoreLosses  uint64       `json:"more_losses,omitempty"` // reports beyond those listed
	Missed      uint64       `json:"frames_lost"`           // DATA frames lost on the way to it
	LatencyMax  int64        `json:"latency_max_ns"`
	RecoveryMax int64        `json:"recovery_max_ns"`
	HeldMax     int          `json:"held_max_bytes"`
	Strip       []stripPoint `json:"strip"` // where anything happened
	// Verdicts are the certificates that it was told of.
	Verdicts []verdict `json:"certificates,omitempty"`
}

// session is one session at one subscriber.
type session struct {
	Session string `json:"session"`
	End     string `json:"end"`
	// Counters are those of the subscriber. Zeros are left out, but for alwaysShown.
	Counters counts.Values `json:"-"`
}

// alwaysShown are the counters of a session that are there even if they are 0.
var alwaysShown = []string{"first_offset", "next_offset", "delivered", "lost", "duplicates",
	"nacks_sent", "repairs_received"}

// MarshalJSON returns one object with the counters among the rest.
func (s session) MarshalJSON() ([]byte, error) {
	type plain session
	return counts.Join(plain(s), s.Counters.Shown(alwaysShown...))
}

// UnmarshalJSON reads what MarshalJSON returned.
func (s *session) UnmarshalJSON(data []byte) error {
	type plain session
	s.Counters = counts.Of(receive.SessionStats{}.Counters())
	return s.Counters.Read(data, (*plain)(s))
}

// loss is one loss report.
type loss struct {
	At    int64  `json:"at_ns"`
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Cause string `json:"cause"`
}

// stripPoint counts what happened to a subscriber in a bin of time.
type stripPoint struct {
	Bin       int    `json:"bin"`
	Missed    uint32 `json:"frames_lost"` // DATA frames lost on the way
	Recovered uint32 `json:"recovered"`
	Lost      uint32 `json:"lost"` // messages
}

// series is the run in bins of time.
type series struct {
	Bin         int64    `json:"bin_ns"`
	Frames      []uint64 `json:"frames_sent"`
	FrameBytes  []uint64 `json:"frame_bytes"`
	Repairs     []uint64 `json:"repairs_sent"`
	RepairBytes []uint64 `json:"repair_bytes"`
	Nacks       []uint64 `json:"nacks_sent"`
	Delivered   []uint64 `json:"delivered"`
	Recovered   []uint64 `json:"recovered"`
	Missed      []uint64 `json:"frames_lost"` // DATA frames lost on the way, a receiver each
	Lost        []uint64 `json:"lost"`
	Held        []uint64 `json:"held_bytes"` // by all subscribers, at most
}

// quantiles describe a distribution.
type quantiles struct {
	Count int64 `json:"count"`
	P50   int64 `json:"p50"`
	P90   int64 `json:"p90"`
	P95   int64 `json:"p95"`
	P99   int64 `json:"p99"`
	P999  int64 `json:"p999"`
	P9999 int64 `json:"p9999"`
	Max   int64 `json:"max"`
}

// quantilesOf returns them, or nil if nothing was measured.
func quantilesOf(h *hist.Histogram) *quantiles {
	if h.Count() == 0 {
		return nil
	}
	at := func(per10k int64) int64 { return int64(h.QuantileOf(per10k, 10000)) }
	return &quantiles{h.Count(), at(5000), at(9000), at(9500), at(9900), at(9990), at(9999),
		int64(h.Max())}
}
