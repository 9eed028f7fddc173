package receive

import "time"

// Defaults, and limits that are not configured.
const (
	// DefaultBuffer bounds the frames of one session that wait, in bytes.
	DefaultBuffer = 32 << 20
	// DefaultMaxSessions bounds the sessions that are followed.
	DefaultMaxSessions = 1024

	// minSilence is how long a session may be quiet before it is silent, where
	// five announced heartbeat intervals are less.
	minSilence       = 2 * time.Second
	silenceIntervals = 5

	// maxInterval is the longest heartbeat interval believed, so that silence is
	// always noticed, and maxGroup the largest group.
	maxInterval = 2 * time.Second
	maxGroup    = 1 << 20
)
