package multicast

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// never is a time that does not come.
	never = int64(1<<63 - 1)
	// retrySoon is when to deal with what became due after a caller's last round.
	retrySoon = int64(50 * time.Microsecond)
	// retryLater is when to look again at a deadline that has passed and stays because a
	// send is under way: to look sooner would be to spin for as long as the socket's
	// buffer is full. The goroutine that ends the send looks at the deadline first.
	retryLater = int64(10 * time.Millisecond)
)

// alarm is a Loop's timer. A spinning Loop sets no timer; its goroutine polls the alarm.
type alarm struct {
	loop *Loop
	// spins reports that one goroutine polls the sockets and the clock.
	spins bool

	// at is what the timer is set to, or will be. The Loop's lock guards it.
	at int64
	// stale reports that the timer has yet to be set to at. The Loop's lock guards it.
	stale bool

	// polled is at, for a spinning goroutine to read without the Loop's lock.
	polled atomic.Int64
	// setting orders the Sets of the timer. It is taken before the Loop's lock.
	setting sync.Mutex
}

// arm moves the alarm to a machine's deadline, where that is earlier. Where a deadline
// moves later with each change, the alarm moves once half of the time is over: to set a
// timer takes half a microsecond, and one that fires for nothing wakes a thread, which
// takes ten, at the cost of what else its processor does. The caller holds the lock.
func (a *alarm) arm(at int64) {
	l := a.loop
	switch {
	case l.token.state == bursting:
		check := l.now + l.burst.guard
		if a.spins { // which is in time for the window
			check = max(l.now, l.burst.opened+min(l.burst.window, l.burst.guard))
		}
		if at <= l.now || at > check {
			at = check // which deals with what is due as well
		}
	case at > l.now:
	case l.token.state != idle:
		at = l.now + retryLater
	default:
		at = l.now + retrySoon
	}
	switch {
	case at >= a.at && (l.burst.hot || a.spins || a.at <= l.now || a.at-l.now > (at-l.now)/2):
	case a.spins:
		a.at = at
		if l.token.state != offered { // else the goroutine is about to look anyway
			a.polled.Store(at)
		}
	default:
		a.at, a.stale = at, true
	}
}

// disarm notes that the alarm has fired. The caller holds the lock.
func (a *alarm) disarm() {
	a.at, a.stale = never, false
	if a.spins {
		a.polled.Store(never)
	}
}

// set sets the timer, which is a system call, to the alarm. The last of several calls
// sets it to the latest time.
func (a *alarm) set() {
	a.setting.Lock()
	defer a.setting.Unlock()
	a.loop.mu.Lock()
	at, stale := a.at, a.stale
	a.stale = false
	a.loop.mu.Unlock()
	if stale {
		a.loop.cfg.Timer.Set(time.Duration(max(at-a.loop.clock(), 0)))
	}
}

// run advances the machine whenever the timer fires.
func (a *alarm) run() {
	l := a.loop
	for {
		if err := l.cfg.Timer.Wait(); err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.cfg.Logger.Error("multicast: a timer failed; nothing is sent by time any more",
					"error", err)
			}
			return
		}
		l.Lock()
		a.disarm()
		l.due()
	}
}
