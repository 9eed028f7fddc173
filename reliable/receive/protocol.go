package receive

import "time"

// Defaults, and limits that are not configured.
const (
	defaultBuffer   = 32 << 20 // Memory.Buffer
	defaultSessions = 1024     // Memory.MaxSessions

	// silenceIntervals is the number of announced heartbeat intervals that a session may
	// be quiet before it is silent, where the silence time is less.
	silenceIntervals = 5

	// maxInterval is the longest heartbeat interval believed, so that silence is
	// always noticed, and maxGroup the largest group.
	maxInterval = 2 * time.Second
	maxGroup    = 1 << 20
)
