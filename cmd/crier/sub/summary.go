package sub

import (
	"crier/cmd/crier/drops"
	"crier/cmd/crier/hist"
)

// Summary is what crier sub --summary writes.
type Summary struct {
	Sessions []*SessionSummary `json:"sessions"`
	// MoreSessions counts those that are not listed, since there were too many.
	// It stands there only if there were some.
	MoreSessions uint64 `json:"more_sessions,omitempty"`
	// UnseenEnds counts the sessions, listed or not, of which no BYE was heard: what
	// came after next_offset is unknown. It stands there only if there are some.
	UnseenEnds       uint64 `json:"unseen_ends,omitempty"`
	InvalidDatagrams uint64 `json:"invalid_datagrams"`
	KernelDrops      uint64 `json:"kernel_drops"`
	drops.Counts
	kernel drops.Kernel
}

// SessionSummary is one session's part of it. Offsets are from first_offset,
// which is included, to next_offset, which is not; delivered + lost is their
// difference.
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
	// until it was taken from the subscriber's queue
	Taken    *hist.Quantiles `json:"taken_ns"`
	Recovery *hist.Quantiles `json:"recovery_ns"`
	End      string          `json:"end"`
}

// LossSummary is one loss report; To is exclusive.
type LossSummary struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Cause string `json:"cause"`
}
