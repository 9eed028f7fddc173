package peer

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

const (
	// Intervals is the number of intervals for which the old address must have been
	// quiet: of HEARTBEATs for a publisher, of STATUS for a subscriber.
	Intervals = 3
	// Ahead is how far a publisher's time may lie ahead of its expected value, for clocks
	// that drift and frames that were late before. The last frame heard may have been
	// later than that, as all frames are that wait for a suspended process. The time may
	// therefore be ahead by the time since that frame as well, and a quiet peer is found
	// in the end.
	Ahead = time.Second
)

// A Candidate is another address that speaks for a peer, and continues where the peer
// left off.
type Candidate struct {
	From netip.AddrPort
	// Since is the time of its first frame after the last one from the old address.
	Since reliable.Time
	// Heard is the time of its last frame, and Told the peer's time in it.
	Heard reliable.Time
	Told  uint64
	// Words counts its frames since Since.
	Words int
	// rival is when a second candidate spoke; 0 means never.
	rival reliable.Time
}

// Take notes a frame from another address that continues where the peer left off. The
// peer was last heard at its own address at heard, and must be quiet for quiet. Take
// reports whether the peer has moved there, and whether another candidate contests it.
func (c *Candidate) Take(
	now reliable.Time, from netip.AddrPort, told uint64, heard reliable.Time, quiet time.Duration,
) (moved, contested bool) {
	interval := quiet / Intervals
	switch {
	case c.Words == 0 || c.From != from && now.Sub(c.Heard) >= quiet:
		*c = Candidate{From: from, Since: now, rival: c.rival}
	case c.From != from:
		c.rival = now
		return false, true
	case told <= c.Told:
		return false, c.contested(now, quiet)
	case heard.Sub(c.Since) >= interval: // not merely what was on its way
		c.Since, c.Words, contested = now, 0, true
	}
	c.Heard, c.Told = now, told
	c.Words++
	contested = contested || c.contested(now, quiet)
	if contested || c.Words < 2 || now.Sub(c.Since) < interval || now.Sub(heard) < quiet {
		return false, contested
	}
	*c = Candidate{}
	return true, false
}

// contested reports whether two candidates have spoken for the peer lately.
func (c *Candidate) contested(now reliable.Time, quiet time.Duration) bool {
	return c.rival != 0 && now.Sub(c.rival) < quiet
}

// Told returns when a subscriber spoke, on the session's clock, less the time on the way.
func Told(f *frame.Frame) uint64 { return f.Echo + uint64(f.Held) }
