package multicast

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Datagrams is what a machine sends next: one or more datagrams to one place,
// one after the other, each of Segment bytes, the last perhaps shorter.
type Datagrams struct {
	To      netip.AddrPort
	Data    []byte
	Segment int
}

// Machine is a protocol without clock, goroutine, lock and socket. A Loop calls
// its methods one at a time. Times are nanoseconds since the Loop's start.
type Machine interface {
	// Receive takes datagrams that came together, at least the first of them, and
	// returns how many; it is called again for the rest, after Deliver. Their data
	// are views, valid until Deliver has returned if it returns deliver, else
	// until Receive has. Others may call the machine, Receive among it, before
	// Deliver is called.
	Receive(now int64, ps []Packet) (taken int, deliver bool)
	// Advance lets time pass.
	Advance(now int64)
	// Deadline returns when to call Advance next; math.MaxInt64 for never. One
	// that has passed is moved by Advance, or by Next and Sent.
	Deadline(now int64) int64
	// Next returns what to send, if there is something: never an empty batch. It stays as
	// it is until Sent is called, and Next is not called before. Unless all is true, what
	// gathers so that it shares datagrams stays, until it fills a batch.
	Next(now int64, all bool) (Datagrams, bool)
	// Sent says that the last datagrams are with the kernel, or lost.
	Sent()
}

// Loop drives a Machine over sockets: the one place that reads the clock,
// starts goroutines and makes system calls, all of them outside its lock.
//
// After each change the Loop sends what the machine has to send and arms its
// timer. Whoever changes the machine does the sending, if nobody else is at it: see
// token. After a few batches, or when the socket's buffer is full, a goroutine of the
// Loop's sends.
type Loop struct {
	cfg LoopConfig

	mu     sync.Mutex
	now    int64 // when mu was taken
	token  token
	wanted bool      // while it was held, a caller came by
	rest   Datagrams // what is left of the batch that the machine gave last
	begun  bool      // there is such a batch
	since  int64     // when the token was offered, or left
	stands int64     // for how long callers leave it at that
	looked int       // callers who have come since
	came   int64     // when a message last looked at the clock
	many   int       // messages that came then, and until the next looks
	credit int64     // for how long callers may send in a burst
	crowd  int64     // when many messages had come to an offer, or with one call; 0: never
	filled int64     // when callers last filled a batch; 0: never
	hot    bool      // callers have come back to the last offer by themselves
	guard  int64     // how soon the timer looks whether the burst goes on
	ended  int64     // when the last send ended
	took   int64     // how long it took
	armed  int64     // what the timer is set to, or will be; never if not
	rearm  bool      // the timer is to be set to armed
	closed bool

	glanced int64               // when a caller last looked at the socket
	polling sync.Mutex          // held while Out is read without waiting, until that is dealt with
	glimpse [glanceBatch]Packet // guarded by polling

	spins bool         // one goroutine polls the sockets and the clock
	alarm atomic.Int64 // where it spins: armed, for it to look at without mu

	setting sync.Mutex // orders the Sets of the timer; taken before mu

	failed failures

	kick chan struct{} // the sender is to look at the token
	wg   sync.WaitGroup

	closing  sync.Once
	closeErr error
}

// LoopConfig is what a Loop drives, and over what.
type LoopConfig struct {
	Machine Machine
	// Out sends, and is read like those in In. In are only read. Close closes
	// them all, and Timer.
	Out Conn
	In  []Conn
	// Timer wakes the Loop.
	Timer Timer
	// Wait says how the Loop waits for datagrams, and for time to pass.
	Wait Wait
	// Start is the instant that times count from.
	Start time.Time
	// Full reports, with the lock held, whether a batch's worth gathers: see
	// SettleSoon. It is false once Next has returned that. Nil stands for never.
	Full func() bool
	// Deliver is called without the lock after each Receive, by the goroutine that
	// received, with what it returned; and with false after the timer has fired;
	// nil for none.
	Deliver func(received bool)
	// Logger hears what an operator should know.
	Logger *slog.Logger
}

const (
	never = int64(1<<63 - 1)
	// packetBatch is how many datagrams are taken from a socket at once.
	packetBatch = 64
	// glanceBatch is how many are taken at a glance.
	glanceBatch = 16
	// rounds is how often what becomes due while a caller sends is advanced and
	// sent by it as well, before the timer's goroutine sees to it.
	rounds = 2
	// soon is when to see to what became due after the last round.
	soon = int64(50 * time.Microsecond)
	// blocked is when to look again at a deadline that has passed, and stays
	// because a send is under way: sooner would be to spin for as long as the
	// socket's buffer is full. Whoever ends the send looks at it first.
	blocked = int64(10 * time.Millisecond)
)

// NewLoop returns a Loop that has not begun: call Run. It starts nothing, but
// owns the sockets and the timer from now on.
func NewLoop(cfg LoopConfig) *Loop {
	if cfg.Full == nil {
		cfg.Full = func() bool { return false }
	}
	l := &Loop{cfg: cfg, armed: never, guard: guardFirst, glanced: -guardFirst, kick: make(chan struct{}, 1)}
	l.alarm.Store(never)
	return l
}

// Run starts the Loop's goroutines: one to read each socket, one for the timer,
// one to send; with WaitSpin one that reads all and keeps the time, and one to
// send where the socket's buffer is full. It is called once.
func (l *Loop) Run() {
	conns := append([]Conn{l.cfg.Out}, l.cfg.In...)
	polled := pollers(conns)
	if l.cfg.Wait != WaitBlock && polled == nil {
		l.cfg.Logger.Info("multicast: these sockets can only be waited for: no spinning", "asked", l.cfg.Wait.String())
	}
	switch {
	case polled == nil || l.cfg.Wait == WaitBlock:
		for _, c := range conns {
			l.wg.Go(func() { l.read(c, nil) })
		}
	case l.cfg.Wait == WaitAdaptive:
		for _, c := range polled {
			l.wg.Go(func() { l.read(c, c) })
		}
	default:
		l.spins = true
		l.wg.Go(func() { l.spin(polled) })
	}
	if !l.spins {
		l.wg.Go(l.wake)
	}
	l.wg.Go(l.send)
	l.Lock()
	l.Settle()
}

// Now returns the time that the machine knows: when the caller took the lock.
func (l *Loop) Now() int64 { return l.now }

// clock returns the time.
func (l *Loop) clock() int64 { return int64(time.Since(l.cfg.Start)) }

// Lock gives the caller the machine, and reads the clock. Nothing that may wait,
// no system call and no logging may happen until it is given back.
func (l *Loop) Lock() {
	l.mu.Lock()
	l.now = l.clock()
}

// Unlock gives the machine back, unchanged.
func (l *Loop) Unlock() { l.mu.Unlock() }

// Settle gives the machine back after a change: what it has to send is sent, but for
// what gathers, and the timer is armed.
func (l *Loop) Settle() {
	l.sendNow()
	l.finish()
}

// sendNow sends what must not wait, if nobody is at it.
func (l *Loop) sendNow() {
	if l.token == idle && !l.closed {
		l.sendOn(true)
	} else if was := l.token; l.waits() && !l.closed {
		if l.sendOn(false); l.token == left && was == offered {
			l.summon() // it may have come just meanwhile
		}
	}
}

// finish gives the machine back once what it had to send was sent, first, since a lone
// message should wait for nothing: it has what is due, and the timer is armed.
func (l *Loop) finish() {
	for round := 0; !l.closed; round++ {
		at := l.cfg.Machine.Deadline(l.now)
		if at > l.now || round == rounds || round > 0 && l.token != idle {
			l.arm(at)
			break
		}
		// What became due by the change, or meanwhile, must not wait for the timer.
		l.cfg.Machine.Advance(l.now)
		l.sendNow()
	}
	rearm, failed := l.rearm, l.failed.due(l.now)
	l.mu.Unlock()
	if rearm {
		l.setTimer()
	}
	if failed.datagrams > 0 {
		failed.log(l.cfg.Logger)
	}
}

// arm has the timer set where the deadline has moved earlier. Where one moves later
// with each change, the timer is set anew when half of the time is over: that takes
// half a microsecond, and to fire for nothing wakes a thread, which takes ten, at the
// cost of whatever else its processor is at.
func (l *Loop) arm(at int64) {
	switch {
	case l.token == left:
		look := l.now + l.guard
		if l.spins {
			look = max(l.now, l.since+min(l.stands, l.guard)) // who spins is there in time
		}
		if at <= l.now || at > look {
			at = look // which sees to what is due as well
		}
	case at > l.now:
	case l.token != idle:
		at = l.now + blocked
	default:
		at = l.now + soon
	}
	switch {
	case at >= l.armed && (l.hot || l.spins || l.armed <= l.now || l.armed-l.now > (at-l.now)/2):
	case l.spins:
		l.armed = at
		if l.token != offered { // else it is about to look anyway
			l.alarm.Store(at)
		}
	default:
		l.armed, l.rearm = at, true
	}
}

// setTimer sets the timer, which is a system call, to what it is armed for. Who
// comes last sets it to the latest word.
func (l *Loop) setTimer() {
	l.setting.Lock()
	defer l.setting.Unlock()
	l.mu.Lock()
	at, rearm := l.armed, l.rearm
	l.rearm = false
	l.mu.Unlock()
	if rearm {
		l.cfg.Timer.Set(time.Duration(max(at-l.clock(), 0)))
	}
}

// wake advances the machine whenever the timer fires.
func (l *Loop) wake() {
	for {
		if err := l.cfg.Timer.Wait(); err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.cfg.Logger.Error("multicast: a timer failed; nothing is sent by time any more", "err", err)
			}
			return
		}
		l.Lock()
		l.armed, l.rearm = never, false
		l.due()
	}
}

// due advances the machine, with the lock held, and gives the lock back.
func (l *Loop) due() {
	if l.token == left && !l.closed {
		l.watch()
	}
	l.Settle()
	if l.cfg.Deliver != nil {
		l.cfg.Deliver(false)
	}
}

// Close ends the Loop: its sockets and timer are closed, and its goroutines are
// waited for, by every caller. The machine is not called any more, but by who
// holds the lock. Close must not be called from Deliver, nor with the lock.
func (l *Loop) Close() error {
	l.closing.Do(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		errs := []error{l.cfg.Timer.Close(), l.cfg.Out.Close()}
		for _, c := range l.cfg.In {
			errs = append(errs, c.Close())
		}
		close(l.kick) // nobody passes the token on in a closed Loop
		l.wg.Wait()
		l.closeErr = errors.Join(errs...)
	})
	return l.closeErr
}
