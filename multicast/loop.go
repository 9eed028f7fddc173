package multicast

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
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
	// Receive takes a datagram. Its data is a view that is valid until Deliver
	// has returned, or, where the Loop has none, until Receive has.
	Receive(now int64, p *Packet)
	// Advance lets time pass.
	Advance(now int64)
	// Deadline returns when to call Advance next; math.MaxInt64 for never.
	Deadline(now int64) int64
	// Next returns what to send, if there is something. It stays as it is until
	// Sent is called.
	Next(now int64) (Datagrams, bool)
	// Sent says that the last datagrams are with the kernel, or lost.
	Sent()
}

// Loop drives a Machine over sockets: the one place that reads the clock,
// starts goroutines and makes system calls, all of them outside its lock.
//
// After each change the Loop sends what the machine has to send and arms its
// timer. Whoever changes the machine does the sending, if nobody else is at it:
// one holder of the send token at a time takes a batch, unlocks, sends it, locks
// again, and goes on with what has come meanwhile. After a few batches, or when
// the socket's buffer is full, the token passes to a goroutine of the Loop's.
type Loop struct {
	cfg   LoopConfig
	epoch time.Time

	mu      sync.Mutex
	sending bool  // someone holds the send token
	armed   int64 // what the timer is set to; never if not
	closed  bool

	kick chan struct{} // the token is the sender's
	wg   sync.WaitGroup
	rest Datagrams // what the socket's buffer had no room for
}

// LoopConfig is what a Loop drives, and over what.
type LoopConfig struct {
	Machine Machine
	// Out sends, and is read like those in In. In are only read.
	Out Conn
	In  []Conn
	// Timer wakes the Loop.
	Timer Timer
	// Start is the instant that times count from.
	Start time.Time
	// Deliver is called without the lock after each datagram, by the goroutine
	// that took it, and with nil after the timer has fired; nil for none.
	Deliver func(*Packet)
	// Logger hears what an operator should know.
	Logger *slog.Logger
}

const (
	never = int64(1<<63 - 1)
	// burst is how many batches a caller sends before the loop's goroutine goes
	// on: a caller that publishes now and then must not send for all others.
	burst = 4
	// packetBatch is how many datagrams are taken from a socket at once.
	packetBatch = 64
)

// NewLoop returns a Loop that has not begun: call Run.
func NewLoop(cfg LoopConfig) *Loop {
	return &Loop{cfg: cfg, epoch: cfg.Start, armed: never, kick: make(chan struct{}, 1)}
}

// Run starts the Loop's goroutines: one to read each socket, one for the timer,
// one to send.
func (l *Loop) Run() {
	for _, c := range append([]Conn{l.cfg.Out}, l.cfg.In...) {
		l.wg.Go(func() { l.read(c) })
	}
	l.wg.Go(l.wake)
	l.wg.Go(l.send)
	l.Lock()
	l.Settle()
}

// Now returns the time that the machine knows.
func (l *Loop) Now() int64 { return int64(time.Since(l.epoch)) }

// Lock gives the caller the machine.
func (l *Loop) Lock() { l.mu.Lock() }

// Unlock gives the machine back, unchanged.
func (l *Loop) Unlock() { l.mu.Unlock() }

// Settle gives the machine back after a change: what it has to send is sent, and
// the timer is armed.
func (l *Loop) Settle() {
	if !l.closed {
		// What became due by the change itself must not wait for the timer.
		if now := l.Now(); l.cfg.Machine.Deadline(now) <= now {
			l.cfg.Machine.Advance(now)
		}
		if !l.sending {
			l.drain(burst)
		}
		l.arm()
	}
	l.mu.Unlock()
}

// drain sends what the machine has, up to a number of batches, with the lock
// held but for the system calls. It takes the send token, and passes it on if
// there is more.
func (l *Loop) drain(batches int) {
	l.sending = true
	for {
		d, ok := l.cfg.Machine.Next(l.Now())
		if !ok {
			l.sending = false
			return
		}
		if batches == 0 {
			l.pass(d)
			return
		}
		batches--
		l.mu.Unlock()
		n, err := l.cfg.Out.Write(d.To, d.Data, d.Segment)
		l.mu.Lock()
		if l.closed {
			return
		}
		if errors.Is(err, ErrWouldBlock) {
			d.Data = d.Data[n:]
			l.pass(d)
			return
		}
		if err != nil {
			l.failed(err)
		}
		l.cfg.Machine.Sent()
	}
}

// pass hands the send token, and what is to be sent first, to the sender.
func (l *Loop) pass(d Datagrams) {
	l.rest = d
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// failed takes an error of a Write that isn't counted by the Conn. It costs the
// datagrams, which repairs make good, and not the session.
func (l *Loop) failed(err error) {
	l.cfg.Logger.Warn("crier: a send failed; its datagrams are lost", "err", err)
}

// send holds the send token whenever it is passed on.
func (l *Loop) send() {
	for range l.kick {
		l.mu.Lock()
		d := l.rest
		for !l.closed {
			l.mu.Unlock()
			n, err := l.cfg.Out.Write(d.To, d.Data, d.Segment)
			if errors.Is(err, ErrWouldBlock) {
				d.Data = d.Data[n:]
				_ = l.cfg.Out.WaitWrite() // if the socket is closed, so is the Loop
				l.mu.Lock()
				continue
			}
			l.mu.Lock()
			if l.closed {
				break
			}
			if err != nil {
				l.failed(err)
			}
			l.cfg.Machine.Sent()
			var ok bool
			if d, ok = l.cfg.Machine.Next(l.Now()); !ok {
				l.sending = false
				l.arm()
				break
			}
		}
		l.mu.Unlock()
	}
}

// arm sets the timer where the deadline has moved earlier. One that has moved
// later is met by firing for nothing, which costs less than setting it anew.
func (l *Loop) arm() {
	if l.closed {
		return
	}
	now := l.Now()
	at := l.cfg.Machine.Deadline(now)
	if at >= l.armed {
		return
	}
	l.armed = at
	l.cfg.Timer.Set(time.Duration(max(at-now, 0)))
}

// wake advances the machine whenever the timer fires.
func (l *Loop) wake() {
	for l.cfg.Timer.Wait() == nil {
		l.mu.Lock()
		l.armed = never
		l.Settle() // which advances the machine
		if l.cfg.Deliver != nil {
			l.cfg.Deliver(nil)
		}
	}
}

// read takes what a socket receives.
func (l *Loop) read(c Conn) {
	packets := make([]Packet, packetBatch)
	for {
		n, err := c.Read(packets)
		for i := range packets[:n] {
			l.mu.Lock()
			l.cfg.Machine.Receive(l.Now(), &packets[i])
			l.Settle()
			if l.cfg.Deliver != nil {
				l.cfg.Deliver(&packets[i])
			}
		}
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.cfg.Logger.Error("crier: a socket failed; nothing is received from it any more", "address", c.LocalAddr(), "err", err)
			}
			return
		}
	}
}

// Close ends the Loop: its sockets and timer are closed, and its goroutines are
// waited for. It must not be called from Deliver.
func (l *Loop) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	errs := []error{l.cfg.Timer.Close(), l.cfg.Out.Close()}
	for _, c := range l.cfg.In {
		errs = append(errs, c.Close())
	}
	close(l.kick)
	l.wg.Wait()
	return errors.Join(errs...)
}
