package peer

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

const (
	// Intervals is for how many intervals the old address must have been quiet: a
	// publisher's of HEARTBEATs, a subscriber's of STATUS.
	Intervals = 3
	// Ahead is how far a publisher's time may lie ahead of what it should be by now,
	// for clocks that drift and frames that were late before. What was heard last may have
	// been later than that, as all is that waited for a suspended process: so it may be
	// further ahead by the time since then, and the quiet one is found in the end.
	Ahead = time.Second
)

// Candidate is another address that speaks for a peer, and goes on where it left off.
type Candidate struct {
	From  netip.AddrPort
	Since reliable.Time // its first word that nothing of the old address came after
	Heard reliable.Time // its last one
	Told  uint64        // the publisher's time in that
	Words int           // since then
	rival reliable.Time // when a second one spoke; 0: never
}

// Take notes a word from elsewhere that goes on where the peer left off, which was
// heard last at a time itself, and must be quiet for so long. It reports whether the
// peer has moved there, and whether somebody else speaks for it, too.
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

// contested says whether two have spoken for the peer lately.
func (c *Candidate) contested(now reliable.Time, quiet time.Duration) bool {
	return c.rival != 0 && now.Sub(c.rival) < quiet
}

// Told returns when a subscriber spoke, on the session's clock, less the way there.
func Told(f *frame.Frame) uint64 { return f.Echo + uint64(f.Held) }
