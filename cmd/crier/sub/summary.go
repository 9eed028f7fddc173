package sub

import (
	"crier/cmd/crier/drops"
	"crier/cmd/crier/hist"
)

// Summary is the JSON of crier sub --summary.
type Summary struct {
	Sessions []*SessionSummary `json:"sessions"`
	// MoreSessions counts the sessions beyond those listed.
	MoreSessions uint64 `json:"more_sessions,omitempty"`
	// UnseenEnds counts the sessions, listed or not, without a BYE: messages after
	// next_offset are unknown.
	UnseenEnds       uint64 `json:"unseen_ends,omitempty"`
	InvalidDatagrams uint64 `json:"invalid_datagrams"`
	KernelDrops      uint64 `json:"kernel_drops"`
	drops.Counts
	kernel drops.Kernel
}

// SessionSummary is a session's part of a Summary. Offsets are [first_offset, next_offset);
// delivered + lost is their number.
type SessionSummary struct {
	Session     string          `json:"session"`
	Name        string          `json:"name,omitempty"`
	Source      string          `json:"source"`
	FirstOffset uint64          `json:"first_offset"`
	NextOffset  uint64          `json:"next_offset"`
	BeforeStart uint64          `json:"before_start"`
	Delivered   uint64          `json:"delivered"`
	Recovered   uint64          `json:"recovered"`
	Lost        uint64          `json:"lost"`
	Losses      []LossSummary   `json:"losses"`
	MoreLosses  uint64          `json:"more_losses,omitempty"` // reports beyond those listed
	Duplicates  uint64          `json:"duplicates"`
	NacksSent   uint64          `json:"nacks_sent"`
	Latency     *hist.Quantiles `json:"latency_ns"` // until it was received
	// Taken is until it was taken from the subscriber's queue.
	Taken    *hist.Quantiles `json:"taken_ns"`
	Recovery *hist.Quantiles `json:"recovery_ns"`
	End      string          `json:"end"`
}

// LossSummary is a loss report; To is exclusive.
type LossSummary struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Cause string `json:"cause"`
}
