package multicast

import "time"

const (
	// glanceBatch is how many datagrams are taken at a glance.
	glanceBatch = 16
	// company is how soon after a send the next change is taken for one of many.
	company = int64(3 * time.Microsecond)
	// guardFirst and guardLast are how soon it is looked whether a hot burst goes
	// on: the end of one waits twice that at the most.
	guardFirst = int64(50 * time.Microsecond)
	guardLast  = int64(400 * time.Microsecond)
)

// Enter gives the caller the machine, as Lock does, but doesn't look at the clock,
// which costs more than all the rest: call Tick before Now matters. It reports
// whether a change needs nothing but Unlock, since whoever has the send token goes
// on with it: that holds unless the change makes a batch full.
func (l *Loop) Enter() bool {
	l.mu.Lock()
	return l.sending && !l.closed
}

// Tick looks at the clock, with the lock held.
func (l *Loop) Tick() { l.now = l.clock() }

// SettleSoon is Settle for one of possibly many changes. Where it comes right
// after a send, the Loop's goroutine sends what results, a few microseconds later
// and with all that has come meanwhile: so a burst shares datagrams and system
// calls without a timer. Where there is a batch's worth already, the caller sends
// it, unless the goroutine has come to it. A burst that brings batch after batch
// together is hot: its callers send them, no other goroutine is woken for each, and
// one looks now and then whether something was left behind.
func (l *Loop) SettleSoon() {
	switch {
	case l.closed:
	case l.handed && !l.stuck:
		if !l.cfg.Full() {
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		l.glance()
		l.Lock()
		if l.handed && !l.stuck && !l.closed { // nobody has come to it meanwhile
			l.sendFull()
		}
	case l.sending:
		// Whoever sends goes on with this change, and then arms the timer.
		l.mu.Unlock()
		return
	case l.now-l.ended >= company:
	case l.cfg.Full():
		l.sending = true
		l.sendFull()
	default:
		l.sending = true
		l.pass(Datagrams{})
		l.mu.Unlock()
		return
	}
	l.Settle()
}

// SettleNow is Settle that doesn't leave what a burst has gathered to another
// goroutine.
func (l *Loop) SettleNow() {
	if l.handed && !l.stuck && !l.closed {
		l.sendOn(false)
	}
	l.Settle()
}

// sendFull takes the token back and sends full batches; what is left of the burst
// stays for the next, or for the goroutine that looks after it.
func (l *Loop) sendFull() {
	d := l.rest
	l.rest, l.handed = Datagrams{}, false
	for ok := true; ok && !l.closed; {
		if len(d.Data) == 0 {
			if !l.cfg.Full() {
				break
			}
			if d, ok = l.cfg.Machine.Next(l.now); !ok {
				break
			}
		}
		rest, full := l.write(d)
		if l.closed {
			return
		}
		if full {
			l.passFull(rest)
			return
		}
		l.cfg.Machine.Sent()
		d = Datagrams{}
	}
	if !l.hot {
		l.hot, l.guard = true, guardFirst
	}
	l.handed = true
}

// glance looks, in a hot burst, whether something has come to the socket that it is
// sent by: the goroutine that reads it may get no processor while callers keep them
// busy, and what comes are requests that others wait for.
func (l *Loop) glance() {
	p, ok := l.cfg.Out.(Poller)
	if !ok || l.spins || !l.glancing.TryLock() {
		return
	}
	defer l.glancing.Unlock()
	if n, err := p.TryRead(l.glanced[:]); n > 0 && err == nil {
		l.take(l.glanced[:n])
	}
}

// watch looks, when the timer has fired, whether a hot burst goes on. If not, what
// it left is sent.
func (l *Loop) watch() {
	if l.now-l.ended < l.guard {
		l.guard = min(2*l.guard, guardLast)
		return
	}
	l.sendOn(false)
}

// pass hands the send token, and what is to be sent first, to the sender. The
// Loop must not be closed.
func (l *Loop) pass(d Datagrams) {
	l.rest, l.handed = d, true
	if l.spins {
		l.alarm.Store(0) // the spinning goroutine is the nearest to it
		return
	}
	l.rouse()
}
