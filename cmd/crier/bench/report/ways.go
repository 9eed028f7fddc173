package report

import "strconv"

// Ways of latency cells.
const (
	WayOne  = "one way"
	WayTrip = "round trip"
)

// Ways of overload cells.
const (
	WayAlone   = "alone"
	WayBeside  = "beside a healthy one"
	WayCrawler = "beside one that crawls"
)

// Ways of recording cells, besides WayAlone.
const (
	WayAside     = "beside a subscriber"
	WayRecorder  = "beside a recorder"
	WayRecording = "to a recorder"
	WayOwnLog    = "with a log at the publisher"
)

// Ways of history cells.
const (
	WayNoHistory = "without a history"
	WayHistory   = "with a history"
	WayUnasked   = "after a crash"
	WayServing   = "serving after a crash"
)

// Ways of cells about partitions, besides that which WayPartitions returns.
const (
	WayPartition = "1 partition"
	wayIdle      = ", idle"
)

// WayPartitions returns the way of so many partitions, and WayIdle that of a publisher that has
// sent all.
func WayPartitions(n int) string { return strconv.Itoa(n) + " partitions" }

// WayIdle returns the way of a publisher that has sent all.
func WayIdle(way string) string { return way + wayIdle }

// Ways of cells about keys.
const (
	WayPlain = "plain, as many bytes"
	WayKeyed = "with a key and a header"
)

// Ways of cells about feeds.
const (
	WayFeed  = "one feed"
	WayFeeds = "two feeds"
)

// Ways of cells about teams, besides those that WayShare returns.
const (
	WayFileStore   = "JetStream, file store"
	WayMemoryStore = "JetStream, memory store"
	WayQueueGroup  = "queue group, not acknowledged"
)

// Ways of cells about partitions that move.
const (
	WayLeaves  = "a worker leaves"
	WayJoins   = "a worker joins"
	WayKilled  = "a worker is killed"
	WayAtRest  = "at rest"
	WayRollout = "during a rollout"
)

// WayShare returns the way of a team with a share.
func WayShare(share string) string { return "by " + share }

// Ways of recovery cells.
const (
	wayLoss  = "loss to delivery"
	wayFound = "of it: detection"
	wayGap   = "gap to repair"
)

// The systems that are measured.
const (
	SystemCrier = "crier"
	SystemBare  = "bare"
	SystemTCP   = "tcp"
	SystemNATS  = "nats"
)
