package multicast

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

const (
	// burst is how many batches a caller sends before the Loop's goroutine goes
	// on: a caller that publishes now and then must not send for all others.
	burst = 4
	// failureInterval is how long failed sends keep quiet after they were
	// logged.
	failureInterval = 10 * time.Second
)

// drain sends what the machine has, up to a number of batches, with the lock
// held but for the system calls. It takes the send token, and passes it on if
// there is more.
func (l *Loop) drain(batches int) {
	l.sending = true
	for {
		d, ok := l.cfg.Machine.Next(l.now)
		if !ok {
			l.sending = false
			return
		}
		if batches == 0 {
			l.pass(d)
			return
		}
		batches--
		d, full := l.write(d)
		if l.closed {
			return
		}
		if full {
			l.passFull(d)
			return
		}
		l.cfg.Machine.Sent()
	}
}

// passFull hands the send token to the sender, which waits until the socket takes
// what is left.
func (l *Loop) passFull(d Datagrams) {
	l.rest, l.handed, l.stuck = d, true, true
	l.rouse()
}

// rouse wakes the sender.
func (l *Loop) rouse() {
	select {
	case l.kick <- struct{}{}:
	default: // it has been told before, and not looked yet
	}
}

// send holds the token whenever it is passed on, until nothing is left.
func (l *Loop) send() {
	for range l.kick {
		l.Lock()
		if !l.handed { // the token was taken back
			l.Unlock()
			continue
		}
		l.sendOn(true)
		l.Settle() // what became due meanwhile
	}
}

// sendOn takes the token that was handed over and sends until nothing is left.
// Where the socket is full it waits, or else hands the token to who does.
func (l *Loop) sendOn(wait bool) {
	d, ok := l.rest, true
	l.rest, l.handed, l.stuck, l.hot = Datagrams{}, false, false, false
	if len(d.Data) == 0 && !l.closed {
		d, ok = l.cfg.Machine.Next(l.now)
	}
	for ok {
		rest, full := l.write(d)
		if l.closed {
			break
		}
		if full && !wait {
			l.passFull(rest)
			return
		}
		if full {
			d = l.waitToWrite(rest)
			continue
		}
		l.cfg.Machine.Sent()
		d, ok = l.cfg.Machine.Next(l.now)
	}
	l.sending = false
}

// write hands datagrams to the kernel, with the lock given back meanwhile. If
// the socket's buffer is full it says so, and returns what is left. What cannot
// be sent is lost, which repairs make good; it does not cost the session.
func (l *Loop) write(d Datagrams) (rest Datagrams, full bool) {
	if len(d.Data) == 0 {
		return d, false
	}
	l.mu.Unlock()
	n, err := l.cfg.Out.Write(d.To, d.Data, d.Segment)
	d.Data = d.Data[n:]
	full = errors.Is(err, ErrWouldBlock)
	l.Lock()
	l.ended = l.now
	if err != nil && !full {
		l.failed.note(d, err)
	}
	// A rest of nothing would be taken for no batch at all, and Sent not be called.
	return d, full && len(d.Data) > 0
}

// waitToWrite waits, with the lock given back meanwhile, until the socket takes
// more. It returns what to send then: nothing, if waiting fails.
func (l *Loop) waitToWrite(d Datagrams) Datagrams {
	l.mu.Unlock()
	err := l.cfg.Out.WaitWrite()
	l.Lock()
	if err != nil {
		l.failed.note(d, err)
		d.Data = nil
	}
	return d
}

// failures are sends that failed for a reason that is not the network's. An operator
// is told of them, at the first and then now and then, by who settles a change: with
// neither the lock nor the send token, since a log may take its time.
type failures struct {
	quiet     int64 // until then
	datagrams int   // lost, and not logged yet
	to        netip.AddrPort
	err       error // the last one's
}

func (f *failures) note(d Datagrams, err error) {
	if errors.Is(err, net.ErrClosed) {
		return // nobody is there any more whom it could surprise
	}
	f.datagrams += datagramCount(d)
	f.to, f.err = d.To, err
}

// due returns what to log, if it is time: nothing if datagrams is 0.
func (f *failures) due(now int64) failures {
	if f.datagrams == 0 || now < f.quiet {
		return failures{}
	}
	told := *f
	f.quiet, f.datagrams = now+int64(failureInterval), 0
	return told
}

func (f *failures) log(to *slog.Logger) {
	to.Warn("multicast: a send failed; its datagrams are lost", "datagrams", f.datagrams, "last_to", f.to, "err", f.err)
}

func datagramCount(d Datagrams) int {
	if len(d.Data) == 0 || d.Segment <= 0 {
		return 0
	}
	return (len(d.Data)-1)/d.Segment + 1
}
