package multicast

import "errors"

// turnBatches is how many batches one turn sends: a goroutine that publishes now and then
// must not send for all others.
const turnBatches = 4

// maxTurnBatches is how many it sends where what gathered is spread over as many.
const maxTurnBatches = 16

// answer sends what must not wait, unless a goroutine is sending. The caller holds the
// lock.
func (l *Loop) answer() {
	if l.token.state == idle && !l.closed {
		l.sendTurn(true)
	} else if was := l.token.state; l.token.waiting() && !l.closed {
		if l.sendTurn(false); l.token.state == bursting && was == offered {
			l.offer() // the sender may have come for it meanwhile
		}
	}
}

// sendTurn takes the token and sends up to a few batches, with the lock held except
// during system calls. If all is set, it sends everything, else it leaves what gathers:
// data that does not fill a batch. If there are more batches, it wakes the sender.
func (l *Loop) sendTurn(all bool) {
	t, most := &l.token, turnBatches
	if all && l.burst.spread > turnBatches {
		most = int(min(l.burst.spread, maxTurnBatches))
	}
	t.take()
	for batches := 0; ; batches++ {
		if !t.begun {
			if t.batch, t.begun = l.cfg.Machine.Next(l.now, all); !t.begun {
				break
			}
		}
		if batches == most {
			l.gather(true)
			return
		}
		rest, full := l.write(t.batch)
		if l.closed {
			return
		}
		if t.batch = rest; full {
			t.stall(rest)
			l.rouse()
			return
		}
		t.begun = false
		l.cfg.Machine.Sent()
	}
	t.release(all)
}

// takeBack sends what has gathered. If that is a full batch, the rest of the burst waits
// for the next one: callers are flat out, and the timer checks that they still are.
func (l *Loop) takeBack() {
	whole := l.cfg.Full()
	l.burst.takeBack(l.now, whole)
	if l.sendTurn(!whole); l.token.state == bursting {
		l.gather(false)
	}
}

// gather opens a coalescing window. With wake it offers what waits to the sender, which
// is not needed where callers have come back by themselves, and will again.
func (l *Loop) gather(wake bool) {
	l.burst.open(l.now)
	if l.token.open(); wake {
		l.offer()
	}
}

// offer offers the token to the sender, and wakes it.
func (l *Loop) offer() {
	if l.token.offer(); l.alarm.spins {
		l.alarm.polled.Store(0) // the spinning goroutine is the nearest to it
	} else {
		l.rouse()
	}
}

// rouse wakes the sender.
func (l *Loop) rouse() {
	select {
	case l.kick <- struct{}{}:
	default: // it has been told before, and has not looked yet
	}
}

// runSender is the sender's goroutine. It sends what was offered, unless a caller has been
// quicker, and waits while the socket's buffer is full.
func (l *Loop) runSender() {
	for range l.kick {
		l.Lock()
		if l.token.state == stuck {
			l.waitToWrite()
			l.token.resume()
		}
		if l.token.state == offered || l.token.state == bursting && l.burst.closed(l.now) {
			l.serve()
		}
		l.finish() // what became due meanwhile
	}
}

// serve sends what waits, until nothing is left. If callers come by meanwhile, or fill several
// batches, it leaves them what gathers.
func (l *Loop) serve() {
	l.token.passed = false
	for all := !l.fills(); l.token.waiting() && !l.closed; all = !l.token.passed {
		if l.sendTurn(all); l.token.state == bursting {
			l.burst.hot = true
			l.gather(false)
			return
		}
	}
}

// fills reports whether callers are flat out, and about to fill several batches.
func (l *Loop) fills() bool {
	spread, worth := l.cfg.Spread()
	l.burst.gathers(l.now, spread, worth)
	return spread > 1 && l.burst.flatOut(l.now) && !l.burst.closed(l.now)
}

// write hands datagrams to the kernel, with the lock released meanwhile. If the socket's
// buffer is full, it reports that, and returns what is left. Datagrams that cannot be sent
// are lost. Repairs make that good: it does not end the session.
func (l *Loop) write(d Datagrams) (rest Datagrams, full bool) {
	if len(d.Data) == 0 {
		return d, false
	}
	l.burst.window = windowBase + windowPerDatagram*int64(d.count())
	began := l.now
	l.mu.Unlock()
	n, err := l.cfg.Out.Write(d.To, d.Data, d.Segment)
	d.Data = d.Data[n:]
	full = errors.Is(err, ErrWouldBlock)
	l.Lock()
	l.burst.ended, l.burst.took = l.now, l.now-began
	if err != nil && !full {
		l.failed.note(d, err)
	}
	// An empty rest would pass for no batch at all, and Sent would not be called.
	return d, full && len(d.Data) > 0
}

// waitToWrite waits, with the lock released meanwhile, until the socket takes more. If
// waiting fails, what is left is lost.
func (l *Loop) waitToWrite() {
	l.mu.Unlock()
	err := l.cfg.Out.WaitWrite()
	l.Lock()
	if err != nil {
		l.failed.note(l.token.batch, err)
		l.token.batch.Data = nil
	}
}
