package multicast

import (
	"net"
	"sync"
	"time"
)

// Timer wakes one goroutine.
type Timer interface {
	// Set makes Wait return after d. It replaces an earlier call, and may be made
	// while another goroutine is in Wait.
	Set(d time.Duration)
	// Wait waits until the timer fires, or returns nil at once if it has fired since the
	// last Wait. It returns net.ErrClosed after Close.
	Wait() error
	Close() error
}

// NewTimer returns a Timer made of a time.Timer and channels alone, so that it works in
// simulated time (testing/synctest). It is as coarse as Go's runtime: on Linux a wait of
// less than a millisecond takes a little more than one.
func NewTimer() Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &plainTimer{timer: t, closed: make(chan struct{})}
}

type plainTimer struct {
	timer  *time.Timer
	closed chan struct{}
	once   sync.Once
}

func (t *plainTimer) Set(d time.Duration) { t.timer.Reset(max(d, 0)) }

func (t *plainTimer) Wait() error {
	select {
	case <-t.closed: // first, since both may be ready
		return net.ErrClosed
	default:
	}
	select {
	case <-t.timer.C:
		return nil
	case <-t.closed:
		return net.ErrClosed
	}
}

func (t *plainTimer) Close() error {
	t.once.Do(func() {
		t.timer.Stop()
		close(t.closed)
	})
	return nil
}
