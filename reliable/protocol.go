package reliable

import "time"

// Both sides of the protocol rely on these numbers.
const (
	// DefaultDatagram is the size of a full datagram over IPv4 on Ethernet: 1,500
	// bytes less 28 of headers. Over IPv6 it is DefaultDatagram6.
	DefaultDatagram  = 1472
	DefaultDatagram6 = 1452

	// HeartbeatData is the interval of heartbeats while data is sent.
	HeartbeatData = 100 * time.Millisecond
	// StatusMin is the shortest time between two STATUS of one subscriber.
	StatusMin = 500 * time.Millisecond
	// WelcomeChannels is the number of channels that a STATUS asks SESSION for, at most: one
	// datagram draws no more.
	WelcomeChannels = 16
	// MinHeld is the least room that a frame takes at a subscriber, in bytes.
	MinHeld = 2048
	// MaxBatch is the greatest size of a Batch, in bytes. It is that of an offloaded send.
	MaxBatch = 65507
	// MaxSegments is the greatest number of datagrams in a Batch.
	MaxSegments = 64

	// Suspended is the least delay of a call after the last deadline that shows that the
	// process was suspended. Silence of the other side during a suspension proves nothing.
	Suspended = 250 * time.Millisecond
)

// statusPerSecond is the number of STATUS that all subscribers of a session send together,
// scaled as RTCP scales its reports (RFC 3550, section 6.2).
const statusPerSecond = 100

// StatusEvery returns the interval between two STATUS of each of n subscribers.
func StatusEvery(n int) time.Duration {
	return max(StatusMin, time.Duration(n)*time.Second/statusPerSecond)
}
