package multicast

import (
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Loop drives a [Machine] over sockets. It is the one place that reads the clock, starts
// goroutines and makes system calls, all of them outside its lock.
//
// After each change the Loop sends the machine's datagrams and arms its timer. The
// goroutine that changes the machine sends the result, unless another is sending: see
// token. After a few batches, or when the socket's buffer is full, a goroutine of the
// Loop's sends.
type Loop struct {
	cfg LoopConfig

	// mu guards the machine, and the fields up to closed.
	mu sync.Mutex
	// now is when mu was taken.
	now    int64
	token  token
	burst  burst
	failed failures
	closed bool

	// sources are the sockets that Out is read from: itself, or a Fan's feeds.
	sources []Conn
	// fan is Out, or nil if it is no Fan.
	fan *Fan

	alarm  alarm
	glance glance
	added  added
	joins  joins
	leases leases

	// kick tells the sender to look at the token.
	kick chan struct{}
	wg   sync.WaitGroup

	closing  sync.Once
	closeErr error
}

// LoopConfig names the machine that a Loop drives, and its sockets.
type LoopConfig struct {
	Machine Machine
	// Out sends, and is read like the sockets in In, or a Fan's feeds are.
	Out Conn
	// In are the sockets that are only read. Close closes Out, In and Timer.
	In []Conn
	// Memberships are the groups of a Machine that is a Joiner, by feed. The sockets that they
	// opened are in In.
	Memberships []*Memberships
	// Timer wakes the Loop.
	Timer Timer
	// LeaseClock tells a Machine that is a Shifter how far the lease clock has shifted. Nil means
	// that it never does.
	LeaseClock LeaseClock
	// Wait says how the Loop waits for datagrams, and for time to pass.
	Wait Wait
	// Start is the instant that times count from.
	Start time.Time
	// Full reports, with the lock held, whether a batch's worth gathers: see
	// SettleSoon. It is false once Next has returned that. Nil means never.
	Full func() bool
	// Spread returns, with the lock held, the number of batches that what gathers is spread
	// over, since it goes to different places, and whether they have a batch's worth together.
	// More of it gathers then, and for longer. Nil means one.
	Spread func() (batches int, worth bool)
	// Deliver is called without the lock after each Receive, by the goroutine that
	// received, with Receive's second result; and with false after the timer has
	// fired. It may be nil.
	Deliver func(received bool)
	// Logger gets messages for the operator.
	Logger *slog.Logger
}

// maxRounds is how often a caller advances the machine and sends what becomes due while
// it sends, before it leaves that to the timer's goroutine.
const maxRounds = 2

// NewLoop returns a Loop that owns its sockets and its timer from now on. It starts
// nothing until Run is called.
func NewLoop(cfg LoopConfig) *Loop {
	if cfg.Full == nil {
		cfg.Full = func() bool { return false }
	}
	if cfg.Spread == nil {
		cfg.Spread = func() (int, bool) { return 1, false }
	}
	l := &Loop{cfg: cfg, kick: make(chan struct{}, 1)}
	if j, ok := cfg.Machine.(Joiner); ok && len(cfg.Memberships) > 0 {
		l.joins.begin(j, cfg.Memberships)
	}
	l.leases.begin(cfg.Machine, cfg.LeaseClock)
	l.sendBy(cfg.Out)
	l.burst.guard = guardMin
	l.alarm.loop, l.alarm.at = l, never
	l.alarm.polled.Store(never)
	l.glance.last = -glanceInterval
	return l
}

// sendBy makes out the socket that sends.
func (l *Loop) sendBy(out Conn) {
	l.cfg.Out, l.sources = out, sources(out)
	l.fan, _ = out.(*Fan)
	l.glance.outs = pollers(l.sources)
}

// Run starts the Loop's goroutines: one to read each socket, one for the timer, one to
// send. With WaitSpin one goroutine reads all sockets and keeps the time, and one sends
// where the socket's buffer is full. Run is called once.
func (l *Loop) Run() {
	conns := slices.Concat(l.sources, l.cfg.In)
	polled := pollers(conns)
	if l.cfg.Wait != WaitBlock && polled == nil {
		l.cfg.Logger.Info("multicast: these sockets can only be waited for: no spinning",
			"wait", l.cfg.Wait.String())
	}
	switch {
	case polled == nil || l.cfg.Wait == WaitBlock:
		for _, c := range conns {
			l.wg.Go(func() { newSocketReader(l, c, nil).run() })
		}
	case l.cfg.Wait == WaitAdaptive:
		for _, c := range polled {
			l.wg.Go(func() { newSocketReader(l, c, c).run() })
		}
	default:
		l.alarm.spins = true
		l.wg.Go(func() { l.spin(polled) })
	}
	if !l.alarm.spins {
		l.wg.Go(l.alarm.run)
	}
	l.wg.Go(l.runSender)
	if l.joins.machine != nil {
		l.wg.Go(l.runJoins)
	}
	l.Lock()
	l.Settle()
}

// Now returns the machine's time: when the caller took the lock.
func (l *Loop) Now() int64 { return l.now }

// clock returns the time.
func (l *Loop) clock() int64 { return int64(time.Since(l.cfg.Start)) }

// Lock locks the machine for the caller, and reads the clock. Until it is unlocked, the
// caller must make no system call, log nothing, and do nothing else that may wait.
func (l *Loop) Lock() {
	l.mu.Lock()
	l.now = l.clock()
}

// Enter locks the machine, as Lock does, but does not read the clock, which costs more
// than all the rest: call Tick before Now matters. It reports whether Unlock is enough
// after a change, since another goroutine deals with it. A change that makes a batch full
// needs SettleSoon all the same.
func (l *Loop) Enter() bool {
	l.mu.Lock()
	switch {
	case l.token.state == idle || l.closed:
		return false
	case l.token.state == sending:
		l.token.passed = true
	case l.token.waiting():
		return l.burst.join()
	}
	return true
}

// Tick reads the clock. The caller holds the lock.
func (l *Loop) Tick() { l.now = l.clock() }

// Unlock unlocks a machine that has not changed.
func (l *Loop) Unlock() { l.mu.Unlock() }

// Settle unlocks the machine after a change. It sends the machine's datagrams, except for
// those that gather, and arms the timer.
func (l *Loop) Settle() {
	l.answer()
	l.finish()
}

// SettleNow is Settle that leaves nothing gathering.
func (l *Loop) SettleNow() {
	if l.token.waiting() && !l.closed {
		l.sendTurn(true)
	}
	l.Settle()
}

// SettleSoon is Settle for n messages of possibly many. The caller sends a message that
// comes alone, and the first of a burst for as long as there is credit. Those that follow
// gather, so that they share datagrams and system calls. They are sent when a batch is
// full, when another message comes after a pause or after the coalescing window has
// closed, or when the sender or the timer comes to them.
func (l *Loop) SettleSoon(n int) {
	switch paused := l.burst.arrive(l.now, n, l.token.waiting()); {
	case l.closed:
	case l.token.state == sending || l.token.state == stuck:
		l.token.passed = true
		l.mu.Unlock()
		return
	case l.token.waiting():
		spread, worth := l.cfg.Spread()
		l.burst.gathers(l.now, spread, worth)
		if !paused && !l.burst.closed(l.now) && !l.cfg.Full() {
			l.mu.Unlock()
			return
		}
		l.glance.look(l)
		if l.token.waiting() && !l.closed { // no other goroutine has come to it
			l.takeBack()
		} else {
			l.answer() // the glance may have read what calls for an answer
		}
	case l.burst.lone(l.now):
		l.burst.rested(l.now)
		l.sendTurn(true)
	case l.burst.credit > 0 && !l.burst.crowded(l.now):
		l.sendTurn(true)
		l.burst.spend()
	case l.cfg.Full():
		l.takeBack()
	default:
		if l.gather(!l.burst.hot); l.token.state == offered {
			l.mu.Unlock() // the sender will arm the timer
			return
		}
	}
	l.finish()
}

// finish unlocks the machine once what it had to send was sent. It advances the machine
// to what is due, and arms the timer. The send comes first, since a lone message should
// wait for nothing.
func (l *Loop) finish() {
	for round := 0; !l.closed; round++ {
		at := l.cfg.Machine.Deadline(l.now)
		if at > l.now || round == maxRounds || round > 0 && l.token.state != idle {
			l.alarm.arm(at)
			break
		}
		// What became due by the change, or meanwhile, must not wait for the timer.
		l.readLease()
		l.cfg.Machine.Advance(l.now)
		l.answer()
	}
	if l.joins.machine != nil && !l.closed {
		l.joins.look()
	}
	stale, failed := l.alarm.stale, l.failed.due(l.now)
	l.mu.Unlock()
	if stale {
		l.alarm.set()
	}
	if failed.datagrams > 0 {
		failed.log(l.cfg.Logger)
	}
}

// due advances the machine when the alarm has fired, with the lock held, and unlocks it.
func (l *Loop) due() {
	if l.token.state == bursting && !l.closed && !l.burst.goesOn(l.now) {
		l.sendTurn(true)
	}
	l.Settle()
	if l.cfg.Deliver != nil {
		l.cfg.Deliver(false)
	}
}

// take gives the machine datagrams, and settles what they change unless the caller does.
// It returns when it began, and false if the Loop is closed.
func (l *Loop) take(packets []Packet, settle bool) (began int64, open bool) {
	for len(packets) > 0 {
		l.Lock()
		if began == 0 {
			began = l.now
		}
		if l.closed {
			l.mu.Unlock()
			return began, false
		}
		l.readLease()
		if l.fan != nil {
			l.fan.route.heard(packets)
		}
		n, deliver := l.cfg.Machine.Receive(l.now, packets)
		packets = packets[n:]
		if settle {
			l.Settle()
		} else {
			l.Unlock()
		}
		if l.cfg.Deliver != nil {
			l.cfg.Deliver(deliver)
		}
	}
	return began, true
}

// Close ends the Loop: it closes the sockets and the timer, and waits for the Loop's
// goroutines, whichever caller closed it first. Only a goroutine that holds the lock still
// calls the machine. Close must not be called from Deliver, nor with the lock held.
func (l *Loop) Close() error {
	l.closing.Do(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		errs := []error{l.cfg.Timer.Close(), l.cfg.Out.Close()}
		for _, c := range l.cfg.In {
			errs = append(errs, c.Close())
		}
		close(l.kick) // a closed Loop offers no token
		if l.joins.machine != nil {
			close(l.joins.kick)
		}
		l.wg.Wait()
		l.closeErr = errors.Join(errs...)
	})
	return l.closeErr
}
