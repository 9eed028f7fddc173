package multicast

import "time"

// token says who sends. One goroutine at a time does: it takes a batch, unlocks, makes
// the system call, locks again, and goes on with what has come meanwhile.
//
// Whoever holds the token should be who is running. So it is never handed over, but
// offered: for as long as nobody has come to it, whoever comes by may take it.
type token uint8

const (
	// idle: nobody sends, and nothing waits. Who changes the machine takes it.
	idle token = iota
	// held: somebody sends, and sees to what comes meanwhile.
	held
	// offered: something waits, and the sender was woken for it. Callers take it back
	// when a batch is full or the offer's time is over, and who reads may use it.
	offered
	// left: the same, but nobody was woken, since callers keep coming. The timer looks
	// whether they do.
	left
	// full: the socket takes nothing more, and the sender waits until it does.
	full
)

const (
	// burst is how many batches are sent in one go: who publishes now and then must
	// not send for all others.
	burst = 4
	// company is how soon after a send, or another message, a message is taken for one
	// of a burst.
	company = int64(1500 * time.Nanosecond)
	// creditMost is how long callers may send in bursts. The time between bursts earns
	// it, and the sends of those who come in company use it up: together they may take
	// about as long as it delays callers to set the timer and to wake somebody.
	creditMost = int64(100 * time.Microsecond)
	// rest is how long an offer, or a full batch, tells what callers will do.
	rest = int64(time.Millisecond)
	// crowded is for how long a crowd is expected after one: more than looks messages that
	// come to an offer, or with one call. Their callers are faster than one can send, and
	// what seems a pause is one of the processor's.
	crowded = int64(500 * time.Microsecond)
	// soonBack is how soon after an offer's time callers take it back if they need nobody
	// to be woken.
	soonBack = int64(12 * time.Microsecond)
	// patience is how long an offer stands, and patienceMore what each datagram of the
	// send before adds: what took long to send may gather as long.
	patience     = int64(8 * time.Microsecond)
	patienceMore = int64(5 * time.Microsecond)
	// patienceCrowd is how long an offer stands at the least that a crowd is expected at.
	patienceCrowd = int64(50 * time.Microsecond)
	// looks is how many messages of an offer look at the clock. Then one in so many does.
	looks = 8
	// guardFirst and guardLast are how soon the timer looks whether a burst goes on. To
	// set it takes some microseconds, and who is woken by it may stop the caller.
	guardFirst = int64(200 * time.Microsecond)
	guardLast  = int64(400 * time.Microsecond)
)

// waits reports whether something waits for whoever comes first.
func (l *Loop) waits() bool { return l.token == offered || l.token == left }

// over reports whether the offer's time is: callers who keep coming have taken it by
// then.
func (l *Loop) over() bool { return l.now-l.since >= l.stands }

// flatOut reports whether callers filled a batch lately: they will fill the next one, too.
func (l *Loop) flatOut() bool { return l.filled != 0 && l.now-l.filled < rest }

// crowds reports whether a crowd is expected.
func (l *Loop) crowds() bool { return l.flatOut() || l.crowd != 0 && l.now-l.crowd < crowded }

// alone is how long after a send a message is taken for one that comes alone.
func (l *Loop) alone() int64 {
	if l.crowds() {
		return patience
	}
	return company
}

// come notes that n messages have come. It reports whether their callers paused before:
// then they are not in the midst of a burst, and what gathers would wait for nothing.
func (l *Loop) come(n int) (paused bool) {
	gap := (l.now - max(l.came, l.ended)) / int64(max(l.many, 1))
	if n > looks {
		l.crowd = l.now
	}
	if l.came, l.many = l.now, n; l.waits() && l.looked >= looks {
		l.many = looks // with those that won't look
	}
	return gap >= max(company, min(l.took/2, patience)) && !l.crowds()
}

// offer leaves what waits to whoever comes first, and wakes the sender for it, unless
// callers have been first before, and will be again.
func (l *Loop) offer(wake bool) {
	l.since, l.looked = l.now, 0
	switch {
	case l.flatOut():
		l.stands = guardLast
	case l.crowds():
		l.stands = max(l.stands, patienceCrowd)
	}
	if l.token = left; wake {
		l.summon()
	}
}

// summon offers the token, and wakes the sender for it.
func (l *Loop) summon() {
	if l.token = offered; l.spins {
		l.alarm.Store(0) // the spinning goroutine is the nearest to it
	} else {
		l.rouse()
	}
}

// Enter gives the caller the machine, as Lock does, but doesn't look at the clock,
// which costs more than all the rest: call Tick before Now matters. It reports
// whether a change needs nothing but Unlock, since it is seen to: that holds unless the
// change makes a batch full.
func (l *Loop) Enter() bool {
	l.mu.Lock()
	switch {
	case l.token == idle || l.closed:
		return false
	case l.token == held:
		l.wanted = true
	case l.waits():
		l.looked++
		return l.looked > looks && l.looked%looks != 0
	}
	return true
}

// Tick looks at the clock, with the lock held.
func (l *Loop) Tick() { l.now = l.clock() }

// SettleSoon is Settle for messages, n of possibly many. A message that comes alone is
// sent by its caller, and so are the first of a burst, for as long as there is credit.
// What follows gathers, so that it shares datagrams and system calls: until there is a
// batch's worth, or another message comes after a pause or when the offer's time is
// over, or the sender or the timer comes to it.
func (l *Loop) SettleSoon(n int) {
	switch paused := l.come(n); {
	case l.closed:
	case l.token == held || l.token == full:
		l.wanted = true
		l.mu.Unlock()
		return
	case l.waits():
		if !paused && !l.over() && !l.cfg.Full() {
			l.mu.Unlock()
			return
		}
		l.glance()
		if l.waits() && !l.closed { // nobody has come to it meanwhile
			l.takeBack()
		} else {
			l.sendNow() // what was read at a glance may call for an answer
		}
	case l.now-l.ended >= l.alone():
		l.credit = min(l.credit+l.now-l.ended, creditMost)
		if l.now-l.since >= rest {
			l.hot = false
		}
		l.sendOn(true)
	case l.credit > 0 && !l.crowds():
		l.sendOn(true)
		l.credit = max(l.credit-l.took, 0)
	case l.cfg.Full():
		l.takeBack()
	default:
		if l.offer(!l.hot); l.token == offered {
			l.mu.Unlock() // the sender will arm the timer
			return
		}
	}
	l.finish()
}

// takeBack sends what has gathered. Where that is a full batch, what is left of the burst
// waits for the next one: callers are flat out, and the timer looks whether they still are.
func (l *Loop) takeBack() {
	whole := l.cfg.Full()
	l.hot = whole || l.now-l.since <= l.stands+soonBack
	if whole {
		l.filled = l.now
	}
	if l.looked > looks {
		l.crowd = l.now
	}
	if l.sendOn(!whole); l.token == left {
		l.offer(false)
	}
}

// SettleNow is Settle that leaves nothing gathering.
func (l *Loop) SettleNow() {
	if l.waits() && !l.closed {
		l.sendOn(true)
	}
	l.Settle()
}

// glance looks, with the lock given back meanwhile, whether something has come to the
// socket that a burst is sent by: the goroutine that reads it may get no processor
// while callers keep them busy, and what comes are requests that others wait for. What
// they call for, whoever glances sends.
func (l *Loop) glance() {
	p, ok := l.cfg.Out.(Poller)
	if !ok || l.spins || l.now-l.glanced < guardFirst {
		return
	}
	l.glanced = l.now
	l.mu.Unlock()
	if l.polling.TryLock() {
		n, err := p.TryRead(l.glimpse[:])
		if n > 0 && err == nil {
			l.take(l.glimpse[:n], false)
		}
		l.polling.Unlock()
	}
	l.Lock()
}

// watch looks, when the timer has fired, whether a burst goes on. If not, what it left
// is sent.
func (l *Loop) watch() {
	if !l.over() && l.now-l.since < l.guard {
		l.guard = min(2*l.guard, guardLast)
		return
	}
	l.guard, l.hot = guardFirst, false
	l.sendOn(true)
}

// serve is what the sender does with a token that it came to first. Where callers come
// by meanwhile, it leaves them what gathers.
func (l *Loop) serve() {
	l.wanted = false
	for all := true; l.waits() && !l.closed; all = !l.wanted {
		if l.sendOn(all); l.token == left {
			l.hot = true
			l.offer(false)
			return
		}
	}
}
