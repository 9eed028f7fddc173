package reliable

import (
	"net/netip"
	"time"

	"crier/reliable/frame"
)

// How a peer moves to another address. One rule holds at both ends: the old address
// has been quiet for some intervals, and the numbers and the time of the new one go
// on exactly. A second candidate makes it contested, and moves nobody.

const (
	// moveIntervals is for how many intervals the old address must have been quiet: a
	// publisher's of HEARTBEATs, a subscriber's of STATUS.
	moveIntervals = 3
	// moveAhead is how far a publisher's time may lie ahead of what it should be by now,
	// for clocks that drift and frames that were late before. What was heard last may have
	// been later than that, as all is that waited for a suspended process: so it may be
	// further ahead by the time since then, and the quiet one is found in the end.
	moveAhead = time.Second
)

// candidate is another address that speaks for a peer, and goes on where it left off.
type candidate struct {
	from  netip.AddrPort
	since Time   // its first word that nothing of the old address came after
	heard Time   // its last one
	told  uint64 // the publisher's time in that
	words int    // since then
	rival Time   // when a second one spoke; 0: never
}

// take notes a word from elsewhere that goes on where the peer left off, which was
// heard last at a time itself, and must be quiet for so long. It reports whether the
// peer has moved there, and whether somebody else speaks for it, too.
func (c *candidate) take(
	now Time, from netip.AddrPort, told uint64, heard Time, quiet time.Duration,
) (moved, contested bool) {
	interval := quiet / moveIntervals
	switch {
	case c.words == 0 || c.from != from && now.Sub(c.heard) >= quiet:
		*c = candidate{from: from, since: now, rival: c.rival}
	case c.from != from:
		c.rival = now
		return false, true
	case told <= c.told:
		return false, c.contested(now, quiet)
	case heard.Sub(c.since) >= interval: // not merely what was on its way
		c.since, c.words, contested = now, 0, true
	}
	c.heard, c.told = now, told
	c.words++
	contested = contested || c.contested(now, quiet)
	if contested || c.words < 2 || now.Sub(c.since) < interval || now.Sub(heard) < quiet {
		return false, contested
	}
	*c = candidate{}
	return true, false
}

// contested says whether two have spoken for the peer lately.
func (c *candidate) contested(now Time, quiet time.Duration) bool {
	return c.rival != 0 && now.Sub(c.rival) < quiet
}

// toldAt returns when a subscriber spoke, on the session's clock, less the way there.
func toldAt(f *frame.Frame) uint64 { return f.Echo + uint64(f.Held) }
