package multicast

import (
	"errors"
	"net"
	"sync/atomic"
)

// Add reads a further socket, and closes it with the others. It is called after Run. A Loop that is
// closed closes the socket at once, and returns net.ErrClosed.
func (l *Loop) Add(c Conn) error {
	if l.adopt(c) {
		return nil
	}
	return errors.Join(net.ErrClosed, c.Close())
}

// adopt reports whether the Loop reads the socket from now on.
func (l *Loop) adopt(c Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.cfg.In = append(l.cfg.In, c)
	p, polled := c.(Poller)
	switch {
	case polled && l.alarm.spins:
		l.added.conns = append(l.added.conns, p)
		l.added.any.Store(true)
	case polled && l.cfg.Wait == WaitAdaptive:
		l.wg.Go(func() { newSocketReader(l, c, p).run() })
	default:
		l.wg.Go(func() { newSocketReader(l, c, nil).run() })
	}
	return true
}

// added are the sockets that a spinning goroutine has yet to poll.
type added struct {
	any atomic.Bool
	// conns are guarded by the Loop's lock.
	conns []Poller
}

// take returns the sockets that were added.
func (a *added) take(l *Loop) []Poller {
	a.any.Store(false)
	l.mu.Lock()
	defer l.mu.Unlock()
	conns := a.conns
	a.conns = nil
	return conns
}
