package multicast

import (
	"math"
	"time"
)

// LeaseClock counts the time for which this machine slept, or may have slept. Go's monotonic
// clock stands still meanwhile on most systems, and with it the clock of a [Loop].
type LeaseClock interface {
	// Shift returns how far the lease clock has moved ahead of the monotonic one since it was
	// made, at a time that time.Now returned just now. It never falls. One goroutine at a time
	// may call it.
	Shift(t time.Time) time.Duration
}

// Shifter is a Machine with leases. The Loop tells it of each change of the shift, as far as a
// LeaseClock is configured, before it calls Receive or Advance; a caller of the Loop's has it told
// by LockLease.
type Shifter interface {
	Machine
	// Leases reports whether the machine has leases at present. If not, its Loop doesn't read
	// the lease clock, which costs more than the monotonic one.
	Leases() bool
	// Shift says how far the lease clock is ahead of the machine's time: 0 until it is called.
	// It never falls.
	Shift(d time.Duration)
}

// leases are the lease clock of a Loop, and the machine that asks for it.
type leases struct {
	// machine is nil if there is no clock, or the machine asks for none.
	machine Shifter
	clock   LeaseClock
	shift   time.Duration
}

// begin follows the clock for a machine that may ask for it.
func (l *leases) begin(m Machine, clock LeaseClock) {
	if s, ok := m.(Shifter); ok && clock != nil {
		l.machine, l.clock = s, clock
	}
}

// readLease tells the machine of the lease clock's shift if it has leases. The caller holds the
// lock.
func (l *Loop) readLease() {
	if l.leases.machine != nil && l.leases.machine.Leases() {
		l.TickLease()
	}
}

// TickLease reads the clock, as Tick does, and the lease clock, whether the machine has leases or
// is about to have some. The caller holds the lock.
func (l *Loop) TickLease() {
	t := time.Now()
	l.now = int64(t.Sub(l.cfg.Start))
	if l.leases.machine == nil {
		return
	}
	if d := l.leases.clock.Shift(t); d > l.leases.shift {
		l.leases.shift = d
		l.leases.machine.Shift(d)
	}
}

// LockLease locks the machine for the caller, as Lock does, and reads the lease clock as well.
func (l *Loop) LockLease() {
	l.mu.Lock()
	l.TickLease()
}

// LeaseClock returns a lease clock of the link's network, or nil if that has none: then its
// machines are never told of a shift.
func (c LinkConfig) LeaseClock() LeaseClock {
	if n, ok := c.Network.(interface{ LeaseClock() LeaseClock }); ok {
		return n.LeaseClock()
	}
	return nil
}

// GrantClock returns LeaseClock for a machine that grants leases, or nil if that clock takes jumps
// of the wall clock for sleep: whoever grants may wait for too long, but not for too short a time.
func (c LinkConfig) GrantClock() LeaseClock {
	clock := c.LeaseClock()
	if _, guesses := clock.(*jumpClock); guesses {
		return nil
	}
	return clock
}

// LeaseClock returns the machine's own.
func (kernel) LeaseClock() LeaseClock { return newLeaseClock() }

const (
	// jumpLeast is the least jump of the wall clock that counts as sleep, where nothing tells
	// of sleep: smaller ones are corrections.
	jumpLeast = 100 * time.Millisecond
	// bootEvery is how long the boot clock isn't read while the wall clock keeps up with the
	// monotonic one, and bootLeast how far they may part.
	bootEvery = 10 * time.Millisecond
	bootLeast = time.Millisecond
)

// walls compares the wall clock to the monotonic one.
type walls struct {
	base time.Time
	// ahead is how far the wall clock was ahead at the last comparison.
	ahead time.Duration
}

// since returns how far both clocks have moved since base.
func (w *walls) since(t time.Time) (wall, mono time.Duration) {
	return time.Duration(t.UnixNano() - w.base.UnixNano()), t.Sub(w.base)
}

// jumpClock takes each jump of the wall clock ahead for sleep. A jump back counts nothing: a
// machine that slept, and whose clock was set back by as much at once, isn't noticed.
type jumpClock struct {
	walls
	shift time.Duration
}

func newJumpClock() *jumpClock { return &jumpClock{walls: walls{base: time.Now()}} }

func (c *jumpClock) Shift(t time.Time) time.Duration { return c.at(c.since(t)) }

func (c *jumpClock) at(wall, mono time.Duration) time.Duration {
	if jump := wall - mono - c.ahead; jump > jumpLeast {
		c.shift += jump
	}
	c.ahead = wall - mono
	return c.shift
}

// bootClock reads a clock that counts sleep. To read it is a system call, and so it is read when
// the wall clock, which costs next to nothing, shows that the machine may have slept, and now and
// then in any case.
type bootClock struct {
	walls
	// boot returns the time since a fixed point, sleep included, and mono since base, without.
	boot, mono func() time.Duration
	// first is what boot was ahead of mono at the start, and shift by how much that has grown.
	first, shift time.Duration
	// read is when boot was read last.
	read time.Duration
}

// begin reads both clocks for the first time. A goroutine that waits between the two reads them
// again.
func (c *bootClock) begin() *bootClock {
	least := time.Duration(math.MaxInt64)
	for range beginTries {
		mono := c.mono()
		boot := c.boot()
		if took := c.mono() - mono; took < least {
			least, c.first = took, boot-mono
		}
		if least < beginWait {
			break
		}
	}
	return c
}

// beginTries bounds how often the clocks are read at the start, and beginWait is how far apart they
// may be read.
const beginTries, beginWait = 16, 50 * time.Microsecond

func (c *bootClock) Shift(t time.Time) time.Duration { return c.at(c.since(t)) }

func (c *bootClock) at(wall, mono time.Duration) time.Duration {
	d := wall - mono - c.ahead
	if d < bootLeast && d > -bootLeast && mono-c.read < bootEvery {
		return c.shift
	}
	c.ahead, c.read = wall-mono, mono
	// The monotonic clock is read last: a goroutine that waits between the two counts too little
	// for once, and never too much.
	boot := c.boot()
	c.shift = max(c.shift, boot-c.mono()-c.first)
	return c.shift
}
