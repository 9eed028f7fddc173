package multicast

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// failureInterval is how long failed sends keep quiet after they were logged.
const failureInterval = 10 * time.Second

// sendOn takes the token and sends up to a few batches, with the lock held but for the
// system calls. With all it sends whatever there is. Else what gathers is left: data that
// doesn't fill a batch. If there is more than a few batches, the sender is woken for it.
func (l *Loop) sendOn(all bool) {
	l.token = held
	for batches := 0; ; batches++ {
		if !l.begun {
			if l.rest, l.begun = l.cfg.Machine.Next(l.now, all); !l.begun {
				break
			}
		}
		if batches == burst {
			l.offer(true)
			return
		}
		rest, stuck := l.write(l.rest)
		if l.closed {
			return
		}
		if l.rest = rest; stuck {
			l.token = full
			l.rouse()
			return
		}
		l.begun = false
		l.cfg.Machine.Sent()
	}
	if l.token = left; all {
		l.token = idle
	}
}

// rouse wakes the sender.
func (l *Loop) rouse() {
	select {
	case l.kick <- struct{}{}:
	default: // it has been told before, and not looked yet
	}
}

// send is the sender: it sees to what was offered, unless somebody has been quicker, and
// waits where the socket is full.
func (l *Loop) send() {
	for range l.kick {
		l.Lock()
		if l.token == full {
			l.waitToWrite()
			l.token = offered
		}
		if l.token == offered || l.token == left && l.over() {
			l.serve()
		}
		l.finish() // what became due meanwhile
	}
}

// write hands datagrams to the kernel, with the lock given back meanwhile. If
// the socket's buffer is full it says so, and returns what is left. What cannot
// be sent is lost, which repairs make good; it does not cost the session.
func (l *Loop) write(d Datagrams) (rest Datagrams, stuck bool) {
	if len(d.Data) == 0 {
		return d, false
	}
	l.stands = patience + patienceMore*int64(datagramCount(d))
	began := l.now
	l.mu.Unlock()
	n, err := l.cfg.Out.Write(d.To, d.Data, d.Segment)
	d.Data = d.Data[n:]
	stuck = errors.Is(err, ErrWouldBlock)
	l.Lock()
	l.ended, l.took = l.now, l.now-began
	if err != nil && !stuck {
		l.failed.note(d, err)
	}
	// A rest of nothing would be taken for no batch at all, and Sent not be called.
	return d, stuck && len(d.Data) > 0
}

// waitToWrite waits, with the lock given back meanwhile, until the socket takes
// more. If waiting fails, what is left is lost.
func (l *Loop) waitToWrite() {
	l.mu.Unlock()
	err := l.cfg.Out.WaitWrite()
	l.Lock()
	if err != nil {
		l.failed.note(l.rest, err)
		l.rest.Data = nil
	}
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
