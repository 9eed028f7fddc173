package send

import "time"

// Defaults, and limits that are not configured.
const (
	// DefaultResendBuffer bounds the frames that are held for repair, in bytes.
	DefaultResendBuffer = 64 << 20
	// DefaultMaxMembers bounds the table of subscribers.
	DefaultMaxMembers = 4096
	// DefaultStallTimeout is how long a subscriber may hold the others back.
	DefaultStallTimeout = 5 * time.Second
	// DefaultLinger is how long a closed session goes on after the last request.
	DefaultLinger = time.Second
	// DefaultRepairFloor is the rate that repairs may always use, in bytes a second;
	// what goes to subscribers that are behind may use as much again. With more, one that
	// loses 70 % on a slow link delays the others by seconds.
	DefaultRepairFloor = 16 << 20

	// maxRate bounds the rate limit, in bytes a second; confirmPart is the part of it
	// that CONFIRMs may use.
	maxRate     = 1 << 40
	confirmPart = 16

	// heartbeatFirst is when the first heartbeat follows the last data: a lost
	// tail is found that soon. Each further one waits twice as long, up to
	// heartbeatLast.
	heartbeatFirst = time.Millisecond
	heartbeatLast  = 400 * time.Millisecond
	// announceEvery is how often SESSION is repeated.
	announceEvery = time.Second
	// byeLast is the longest time between two BYEs.
	byeLast = 100 * time.Millisecond

	// drainMax is the longest that a closed session still repairs, unless it lingers
	// longer.
	drainMax = 30 * time.Second

	// behindTurn is how many batches of data may go out before one for subscribers that
	// are behind.
	behindTurn = 4
)
