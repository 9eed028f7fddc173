package reliable

import "time"

// What both sides of the protocol reckon with.
const (
	// DefaultDatagram is the size of a full datagram over IPv4 on Ethernet: 1,500
	// bytes less 28 of headers. Over IPv6 it is DefaultDatagram6.
	DefaultDatagram  = 1472
	DefaultDatagram6 = 1452

	// HeartbeatData is how often a heartbeat goes out while data does.
	HeartbeatData = 100 * time.Millisecond
	// StatusMin is the shortest time between two STATUS of one subscriber.
	StatusMin = 500 * time.Millisecond
	// MinHeld is the least that a frame takes of a subscriber's room, in bytes.
	MinHeld = 2048
	// MaxBatch bounds the bytes of one Batch: what one offloaded send carries.
	MaxBatch = 65507
	// MaxSegments bounds the datagrams of one Batch.
	MaxSegments = 64

	// Suspended is how late a call must come after the last deadline for the process
	// to have been suspended: what was not heard, or answered, meanwhile says nothing
	// about the other side.
	Suspended = 250 * time.Millisecond
)

// statusPerSecond is how many STATUS all subscribers of a session send together, as
// RTCP scales its reports (RFC 3550, section 6.2).
const statusPerSecond = 100

// StatusEvery returns how often each of n subscribers sends a STATUS.
func StatusEvery(n int) time.Duration {
	return max(StatusMin, time.Duration(n)*time.Second/statusPerSecond)
}
