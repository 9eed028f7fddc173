package multicast

import "sync/atomic"

// counters are the parts of ConnStats that change. They are safe for concurrent use.
type counters struct {
	mtu                              atomic.Int64
	received, misdirected, truncated atomic.Uint64
	sent, sentBytes, sendErrors      atomic.Uint64
	starved                          atomic.Uint64
	writes, reads, rejoins           atomic.Uint64
}

// Taken implements Taker.
func (c *counters) Taken() (datagrams, bytes uint64) { return c.sent.Load(), c.sentBytes.Load() }

// stats returns the counters. The caller adds ReadBuffer, WriteBuffer and KernelDrops.
func (c *counters) stats() ConnStats {
	return ConnStats{
		MTU:         int(c.mtu.Load()),
		Received:    c.received.Load(),
		Misdirected: c.misdirected.Load(),
		Truncated:   c.truncated.Load(),
		Sent:        c.sent.Load(),
		SentBytes:   c.sentBytes.Load(),
		SendErrors:  c.sendErrors.Load(),
		Starved:     c.starved.Load(),
		Writes:      c.writes.Load(),
		Reads:       c.reads.Load(),
		Rejoins:     c.rejoins.Load(),
	}
}
