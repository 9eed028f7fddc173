package sim

import (
	"crier/cmd/crier/feed"
	"crier/cmd/crier/hist"
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
	World      worldStats   `json:"world"`
	Events     []*event     `json:"events"` // of the scenario
	Publishers []*Publisher `json:"publishers"`
	LostFrames lostFrames   `json:"lost_frames"`
	Groups     []*group     `json:"groups"`
	Members    []*member    `json:"subscribers"`
	Series     series       `json:"series"`
}

// worldStats counts events of the network.
type worldStats struct {
	Events    uint64 `json:"events"`
	Sent      uint64 `json:"sent"`      // datagrams, by anyone
	Delivered uint64 `json:"delivered"` // datagrams that reached a process
	Damaged   uint64 `json:"damaged"`   // of these, those that didn't decode
	Overflow  uint64 `json:"overflow"`  // datagrams that found a paused process's socket full
}

// Publisher is a publisher, all its sessions together.
type Publisher struct {
	Name        string `json:"name"`
	Sessions    int    `json:"sessions"`
	Accepted    uint64 `json:"accepted"` // messages
	Bytes       uint64 `json:"accepted_bytes"`
	Frames      uint64 `json:"frames"` // DATA, sent for the first time
	FrameBytes  uint64 `json:"frame_bytes"`
	Repairs     uint64 `json:"repairs"`
	RepairBytes uint64 `json:"repair_bytes"`
	Others      uint64 `json:"other_frames"` // heartbeats and the like
	Nacks       uint64 `json:"nacks"`        // that reached it
	Statuses    uint64 `json:"statuses"`
	GroupSize   int    `json:"group_size"` // subscribers that it knows at the end
	// Source tells what was odd about its recorded feed.
	Source *feed.Summary `json:"source,omitempty"`
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
	Latency   *quantiles        `json:"latency_ns"`  // from acceptance to the application
	Recovery  *quantiles        `json:"recovery_ns"` // from finding a gap to its repair

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
}

// session is one session at one subscriber.
type session struct {
	Session     string `json:"session"`
	FirstOffset uint64 `json:"first_offset"`
	NextOffset  uint64 `json:"next_offset"`
	Delivered   uint64 `json:"delivered"`
	Lost        uint64 `json:"lost"`
	Duplicates  uint64 `json:"duplicates"`
	Nacks       uint64 `json:"nacks"`
	Repairs     uint64 `json:"repairs"`
	End         string `json:"end"`
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
	Missed    uint32 `json:"missed"` // DATA frames lost on the way
	Recovered uint32 `json:"recovered"`
	Lost      uint32 `json:"lost"` // messages
}

// series is the run in bins of time.
type series struct {
	Bin         int64    `json:"bin_ns"`
	Frames      []uint64 `json:"frames"`
	FrameBytes  []uint64 `json:"frame_bytes"`
	Repairs     []uint64 `json:"repairs"`
	RepairBytes []uint64 `json:"repair_bytes"`
	Nacks       []uint64 `json:"nacks"`
	Delivered   []uint64 `json:"delivered"`
	Recovered   []uint64 `json:"recovered"`
	Missed      []uint64 `json:"missed"` // DATA frames lost on the way, a receiver each
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
