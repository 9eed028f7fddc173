package send

import (
	"time"

	"crier/reliable"
)

// Defaults, and limits that are not configured.
const (
	// defaultResendBuffer bounds the frames that are held for repair, in bytes.
	defaultResendBuffer = 64 << 20
	// DefaultMaxMembers bounds the table of subscribers.
	DefaultMaxMembers = 4096
	// defaultStallTimeout is how long a subscriber may hold the others back.
	defaultStallTimeout = 5 * time.Second
	// defaultLinger is how long a closed session goes on after the last request.
	defaultLinger = time.Second

	// maxMemory is more than any machine has.
	maxMemory = 1 << 40
	// maxRate bounds the rate limit and the floor of repairs. Of the rate limit, CONFIRMs may
	// use one part in confirmPart.
	maxRate     = 8 * reliable.Tbit
	confirmPart = 16

	// heartbeatFirst is the time from the last data to the first heartbeat: a lost tail
	// is found that soon. Each further heartbeat waits twice as long, up to
	// heartbeatLast.
	heartbeatFirst = time.Millisecond
	heartbeatLast  = 400 * time.Millisecond
	// announceEvery is how often SESSION is repeated.
	announceEvery = time.Second
	// announceEach is how often that of one of several channels is.
	announceEach = 400 * time.Millisecond
	// byeLast is the longest time between two BYEs.
	byeLast = 100 * time.Millisecond

	// drainMax bounds how long a closed session repairs, unless it lingers longer, or a
	// subscriber whose pace counts makes progress.
	drainMax = 30 * time.Second

	// maxFeeds bounds the feeds of a session.
	maxFeeds = 4

	// behindTurn is the number of batches of data before one for subscribers that are
	// behind.
	behindTurn = 4
)
