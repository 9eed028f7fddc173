package world

import (
	"fmt"
	"time"

	"crier/reliable"
)

// ClockConfig says how the clocks of a host go. The zero value is one that goes right.
type ClockConfig struct {
	// PPM is by how many millionths the lease clock is faster than the World's time, below 0
	// slower: at most 500,000 either way.
	PPM int
	// Sleepless keeps the lease clock from counting the time for which the host was suspended,
	// as a machine does that asks the wrong clock: it tampers with leases.
	Sleepless bool
}

// maxPPM bounds the rate of a clock, either way.
const maxPPM = 500_000

func (c ClockConfig) validate() error {
	if c.PPM < -maxPPM || c.PPM > maxPPM {
		return fmt.Errorf("a clock that is off by %d millionths is outside -%d to %d", c.PPM, maxPPM,
			maxPPM)
	}
	return nil
}

// clock is a host's. While the host is suspended, the clock of the machines stands still; the
// lease clock goes on.
type clock struct {
	cfg   ClockConfig
	slept time.Duration // for how long the host was suspended, in all
	naps  []nap
	// from and before are the World's time at which the process of this life began, and what
	// slept was: its lease clock began to differ there.
	from   reliable.Time
	before time.Duration
}

// nap is one suspension: when it began, by the clock of the machines, and its length.
type nap struct {
	at     reliable.Time
	length time.Duration
}

// begin starts the lease clock of a process.
func (c *clock) begin(now reliable.Time) { c.from, c.before = now, c.slept }

// machine returns what the clock of the machines says at a time of the World.
func (c *clock) machine(now reliable.Time) reliable.Time { return now.Add(-c.slept) }

// world returns the time of the World at which the clock of the machines says at, which lies
// ahead.
func (c *clock) world(at reliable.Time) reliable.Time {
	if at == reliable.Never {
		return at
	}
	return at.Add(c.slept)
}

// shift returns by how much the lease clock is ahead of the clock of the machines.
func (c *clock) shift(now reliable.Time) time.Duration {
	const million = 1_000_000
	alive, ppm := int64(now.Sub(c.from)), int64(c.cfg.PPM)
	// Neither overflows: a run of a day has less than 2^47 ns, and a rate less than 2^19.
	d := time.Duration(alive/million*ppm + alive%million*ppm/million)
	if !c.cfg.Sleepless {
		d += c.slept - c.before
	}
	return d
}

// wake notes that the host was suspended since a time.
func (c *clock) wake(since, now reliable.Time) {
	at := c.machine(since)
	c.slept += now.Sub(since)
	c.naps = append(c.naps, nap{at, now.Sub(since)})
}

// read returns when the clock of the machines said at, which is past.
func (c *clock) read(at reliable.Time) reliable.Time {
	t := at
	for i := range c.naps {
		if c.naps[i].at <= at {
			t = t.Add(c.naps[i].length)
		}
	}
	return t
}

// now returns what the clock of the subscriber's machine says.
func (s *Subscriber) now() reliable.Time { return s.clock.machine(s.w.now) }

// now returns what the clock of the publisher's machine says.
func (p *Publisher) now() reliable.Time { return p.clock.machine(p.w.now) }

// LeaseClock returns what the subscriber's lease clock says now: the clock of its machine, and
// by how much the lease clock is ahead.
func (s *Subscriber) LeaseClock() reliable.Time { return s.now().Add(s.clock.shift(s.w.now)) }

// LeaseClock returns what the publisher's lease clock says now.
func (p *Publisher) LeaseClock() reliable.Time { return p.now().Add(p.clock.shift(p.w.now)) }

// ClockRead returns when the clock of the subscriber's machine said t, which stands still while the
// host is suspended.
func (s *Subscriber) ClockRead(t time.Time) reliable.Time { return s.clock.read(VirtualTime(t)) }

// Suspend suspends the publisher's host, as a laptop that is closed: nothing happens there, and
// what is sent to it is lost. Its clock stands still meanwhile, and only the lease clock counts
// that time. It goes on after d, or with Resume if d is 0.
func (p *Publisher) Suspend(d time.Duration) {
	if p.state != running || p.asleep.on {
		return
	}
	p.w.trace("suspend %v", p)
	p.sleep(d)
	p.asleep.host = true
}

// Suspend suspends the subscriber's host, as Publisher.Suspend does.
func (s *Subscriber) Suspend(d time.Duration) {
	if s.state != running || s.asleep.on {
		return
	}
	s.w.trace("suspend %v", s)
	s.sleep(d)
	s.asleep.host = true
}

// Suspended returns for how long the publisher's host was suspended, in all.
func (p *Publisher) Suspended() time.Duration { return p.clock.slept }
