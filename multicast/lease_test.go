package multicast

import (
	"slices"
	"testing"
	"time"
)

// fakeClocks are a wall clock, a monotonic one and one that counts sleep.
type fakeClocks struct {
	wall, mono, boot time.Duration
	reads            int
	// preempted is how long a goroutine waits between two readings.
	preempted time.Duration
	// waits is how long one waits once before boot is read.
	waits time.Duration
}

func (c *fakeClocks) pass(d time.Duration) { c.wall += d; c.mono += d; c.boot += d }

// sleep is that of the machine.
func (c *fakeClocks) sleep(d time.Duration) { c.wall += d; c.boot += d }

func (c *fakeClocks) lease() *bootClock {
	c.boot = 5 * time.Hour
	b := &bootClock{
		boot: func() time.Duration {
			c.reads++
			c.pass(c.waits)
			c.waits = 0
			d := c.boot
			c.pass(c.preempted)
			return d
		},
		mono: func() time.Duration { return c.mono },
	}
	return b.begin()
}

func wantShift(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got != want {
		t.Errorf("%s: the shift is %v, want %v", what, got, want)
	}
}

func TestLeaseClockCountsSleep(t *testing.T) {
	var c fakeClocks
	b := c.lease()
	c.pass(time.Millisecond)
	wantShift(t, "awake", b.at(c.wall, c.mono), 0)
	c.sleep(3 * time.Second)
	wantShift(t, "after a sleep", b.at(c.wall, c.mono), 3*time.Second)
	c.pass(time.Minute)
	wantShift(t, "a minute later", b.at(c.wall, c.mono), 3*time.Second)
	// The wall clock is set back by as much as the machine sleeps.
	c.sleep(2 * time.Second)
	c.wall -= 2 * time.Second
	c.pass(bootEvery)
	wantShift(t, "after a sleep that the wall clock hides", b.at(c.wall, c.mono), 5*time.Second)
	// The wall clock is set, and the machine doesn't sleep.
	c.wall += time.Hour
	wantShift(t, "after the clock was set ahead", b.at(c.wall, c.mono), 5*time.Second)
	c.wall -= 2 * time.Hour
	wantShift(t, "after the clock was set back", b.at(c.wall, c.mono), 5*time.Second)
}

// To read the clock is a system call: it isn't made for each message.
func TestLeaseClockIsReadSeldom(t *testing.T) {
	var c fakeClocks
	b := c.lease()
	for range 100_000 {
		c.pass(time.Microsecond)
		b.at(c.wall, c.mono)
	}
	if c.reads > 12 {
		t.Errorf("it was read %d times in 100 ms, want one each %v", c.reads, bootEvery)
	}
}

// A goroutine that waits between the readings takes that for no sleep, and misses none for good.
func TestLeaseClockOfABusyMachine(t *testing.T) {
	c := fakeClocks{preempted: 30 * time.Millisecond}
	b := c.lease()
	for range 100 {
		c.pass(20 * time.Millisecond)
		wantShift(t, "awake", b.at(c.wall, c.mono), 0)
	}
	c.preempted = 0
	c.sleep(time.Second)
	got := b.at(c.wall, c.mono)
	if got > time.Second || got < time.Second-30*time.Millisecond {
		t.Errorf("after a second of sleep the shift is %v", got)
	}
}

// One that waits between the first readings counts no less sleep than others.
func TestLeaseClockOfABusyStart(t *testing.T) {
	c := fakeClocks{waits: time.Second}
	b := c.lease()
	c.sleep(3 * time.Second)
	wantShift(t, "after a sleep", b.at(c.wall, c.mono), 3*time.Second)
}

// Whoever grants leases counts no sleep that is only guessed.
func TestGrantClock(t *testing.T) {
	for _, guesses := range []bool{true, false} {
		c := LinkConfig{Network: clockedNetwork{Kernel, guesses}}
		if clock := c.GrantClock(); (clock == nil) != guesses || c.LeaseClock() == nil {
			t.Errorf("guesses %v: %v", guesses, clock)
		}
	}
}

type clockedNetwork struct {
	Network
	guesses bool
}

func (n clockedNetwork) LeaseClock() LeaseClock {
	if n.guesses {
		return newJumpClock()
	}
	return new(bootClock)
}

func TestLeaseClockByJumps(t *testing.T) {
	var c fakeClocks
	j := newJumpClock()
	c.pass(time.Second)
	wantShift(t, "awake", j.at(c.wall, c.mono), 0)
	c.sleep(time.Second)
	wantShift(t, "after a jump ahead", j.at(c.wall, c.mono), time.Second)
	wantShift(t, "the same time again", j.at(c.wall, c.mono), time.Second)
	c.wall -= time.Minute
	wantShift(t, "after a jump back", j.at(c.wall, c.mono), time.Second)
	c.wall += time.Minute
	wantShift(t, "after that was made good", j.at(c.wall, c.mono), time.Second+time.Minute)
	for range 100 { // a clock that gains 10 %
		c.pass(100 * time.Millisecond)
		c.wall += 10 * time.Millisecond
		j.at(c.wall, c.mono)
	}
	wantShift(t, "after corrections", j.at(c.wall, c.mono), time.Second+time.Minute)
}

// The kernel's own clock agrees with itself while the machine is awake.
func TestLeaseClockOfTheKernel(t *testing.T) {
	c := LinkConfig{Network: Kernel}.LeaseClock()
	if c == nil {
		t.Fatal("the kernel's network has no lease clock")
	}
	last := time.Duration(0)
	for range 1000 {
		d := c.Shift(time.Now())
		if d < last {
			t.Fatalf("the shift fell from %v to %v", last, d)
		}
		last = d
	}
}

// shiftMachine is a machine with leases that notes when it is told of a shift.
type shiftMachine struct {
	*fakeMachine
	leases bool
	story  []string
}

func (m *shiftMachine) Leases() bool { return m.leases }

func (m *shiftMachine) Shift(d time.Duration) { m.story = append(m.story, "shift "+d.String()) }

func (m *shiftMachine) Receive(now int64, ps []Packet) (int, bool) {
	m.story = append(m.story, "receive")
	return m.fakeMachine.Receive(now, ps)
}

func (m *shiftMachine) Advance(now int64) {
	m.story = append(m.story, "advance")
	m.fakeMachine.Advance(now)
}

func (m *shiftMachine) wantStory(want ...string) {
	m.t.Helper()
	if !slices.Equal(m.story, want) {
		m.t.Errorf("the machine was called as %q, want %q", m.story, want)
	}
	m.story = nil
}

// manualClock is a lease clock that is shifted by hand.
type manualClock struct {
	shift time.Duration
	reads int
}

func (c *manualClock) Shift(time.Time) time.Duration { c.reads++; return c.shift }

func TestLoopTellsOfAShift(t *testing.T) {
	lt := newLoopTest(t)
	m := &shiftMachine{fakeMachine: lt.machine, leases: true}
	clock := &manualClock{}
	cfg := lt.loop.cfg
	cfg.Machine, cfg.LeaseClock = m, clock
	l := NewLoop(cfg)
	ps := []Packet{{Data: []byte("a")}}

	l.take(ps, false)
	m.wantStory("receive")
	clock.shift = time.Second
	l.take(ps, false)
	m.wantStory("shift 1s", "receive")
	clock.shift = 2 * time.Second
	l.Lock()
	m.deadline = l.Now() - 1
	l.Settle()
	m.wantStory("shift 2s", "advance")
	clock.shift = 3 * time.Second
	l.LockLease()
	l.Unlock()
	m.wantStory("shift 3s")
	l.LockLease()
	l.Unlock()
	m.wantStory()

	// A machine without leases at present isn't told, and the clock isn't read.
	m.leases = false
	clock.shift, clock.reads = 4*time.Second, 0
	l.take(ps, false)
	m.wantStory("receive")
	if clock.reads > 0 {
		t.Errorf("the clock was read %d times for a machine without leases", clock.reads)
	}
	// It may ask when it gets some.
	m.receive = l.TickLease
	l.take(ps, false)
	m.wantStory("receive", "shift 4s")
}

// A machine that asks for no lease clock, and one without a clock, run as ever.
func TestLoopWithoutLeases(t *testing.T) {
	lt := newLoopTest(t)
	clock := &manualClock{shift: time.Second}
	cfg := lt.loop.cfg
	cfg.LeaseClock = clock
	l := NewLoop(cfg)
	l.take([]Packet{{Data: []byte("a")}}, false)
	l.LockLease()
	l.Unlock()
	if clock.reads > 0 {
		t.Error("the clock was read for a machine that doesn't ask for it")
	}
	m := &shiftMachine{fakeMachine: lt.machine, leases: true}
	cfg.Machine, cfg.LeaseClock = m, nil
	l = NewLoop(cfg)
	l.take([]Packet{{Data: []byte("a")}}, false)
	m.wantStory("receive")
	if (LinkConfig{Network: struct{ Network }{Kernel}}).LeaseClock() != nil {
		t.Error("a network without a lease clock has one")
	}
}

func BenchmarkLeaseClock(b *testing.B) {
	c := LinkConfig{Network: Kernel}.LeaseClock()
	b.ReportAllocs()
	for b.Loop() {
		c.Shift(time.Now())
	}
}
