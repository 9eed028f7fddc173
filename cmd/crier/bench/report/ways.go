package report

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
)
