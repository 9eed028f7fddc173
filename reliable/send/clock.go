package send

import "crier/reliable"

// A clock tells a session's time.
type clock struct {
	// start is the start of the session, and now the time of the last call that passed it.
	start, now reliable.Time
	// armed is the last deadline.
	armed reliable.Time
	// woke is when this process resumed after it had been suspended.
	woke reliable.Time
}

// tick notes the time of a call.
func (c *clock) tick(now reliable.Time) {
	c.notice(now)
	c.now = now
}

// notice checks whether this process was suspended.
func (c *clock) notice(now reliable.Time) {
	if c.armed != reliable.Never && now.Sub(c.armed) > reliable.Suspended {
		c.woke, c.armed = now, now
	}
}

// wire returns now on the wire's clock.
func (c *clock) wire(now reliable.Time) uint64 { return sinceStart(c.start, now) }

// sinceStart returns now on the clock of a session that began at start.
func sinceStart(start, now reliable.Time) uint64 { return uint64(max(0, now.Sub(start))) }
